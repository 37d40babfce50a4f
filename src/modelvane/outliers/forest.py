"""Outliers by an isolation forest, as a row ruler: rows whose cells are each usual, but not together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Block, Encoded
from modelvane.calibration.habit import Habit, share_habit
from modelvane.casting import Fault, Numbers
from modelvane.errors import TallyMismatchError
from modelvane.hashing import row_hashes
from modelvane.outliers.count import values_of
from modelvane.outliers.isolation import UNITS, Forest, require_scikit_learn
from modelvane.outliers.reference import QUANTILES
from modelvane.outliers.ruler import scored
from modelvane.row_ruler import Learned
from modelvane.ruler import CategoricalRuler, NumericalRuler, Ruler
from modelvane.schema import Schema
from modelvane.tallies.categorical import Codes
from modelvane.tallies.outliers import TOP, OutlierTally, OutlyingRow, ScoredCell

NAME = "isolation_forest"
_LEAST_PART, _MOST_CELLS = 0.05, 8


class ForestRuler(Struct, frozen=True, eq=False):
    """Scores rows by a forest; a row ruler (see `modelvane.row_ruler`).

    Parameters
    ----------
    forest
        Fitted on the reference's features.
    rulers
        Of these.
    habits
        How the share of rows above each of `QUANTILES` usually goes up and down; empty without an order of time.
    """

    forest: Forest
    rulers: Mapping[str, Ruler]
    habits: Mapping[float, Habit]
    name: ClassVar = NAME
    of_truth: ClassVar = False

    @property
    def columns(self) -> Sequence[str]:
        """The features."""
        return tuple(self.rulers)

    @classmethod
    def learn(cls, learned: Learned) -> ForestRuler:
        """Fit the forest on the reference's rows, and learn how its own share of outliers moves."""
        rulers = {name: learned.rulers[name] for name in learned.block.columns}
        rows = _matrix(learned.block, rulers)
        forest = Forest.fit(rows.T)
        habits: dict[float, Habit] = {}
        if learned.in_time_order:
            scores = forest.scores(rows)
            tally = OutlierTally(np.bincount(scores, minlength=UNITS + 1))
            for level in QUANTILES:
                habit = share_habit(scores > tally.quantile(level))
                if habit is not None:
                    habits[level] = habit
        return cls(forest, rulers, habits)

    def count(self, block: Block) -> OutlierTally:
        """Count rows by score, and keep the most outlying ones."""
        rows = _matrix(block, self.rulers)
        scores = self.forest.scores(rows)
        counts = np.bincount(scores, minlength=UNITS + 1).astype(np.int64)
        least = np.partition(scores, block.rows - TOP)[block.rows - TOP] if block.rows > TOP else 0
        near = np.flatnonzero(scores >= least)
        digests = row_hashes(block.take(near).columns, self.rulers, len(near))
        # ~t orders as -t does, and there is none that overflows
        order = np.lexsort((~block.times[near], digests, -scores[near]))[:TOP]
        top = near[order]
        told = self._told(block.take(top), rows[:, top])
        known = zip(
            scores[top].tolist(), digests[order].tolist(), told, block.times[top].tolist(), strict=True
        )
        return OutlierTally(counts, tuple(OutlyingRow(*each) for each in known))

    def scores(self, block: Block) -> list[tuple[int, tuple[ScoredCell, ...]]]:
        """Give the score of each row, and the cells that set it apart."""
        rows = _matrix(block, self.rulers)
        return list(zip(self.forest.scores(rows).tolist(), self._told(block, rows), strict=True))

    def _told(self, block: Block, rows: NDArray[np.float64]) -> list[tuple[ScoredCell, ...]]:
        parts = self.forest.parts(rows)
        cells: list[list[ScoredCell]] = [[] for _ in range(block.rows)]
        for (name, ruler), part in zip(self.rulers.items(), parts, strict=True):
            values = values_of(ruler, block.columns[name])
            for row in np.flatnonzero(part >= _LEAST_PART).tolist():
                value, fault = values[row]
                cells[row].append(
                    ScoredCell(name, round(100 * float(part[row])), value, fault, _beyond(ruler, value))
                )
        return [tuple(sorted(row, key=lambda cell: (-cell.bits, cell.column))[:_MOST_CELLS]) for row in cells]

    def facts(self) -> dict[str, Any]:
        """Give what is plain JSON values of it."""
        return {**self.forest.facts(), "columns": list(self.rulers), "levels": list(self.habits)}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the rest."""
        habits = {f"habit{at}": habit.to_array() for at, habit in enumerate(self.habits.values())}
        return {**self.forest.arrays(), **habits}

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> OutlierTally:  # noqa: ARG002 - one signature for all row rulers
        """Read a tally."""
        counts = arrays["counts"]
        if len(counts) != UNITS + 1:
            raise TallyMismatchError("This tally is of other scores", received=f"{len(counts) - 1} at most")
        return OutlierTally(counts)


def read(
    schema: Schema,  # noqa: ARG001 - one signature for all row rulers
    rulers: Mapping[str, Ruler],
    facts: dict[str, Any],
    arrays: Mapping[str, NDArray[Any]],
) -> ForestRuler:
    """Read what a ruler's facts and arrays gave."""
    habits = {level: Habit.from_array(arrays[f"habit{at}"]) for at, level in enumerate(facts["levels"])}
    return ForestRuler(Forest.read(facts, arrays), {name: rulers[name] for name in facts["columns"]}, habits)


