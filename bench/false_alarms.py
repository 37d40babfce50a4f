"""How often undrifted windows alarm: the noise line, beside the fixed limits of old.

The reference is a random half of the trips of January 2021; windows are drawn without replacement from the *other*
half, so nothing has changed and every alarm is false. Twenty columns (see `bench.trips`), each at its default
divergence, ``alarm: noise``, the default budget: alarms of the dataset's drift, which the budget promises, and of
anything that is judged, the quality of columns and rows as wholes too. Beside it, on the same windows:

- the rule of 2022: Wasserstein over the reference's standard deviation (numerical) or Jensen-Shannon distance in nats
  (categorical) of 0.1 or more is drift of a column, and drift of half of the columns is drift of the dataset;
- PSI of 0.1 or more over ten bins, in any column: deciles, or the nine most frequent categories and the rest.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from bench.figures import Row, show
from bench.trips import CATEGORICAL, NUMERICAL, halves, month_of_trips
from bench.windows import Index, Windows, any_of, counted, draw, told
from numpy.typing import NDArray

from modelvane import Reference
from modelvane.calibration.lines import Alarm
from modelvane.compat.distribution import Distribution
from modelvane.compat.stat_tests import DISTANCE_LIMIT, FeatureType, compare
from modelvane.divergences import DIVERGENCES
from modelvane.ruler import CategoricalRuler, NumericalRuler
from modelvane.settings import BUDGET
from modelvane.tallies.sample import Sample

SIZES = (100, 200, 1000, 5000)
WINDOWS = 10_000
MOST_ALARMS = 20
DRIFT_SHARE = 0.5
OLD_COLUMNS = ("PULocationID", "DOLocationID", "trip_distance")
PSI_LIMIT, PSI_BINS = 0.1, 10
PROVEN = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the windows")
    show("Undrifted windows that alarm", run(quick=parser.parse_args().quick))


def run(*, quick: bool = False) -> list[Row]:
    """Judge windows of every size; needs ``MODELVANE_DATA``."""
    windows = WINDOWS // 10 if quick else WINDOWS
    known, other = halves(month_of_trips("2021-01"))
    reference = Reference.of(known, numerical=NUMERICAL, categorical=CATEGORICAL, threads=1)
    watched = Windows.of(reference, other)
    old = OldRule(watched, known, other)
    rng = np.random.default_rng(1)
    rows: list[Row] = []
    for n in SIZES:
        index = draw(other.num_rows, n, windows, rng)
        watched.require_like_a_monitor(other, index[:PROVEN], Alarm.NOISE)
        old.require_like_the_old_service(index[:PROVEN])
        alarms = int(any_of(watched.verdicts(index, Alarm.NOISE, in_order=False)).sum())
        allowed = MOST_ALARMS * windows // WINDOWS
        of = f"of {windows} windows of {n}"
        reach = f"<= {allowed} (budget {BUDGET})"
        rows.append(Row(f"noise line, {of}", f"{alarms}", reach, alarms <= allowed))
        everything = watched.alarms(index, Alarm.NOISE, in_order=False)
        total = sum(map(bool, everything))
        rows.append(Row(f"noise line, anything that is judged, {of}", f"{total}{told(everything)}"))
        rows.append(Row(f"rule of 2022, {of}", f"{int(old.drifted(index).sum())}"))
        few = int(old.drifted(index, OLD_COLUMNS).sum())
        rows.append(Row(f"rule of 2022, the columns of its taxi config, {of}", f"{few}"))
        rows.append(Row(f"PSI >= {PSI_LIMIT} in any column, {of}", f"{int(_psi(watched, index).sum())}"))
    return rows


class OldRule:
    """The dataset drift of 2022 for many windows.

    Parameters
    ----------
    known, rows
        The reference's rows, and those that windows are drawn from.
    """

    def __init__(self, watched: Windows, known: pa.Table, rows: pa.Table) -> None:
        self._watched = watched
        self._known = known
        self._rows = rows

    def distances(self, column: str, index: Index) -> NDArray[np.float64]:
        """Give what the rule compares with its limit, for each window."""
        if column in NUMERICAL:
            return self._wasserstein(column, index)
        bits = self._watched.values(column, index, DIVERGENCES["jensen_shannon"])[0]
        return np.asarray(bits * np.sqrt(np.log(2)))

    def _wasserstein(self, column: str, index: Index) -> NDArray[np.float64]:
        whole = self._watched.reference.tally.columns[column].sample
        assert isinstance(whole.ruler, NumericalRuler)
        edges, cells = whole.ruler.edges, self._watched.cells[column]
        # how far each row is from the edge above its cell: it tells where in the cell the row is
        nearest = np.minimum(np.maximum(cells, 0) // 2, len(edges) - 1)
        short = np.abs(edges[nearest] - _raw(self._rows, column))
        counts = counted(cells, index, whole.ruler.size)
        slack = counted(cells, index, whole.ruler.size, weights=short)
        kernel = DIVERGENCES["wasserstein"].kernel
        distances = np.concatenate(
            [
                kernel(whole, Sample(whole.ruler, now, held[:, ::2]))
                for now, held in zip(counts, slack, strict=True)
            ]
        )
        return np.asarray(distances / _raw(self._known, column).std())

    def drifted(self, index: Index, columns: Sequence[str] | None = None) -> NDArray[np.bool_]:
        """Say which windows drifted; a column without a value in the window is left out."""
        columns = columns or self._watched.columns
        distances = np.stack([self.distances(column, index) for column in columns])
        comparable = np.isfinite(distances).sum(axis=0)
        return np.asarray((distances >= DISTANCE_LIMIT).sum(axis=0) >= DRIFT_SHARE * comparable)

    def require_like_the_old_service(self, index: Index) -> None:
        """Hold the distances of some windows against `modelvane.compat`, which has the raw rows.

        Raises
        ------
        AssertionError
            When one differs by more than the error bound of the Wasserstein distance on a ruler.
        """
        reference, wasserstein = self._watched.reference, DIVERGENCES["wasserstein"]
        for column in self._watched.columns:
            kind: FeatureType = "num" if column in NUMERICAL else "cat"
            whole = reference.tally.columns[column].sample
            before = Distribution.of(_raw(self._known, column))
            for value, window in zip(self.distances(column, index).tolist(), index, strict=True):
                rows = self._rows.take(window)
                score = compare(before, Distribution.of(_raw(rows, column)), kind)
                assert score is not None, column
                assert score.value is not None, column
                error = 1e-9
                if kind == "num":
                    assert wasserstein.error_bound is not None
                    now = reference.counter.rows(reference.encode(rows)).columns[column].sample
                    error += wasserstein.error_bound(whole, now) / before.std()
                assert abs(value - score.value) <= error, (column, value, score, error)


def _raw(table: pa.Table, column: str) -> NDArray[np.float64] | NDArray[np.object_]:
    if column in NUMERICAL:
        return np.asarray(table[column].cast(pa.float64()))
    return np.array(table[column].to_pylist(), object)


def _psi(watched: Windows, index: Index) -> NDArray[np.bool_]:
    """Say which windows have a PSI over the limit in any column."""
    above = np.zeros(len(index), bool)
    ruler = CategoricalRuler(tuple(map(str, range(PSI_BINS - 1))))
    for column, cells in watched.cells.items():
        counts = np.asarray(watched.reference.tally.columns[column].sample.counts)
        if column in NUMERICAL:
            # each cell goes where its middle row is among the deciles
            bins = ((np.cumsum(counts) - counts / 2) * PSI_BINS / counts.sum()).astype(np.intp)
        else:
            bins = np.arange(len(counts))
        bins = np.minimum(bins, PSI_BINS - 1)
        before = Sample(ruler, np.bincount(bins, counts, PSI_BINS).astype(np.int64))
        binned = np.where(cells < 0, -1, bins[cells])
        values = [
            DIVERGENCES["psi"].kernel(before, Sample(ruler, now)) for now in counted(binned, index, PSI_BINS)
        ]
        above |= np.concatenate(values) >= PSI_LIMIT
    return above


if __name__ == "__main__":
    main()
