"""What is replayed: a log, or files in the order of time; and the same with faults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager

import numpy as np
from msgspec.structs import replace

from modelvane.engines.log import LogSource
from modelvane.engines.source import AroundSource, Batch, Source, TableSource, whole_batches
from modelvane.faults import InjectedFault, Injection
from modelvane.schema import Schema
from modelvane.store import open_log
from modelvane.table import Table
from modelvane.times import as_times

_A_STORE = re.compile(r"(sqlite|postgres(ql)?|mongodb(\+srv)?)://")


@contextmanager
def past_stream(
    location: str, dataset: str, schema: Schema, since: float | None = None, until: float | None = None
) -> Iterator[Source]:
    """Open the rows of a log by its URL, or of a file, a folder or a URL of files.

    Parameters
    ----------
    since, until
        Event times, seconds since 1970, half open.
    """
    if not _A_STORE.match(location):
        yield TableSource(_in_order(Table.of(location).in_memory(), schema, since, until), location)
        return
    with closing(open_log(location, read_only=True)) as log:
        log.open(dataset, schema)
        yield LogSource(log, dataset, since, until)


def _in_order(table: Table, schema: Schema, since: float | None, until: float | None) -> Table:
    """Give the rows of a period in the order of time, which is seldom that of a file."""
    if schema.time is None or schema.time.name not in table:
        return table
    times = as_times(table[schema.time.name])
    kept = np.argsort(times, kind="stable")
    seconds = times[kept] / 1e6
    from_ = 0 if since is None else int(np.searchsorted(seconds, since))
    to = len(seconds) if until is None else int(np.searchsorted(seconds, until))
    return table.take(kept[from_:to])


class FaultySource(AroundSource):
    """A source with faults in its rows.

    Parameters
    ----------
    source
        Where the rows are from.
    faults
        What goes wrong with them; positions are counted from the first row of the source.
    """

    def __init__(self, source: Source, faults: tuple[InjectedFault, ...]) -> None:
        super().__init__(source)
        self._faults = faults

    def batches(self, schema: Schema) -> Iterator[Batch]:
        """Give all rows, changed."""
        injection = Injection(*self._faults)
        for batch in whole_batches(self._source, schema):
            yield replace(batch, table=injection.apply(batch.table))