class IsolationForestOutliers(Struct, frozen=True):
    """Scores rows by an isolation forest: `Reference.of(data, also=[IsolationForestOutliers()])`.

    Fitting it takes the extra ``scikit-learn``; scoring does not.
    """

    @property
    def name(self) -> str:
        """That of its rulers."""
        return NAME

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give the features that have single values."""
        require_scikit_learn()
        return scored(schema)

    def learn(self, learned: Learned) -> ForestRuler | None:
        """Learn a ruler; ``None`` of fewer than two rows."""
        return ForestRuler.learn(learned) if learned.block.rows > 1 else None


def _matrix(block: Block, rulers: Mapping[str, Ruler]) -> NDArray[np.float64]:
    """Give rows as numbers, shape ``(features, rows)``; what is rarer, or has a fault, is further out.

    A category is its place among the reference's, the most frequent first; one that the reference lacks comes after
    them, and a fault after that. A number's fault is as far below the reference's range as that is long.
    """
    found = np.empty((len(rulers), block.rows))
    for row, (name, ruler) in zip(found, rulers.items(), strict=True):
        row[:] = _numbers(ruler, block.columns[name])
    return found


def _numbers(ruler: Ruler, column: Encoded) -> NDArray[np.float64]:
    if isinstance(column, Codes):
        assert isinstance(ruler, CategoricalRuler)  # noqa: S101 - as the codes are
        unseen = ruler.unseen
        return np.where(column.codes < 0, unseen + 1, np.minimum(column.codes, unseen)).astype(np.float64)
    assert isinstance(column, Numbers)  # noqa: S101 - lists are not among the columns
    if column.faults is None:
        return column.values
    assert isinstance(ruler, NumericalRuler)  # noqa: S101 - as the numbers are
    least, most = (float(ruler.edges[0]), float(ruler.edges[-1])) if len(ruler.edges) else (0.0, 0.0)
    length = (most - least) or 1.0
    outside = np.where(column.faults == Fault.POSITIVE_INFINITE, most + length, least - length)
    return np.where(column.faults == Fault.NONE, column.values, outside)


def _beyond(ruler: Ruler, value: float | str | None) -> float | None:
    if not isinstance(ruler, NumericalRuler) or not isinstance(value, float) or not len(ruler.edges):
        return None
    distance = max(float(ruler.edges[0]) - value, value - float(ruler.edges[-1]))
    return distance if 0 < distance < np.inf else None
