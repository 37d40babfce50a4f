"""The two lines of windows that are compared with the reference at their own hours of the week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.calibration.calibration import Calibration, Key, is_constant
from modelvane.calibration.habit import Habit, habit_of, window_counts, window_starts
from modelvane.calibration.null import DRAWS, NullMoments, moments_of, sizes
from modelvane.divergences.base import Divergence
from modelvane.tallies.dataset import ColumnTally
from modelvane.tallies.hourly import HourlyTally, reweighted
from modelvane.tallies.sample import Sample

# rows are put in another order for draws of all sizes at once: so often, or less where they are many
_MOST_SHUFFLES, _FEWEST_SHUFFLES = 64, 12
_SHUFFLED_ROWS = 1 << 23


class HourlyRows(Struct, frozen=True, eq=False):
    """The reference's rows of one column in time order, only those with a value and a time.

    Parameters
    ----------
    whole
        The sample of all rows.
    tally
        Of these rows.
    classes, cells
        Of each row, shape ``(rows,)``.
    """

    whole: Sample
    tally: HourlyTally
    classes: NDArray[np.int64]
    cells: NDArray[np.intp]

    @classmethod
    def of(
        cls, whole: Sample, classes: NDArray[np.int64], cells: NDArray[np.intp], shape: tuple[int, int]
    ) -> HourlyRows:
        """Keep the rows that have both."""
        kept = (classes >= 0) & (cells >= 0)
        classes, cells = classes[kept], cells[kept]
        return cls(whole, HourlyTally.of(classes, cells, shape), classes, cells)

    def values(
        self, divergence: Divergence, cells: NDArray[np.intp], starts: NDArray[np.int64], n: int
    ) -> NDArray[np.float64]:
        """Compare windows of ``n`` rows, each with the rest of the reference at the window's hours.

        Parameters
        ----------
        cells
            Of each row: the reference's own, or shuffled among rows of one class.
        """
        counts = self.tally.counts
        current = window_counts(cells, starts, n, counts.shape[1])
        hours = window_counts(self.classes, starts, n, len(counts))
        rest = self.tally.rows - hours
        weights = np.divide(hours, rest, out=np.zeros(hours.shape), where=rest > 0)
        at = np.lib.stride_tricks.sliding_window_view(cells, n)[starts]
        of_class = np.lib.stride_tricks.sliding_window_view(self.classes, n)[starts]
        keys = at + np.arange(len(starts))[:, None] * counts.shape[1]
        of_rows = np.take_along_axis(weights, of_class, axis=1)
        removed = np.bincount(keys.ravel(), of_rows.ravel(), current.size).astype(np.float64)
        expected = reweighted(hours, rest, rest, counts, removed.reshape(current.shape))
        found = np.full(len(starts), np.nan)
        # a window that has all rows of its hours leaves nothing to compare with
        some = np.isfinite(expected).all(axis=1)
        if some.any():
            samples = self.whole.with_counts(expected[some]), self.whole.with_counts(current[some])
            found[some] = divergence.kernel(*samples)
        return found

    def habit(self, divergence: Divergence) -> Habit | None:
        """Fit how far windows in time order are from the rest of the reference at their hours."""
        return habit_of(
            len(self.cells),
            lambda starts, n: self.values(divergence, self.cells, starts, n),
            bounded=divergence.unit == "ratio",
        )

    def null(self, divergence: Divergence, plain: NullMoments, draws: int = DRAWS) -> NullMoments:
        """Learn the noise: windows in time order, their rows exchanged at random with others of the same class.

        A stratified two-sample draw at the very hours that windows of this stream have. Beyond half of the reference
        the plain null stands, which is no lower.
        """
        rng = np.random.default_rng(0)
        rows = len(self.cells)
        by_class = np.argsort(self.classes, kind="stable")
        drawn: dict[int, list[NDArray[np.float64]]] = defaultdict(list)
        shuffled = np.empty_like(self.cells)
        for _ in range(min(_MOST_SHUFFLES, max(_FEWEST_SHUFFLES, _SHUFFLED_ROWS // rows))):
            lacking = [n for n in sizes(rows) if 2 * n <= rows and sum(map(len, drawn[n])) < draws]
            if not lacking:
                break
            shuffled[by_class] = self.cells[np.lexsort((rng.random(rows), self.classes))]
            for n in lacking:
                found = self.values(divergence, shuffled, window_starts(rows, n), n)
                drawn[n].append(found[np.isfinite(found)] ** (2 / divergence.degree))
        kept = [(n, *moments_of(np.concatenate(found))) for n, found in drawn.items()]
        beyond = plain.to_array().T[2 * plain.sizes > rows]
        return NullMoments(*np.array([*kept, *beyond.tolist()], np.float64).T)


def calibrate_hourly(
    column: str,
    tally: ColumnTally,
    rows: HourlyRows,
    divergences: Iterable[Divergence],
    plain: Calibration,
) -> Calibration:
    """Learn noise and habit of one column, over all rows.

    Parameters
    ----------
    plain
        What was learned of the column without regard to hours.
    """
    nulls: dict[Key, NullMoments] = {}
    habits: dict[Key, Habit] = {}
    for divergence in divergences:
        key = ("", column, divergence.name)
        habit = rows.habit(divergence)
        if habit is None:
            continue
        habits[key] = habit
        if divergence.critical is None and not is_constant(tally):
            nulls[key] = rows.null(divergence, plain.nulls[key])
    return Calibration(nulls, habits)
