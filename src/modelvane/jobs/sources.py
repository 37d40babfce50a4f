"""Where the rows of a job come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from modelvane.engines.counted import Unread
from modelvane.engines.files import FileSource
from modelvane.engines.log import LogSource
from modelvane.engines.source import AroundSource, Batch, Source
from modelvane.jobs.job import Job
from modelvane.periods import Period
from modelvane.schema import Schema
from modelvane.standing import Standing, standing_of
from modelvane.store import open_log


@contextmanager
def source_of(job: Job, schema: Schema) -> Iterator[Source]:
    """Open the rows of a job: those of the log, read beside whoever writes it, or those of files."""
    if job.config is None or job.current is not None:
        yield FileSource(str(job.current), job.since, job.until)
        return
    log = open_log(job.config.store_url, read_only=True)
    with closing(log):
        log.open(job.dataset, schema)
        yield LogSource(log, job.dataset, job.since, job.until)


def standing_of_job(job: Job) -> Standing:
    """Give which reference and champion the log had when the period ended; rows of files have those of the config.

    Raises
    ------
    ReferenceFileError
        When the reference that was taken is gone, or another.
    """
    if job.config is None or not job.is_of_the_log:
        return Standing()
    log = open_log(job.config.store_url, read_only=True)
    with closing(log):
        return standing_of(log, job.config, job.dataset, before=job.until)


class Followed(AroundSource):
    """A source that knows how far it was read.

    Parameters
    ----------
    source
        Where the rows are from.
    period
        Of the rows: where their number is not known, the time of the last one says how far that is.
    """

    def __init__(self, source: Source, period: Period | None) -> None:
        super().__init__(source)
        self._period = period
        self.share: float | None = None

    def batches(self, schema: Schema) -> Iterator[Batch | Unread]:
        """Give all rows."""
        self.share = None
        for batch in self._source.batches(schema):
            if self._period is not None and isinstance(batch, Batch) and batch.times is not None:
                since, until = self._period
                last = float(batch.times[-1]) / 1e6 if len(batch.times) else since
                # files need not be in order of time
                self.share = max(self.share or 0.0, min(1.0, (last - since) / (until - since)))
            yield batch
