"""One round of a live window: what is read of it, and what counts and measures that, here or in another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from modelvane.block import Block
from modelvane.counting import Counter
from modelvane.evaluation import evaluate
from modelvane.findings import Findings, Verdict
from modelvane.reference import Reference
from modelvane.settings import Settings
from modelvane.stream import Stream
from modelvane.tallies.dataset import Before, DatasetTally, WindowTally
from modelvane.versions import Comparison
from modelvane.windows.last_rows import Last


class Known(NamedTuple):
    """What a counter has counted already; see `modelvane.windows.last_rows.Last.changes`."""

    rows: int | None = None
    labelled: int | None = None


NOTHING = Known()
"""Of a counter that has counted nothing yet."""


class Read(Struct, frozen=True):
    """A window as it was read.

    Parameters
    ----------
    rows, labelled
        The rows, or their tally where panes have counted them as they came.
    before
        What came before the window, where a moving reference asks for it.
    stream
        What is known of the rows' arrival.
    """

    rows: Last | DatasetTally
    labelled: Last | DatasetTally
    before: Before | None
    stream: Stream


class Pending(Struct, frozen=True):
    """What one round is measured from; it can be pickled.

    Parameters
    ----------
    verdicts
        Alarms of the round before, by `modelvane.evaluation.verdict_key`.
    comparison
        Versions of the model since they began.
    """

    window: Read
    verdicts: Mapping[str, Verdict]
    comparison: Comparison | None

    @property
    def known(self) -> Known:
        """What is known to whoever has measured this."""
        rows, labelled = self.window.rows, self.window.labelled
        return Known(
            rows.changes if isinstance(rows, Last) else None,
            labelled.changes if isinstance(labelled, Last) else None,
        )


class Measures(Protocol):
    """Whoever measures the rounds of one dataset against one reference, one after the other."""

    def measure(self, read: Callable[[Known], Pending]) -> tuple[Findings, WindowTally]:
        """Measure a round.

        Parameters
        ----------
        read
            Reads the window but for what is known; may be called again, knowing less.
        """


class WindowCounter:
    """Counts windows, anew only where their rows have changed.

    Labels come later than rows, and to many datasets nothing comes between one round and the next.
    """

    def __init__(self, counter: Counter) -> None:
        self._rows = _LastTally(counter.rows)
        self._labelled = _LastTally(counter.labelled)

    @property
    def known(self) -> Known:
        """What needs no reading again."""
        return Known(self._rows.changes, self._labelled.changes)

    def count(self, read: Read) -> WindowTally:
        """Give the tallies of a window."""
        return WindowTally(self._rows.of(read.rows), self._labelled.of(read.labelled), read.before)


class _LastTally:
    def __init__(self, count: Callable[[Block], DatasetTally]) -> None:
        self._count = count
        self._tally: DatasetTally | None = None
        self.changes: int | None = None

    def of(self, rows: Last | DatasetTally) -> DatasetTally:
        if isinstance(rows, DatasetTally):
            return rows
        if rows.block is not None:
            self._tally = self._count(rows.block)
            self.changes = rows.changes
        assert self._tally is not None  # noqa: S101 - only what `WindowCounter.known` gave is left unread
        return self._tally


class Measurer:
    """Measures one dataset against one reference, in this process.

    Parameters
    ----------
    dataset
        Its name.
    reference, settings
        What its windows are compared with, and how.
    """

    def __init__(self, dataset: str, reference: Reference, settings: Settings) -> None:
        self._dataset = dataset
        self._reference = reference
        self._settings = settings
        self._counter = WindowCounter(reference.counter)
        self._kept: dict[str, tuple[int, Any]] = {}

    def measure(self, read: Callable[[Known], Pending]) -> tuple[Findings, WindowTally]:
        """Count what is not known, and measure it."""
        pending = read(self._counter.known)
        window = self._counter.count(pending.window)
        found = evaluate(
            self._dataset,
            self._reference,
            self._settings,
            window.rows,
            window.labelled,
            pending.window.stream,
            pending.verdicts,
            preceding=window.before,
            comparison=pending.comparison,
            kept=self._kept,
        )
        return found, window
