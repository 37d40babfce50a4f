"""What a log gives back: rows, labels, what became of both, and the state of a monitor."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.table import Table


class Appended(NamedTuple):
    """What became of the rows of one table.

    Parameters
    ----------
    first_seq
        Sequence number of the first row; row ``i`` has ``first_seq + i``. Numbers of duplicates stay unused.
    ids
        The id of every row, given or assigned.
    times
        Event time of every row, int64 microseconds since 1970; the time of arrival where the row had none.
    new
        Positions of the rows that were new (int64), or ``None`` when all were: the first row of an id wins.
    early
        Position of a row to its target, for rows whose label had come before them.
    """

    first_seq: int
    ids: list[str]
    times: NDArray[np.int64]
    new: NDArray[np.int64] | None = None
    early: Mapping[int, Any] = MappingProxyType({})

    @property
    def duplicates(self) -> int:
        """Number of rows whose id was in the log already."""
        return 0 if self.new is None else len(self.ids) - len(self.new)


class LabelOutcome(IntEnum):
    """What became of one label."""

    MATCHED = 0
    """The first target of a logged row."""
    WAITING = 1
    """No row has this id yet: the label is early or its id unknown; a row that comes later finds it."""
    REPEATED = 2
    """The same target again."""
    CHANGED = 3
    """Another target than before; the latest wins."""


class LabelResult(Struct, frozen=True):
    """What became of a batch of labels.

    Parameters
    ----------
    outcomes
        One `LabelOutcome` per label, as int8.
    first_seq
        Sequence number of the first label; label ``i`` has ``first_seq + i``.
    """

    outcomes: NDArray[np.int8]
    first_seq: int

    def _count(self, outcome: LabelOutcome) -> int:
        return int(np.count_nonzero(self.outcomes == outcome))

    @property
    def matched(self) -> int:
        """Labels that gave a logged row its first target."""
        return self._count(LabelOutcome.MATCHED)

    @property
    def waiting(self) -> int:
        """Labels of ids that are not in the log (yet)."""
        return self._count(LabelOutcome.WAITING)

    @property
    def repeated(self) -> int:
        """Labels that said the same again."""
        return self._count(LabelOutcome.REPEATED)

    @property
    def changed(self) -> int:
        """Labels that replaced another target."""
        return self._count(LabelOutcome.CHANGED)


class Rows(Struct, frozen=True):
    """Logged rows with what the log knows of each.

    Parameters
    ----------
    seqs
        Sequence numbers, int64: the order of arrival.
    ids
        Ids, given or assigned.
    times
        Event times, int64 microseconds since 1970.
    received
        When each row arrived, float64 seconds since 1970.
    labelled
        When the target of each row became known, float64 seconds since 1970: the label's own time, or when its
        first label arrived where it had none; NaN where there is no label.
    label_received
        When the first label of each row arrived, float64 seconds since 1970; NaN where there is no label.
    own_target
        Whether each row itself came with a target, be it that a label said another since. (In a copy of a log the
        targets that labels gave came with the rows.)
    table
        The columns as they came, under their own names; the target column holds the latest target. A column
        whose values all fit its type is an Arrow array, any other a list of the values as they came.
    """

    seqs: NDArray[np.int64]
    ids: list[str]
    times: NDArray[np.int64]
    received: NDArray[np.float64]
    labelled: NDArray[np.float64]
    label_received: NDArray[np.float64]
    own_target: NDArray[np.bool_]
    table: Table

    def __len__(self) -> int:
        return len(self.ids)


class Labels(Struct, frozen=True):
    """Labels as the log keeps them: one per id, its latest.

    Parameters
    ----------
    seqs
        Sequence numbers, int64: the order in which the targets came. A target that replaces another gets a new one.
    ids
        Of logged rows, or of rows that have not come yet.
    targets
        As they came.
    times
        The targets' own times, int64 microseconds since 1970; `modelvane.times.NO_TIME` where there is none.
    received
        When the first label of each id arrived, float64 seconds since 1970.
    """

    seqs: NDArray[np.int64]
    ids: list[str]
    targets: list[Any]
    times: NDArray[np.int64]
    received: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)


class Snapshot(Struct, frozen=True):
    """A monitor's state after the row ``seq`` and the label ``label_seq``."""

    state: bytes
    seq: int
    label_seq: int


class Removed(Struct, frozen=True):
    """What retention removed; ``more`` says that it stopped at its limit with work left."""

    rows: int = 0
    labels: int = 0
    rounds: int = 0
    more: bool = False

    def __add__(self, other: Removed) -> Removed:
        return Removed(
            self.rows + other.rows,
            self.labels + other.labels,
            self.rounds + other.rounds,
            self.more or other.more,
        )
