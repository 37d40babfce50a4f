"""The log as a source of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelvane.engines.source import Batch
from modelvane.schema import Schema
from modelvane.store.protocol import Log

_BATCH_ROWS = 65_536


@dataclass(frozen=True)
class LogSource:
    """The logged rows of a dataset whose event time is in a period.

    Parameters
    ----------
    log, dataset
        The dataset must have been opened.
    since, until
        Seconds since 1970, half open.
    """

    log: Log
    dataset: str
    since: float | None = None
    until: float | None = None

    @property
    def name(self) -> str:
        """What a report calls it."""
        return f"the log of {self.dataset}"

    @property
    def rows(self) -> int | None:
        """How many rows it has, where that can be said without reading them."""
        return self.log.count(self.dataset) if self.since is None and self.until is None else None

    def period(self, schema: Schema) -> tuple[int, int] | None:  # noqa: ARG002 - the log keeps times of its own
        """Give the first and the last event time."""
        first: int | None = None
        last = 0
        for rows in self.log.scan(self.dataset, self.since, self.until, _BATCH_ROWS):
            first = int(rows.times[0]) if first is None else first
            last = int(rows.times[-1])
        return None if first is None else (first, last)

    def batches(self, schema: Schema) -> Iterator[Batch]:  # noqa: ARG002 - the log has what was logged
        """Give the rows with their latest targets, in order of event time."""
        for rows in self.log.scan(self.dataset, self.since, self.until, _BATCH_ROWS):
            yield Batch(rows.table, rows.ids, rows.times, rows.labelled)
