"""A dataset of a log, page by page: rows and labels in order of arrival, findings from the newest back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from modelvane.errors import UnknownNameError
from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store.protocol import Log
from modelvane.store.results import Labels, Rows

LABELS_PAGE = 100_000
ROUNDS_PAGE = 50
_VALUES_PAGE = 1_500_000
_MOST_ROWS, _FEWEST_ROWS = 65_536, 1_000


class Contents(Protocol):
    """What can be poured into a log."""

    @property
    def dataset(self) -> str:
        """Its name."""

    @property
    def schema(self) -> Schema:
        """Its columns."""

    @property
    def total(self) -> int | None:
        """How many rows and labels there are, where that is known."""

    def rows(self) -> Iterator[Rows]:
        """Give the rows in order of arrival."""

    def labels(self) -> Iterator[Labels]:
        """Give the labels in their order."""

    def rounds(self) -> Iterator[list[Findings]]:
        """Give the rounds of findings."""


@dataclass(frozen=True)
class LogContents:
    """One dataset of a log; it is opened with the schema that the store knows.

    Parameters
    ----------
    since, until
        Event times, seconds since 1970, half open: with a period, labels are those of its rows, and findings those
        that were computed in it, of batches those whose period ended in it.

    Raises
    ------
    UnknownNameError
        When the store has no such dataset.
    """

    log: Log
    dataset: str
    since: float | None = None
    until: float | None = None
    schema: Schema = field(init=False)

    def __post_init__(self) -> None:
        known = self.log.datasets()
        if self.dataset not in known:
            raise UnknownNameError.of("dataset", self.dataset, known)
        object.__setattr__(self, "schema", known[self.dataset])
        self.log.open(self.dataset, self.schema)

    @property
    def total(self) -> int | None:
        """How many rows there are; labels, and the rows of a period, are not counted before they are read."""
        return self.log.count(self.dataset) if self.since is None and self.until is None else None

    @property
    def page_rows(self) -> int:
        """Rows of a page: so many that its values fit in little memory."""
        return min(_MOST_ROWS, max(_FEWEST_ROWS, _VALUES_PAGE // max(1, len(self.schema.columns))))

    @property
    def page_labels(self) -> int:
        """Labels of a page."""
        return LABELS_PAGE

    def rows_after(self, seq: int) -> Rows:
        """Give the next page of rows."""
        return self.log.head(self.dataset, rows=self.page_rows, after=seq, since=self.since, until=self.until)

    def labels_after(self, seq: int) -> Labels:
        """Give the next page of labels."""
        return self.log.labels_head(
            self.dataset, rows=self.page_labels, after=seq, since=self.since, until=self.until
        )

    def rounds_before(self, moment: float | None, *, batches: bool) -> list[Findings]:
        """Give the page of rounds before a moment, the oldest first; several of one moment stay together."""
        limit = ROUNDS_PAGE
        while True:
            found = self.log.read_findings(
                self.dataset, self.since, self.until if moment is None else moment, limit, batches=batches
            )
            if len(found) < limit:
                return found
            # others of the oldest moment may have been cut off
            whole = [each for each in found if moment_of(each) > moment_of(found[0])]
            if whole:
                return whole
            limit *= 2

    def rows(self) -> Iterator[Rows]:
        """Give the rows in order of arrival, up to the moment."""
        found = self.rows_after(0)
        while len(found):
            yield found
            if len(found) < self.page_rows:
                return
            found = self.rows_after(int(found.seqs[-1]))

    def labels(self) -> Iterator[Labels]:
        """Give the labels in their order; one that changes meanwhile comes again, later."""
        found = self.labels_after(0)
        while len(found):
            yield found
            if len(found) < self.page_labels:
                return
            found = self.labels_after(int(found.seqs[-1]))

    def rounds(self) -> Iterator[list[Findings]]:
        """Give the rounds of findings: those of live windows, then those of batches, each from the newest back."""
        for batches in (False, True):
            found = self.rounds_before(None, batches=batches)
            while found:
                yield found
                found = self.rounds_before(moment_of(found[0]), batches=batches)


def moment_of(found: Findings) -> float:
    """Give the moment by which rounds are read: when it was computed, or the end of its period."""
    return found.computed_at if found.period is None else found.period[1]
