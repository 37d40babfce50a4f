"""Where the rows of a job come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np

from modelvane.casting import NO_TIME, as_times
from modelvane.engines.counted import Unread
from modelvane.engines.log import LogSource
from modelvane.engines.source import Batch, Source, TableSource
from modelvane.errors import SchemaError
from modelvane.jobs.job import Job
from modelvane.periods import Period
from modelvane.schema import Schema
from modelvane.store import open_log
from modelvane.table import Table


@contextmanager
def source_of(job: Job, schema: Schema) -> Iterator[Source]:
    """Open the rows of a job: those of the log, read beside whoever writes it, or those of files."""
    if job.config is None or job.current is not None:
        yield _file_source(job, schema)
        return
    log = open_log(job.config.store_url, read_only=True)
    with closing(log):
        log.open(job.dataset, schema)
        yield LogSource(log, job.dataset, job.since, job.until)


def _file_source(job: Job, schema: Schema) -> Source:
    """Give the rows of a file that are in the job's period."""
    table = Table.of(str(job.current))
    if job.since is not None or job.until is not None:
        if schema.time is None or schema.time.name not in table:
            raise SchemaError(
                f"The rows of {job.current} have no time, so none can be chosen by it",
                expected="no period" if schema.time is None else f"a column {schema.time.name!r}",
                available=table.names,
            )
        times = as_times(table[schema.time.name])
        since, until = (None if at is None else round(at * 1e6) for at in (job.since, job.until))
        inside = times != NO_TIME
        inside &= True if since is None else times >= since
        inside &= True if until is None else times < until
        table = table.take(np.flatnonzero(inside))
    return TableSource(table, str(job.current))


class Followed:
    """A source that knows how far it was read.

    Parameters
    ----------
    source
        Where the rows are from.
    period
        Of the rows: where their number is not known, the time of the last one says how far that is.
    """

    def __init__(self, source: Source, period: Period | None) -> None:
        self._source = source
        self._period = period
        self.share: float | None = None

    @property
    def name(self) -> str:
        """What a report calls it."""
        return self._source.name

    @property
    def rows(self) -> int | None:
        """How many rows it has."""
        return self._source.rows

    def period(self, schema: Schema) -> tuple[int, int] | None:
        """Give the first and the last event time."""
        return self._source.period(schema)

    def batches(self, schema: Schema) -> Iterator[Batch | Unread]:
        """Give all rows."""
        for batch in self._source.batches(schema):
            if self._period is not None and isinstance(batch, Batch) and batch.times is not None:
                since, until = self._period
                last = float(batch.times[-1]) / 1e6 if len(batch.times) else since
                self.share = min(1.0, max(0.0, (last - since) / (until - since)))
            yield batch
