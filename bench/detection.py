"""How many rows a change takes until the noise line alarms, as a ratio to scipy's tests at the same level.

The reference is a random half of the trips of January 2021. A stream of rows, drawn at random with replacement from
the other half, changes after 5000 rows; the window of the last 5000 is evaluated every 250. Over 200 streams, the
median of the rows from the change to the alarm: of scipy's `ks_2samp` or `chi2_contingency` against the raw reference,
and of each divergence above its noise floor, all at the level of one of twenty columns under the default budget.

Beside it, how often each divergence and scipy's chi-square alarm on *undrifted* windows of the twelve categorical
columns: a test that does not hold its level is quick for nothing. Its chi-square does not where categories are rare,
so that nothing is asked of the ratio there.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from bench.figures import Row, show
from bench.trips import CATEGORICAL, NUMERICAL, halves, month_of_trips
from bench.windows import Index, Windows, draw
from numpy.typing import NDArray
from scipy import special

from modelvane import Reference
from modelvane.calibration.lines import OVERLAP, level_of
from modelvane.divergences import DIVERGENCES
from modelvane.divergences.contingency import filled_categories, pearson
from modelvane.methods import DEFAULTS, Methods
from modelvane.schema import Kind
from modelvane.settings import BUDGET

WINDOW, EVERY, STREAMS = 5000, 250, 200
# two windows after the change; a stream that has not alarmed by then counts as never
LONGEST = 2 * WINDOW
RATIO = 1.2
NUMERICAL_METHODS = (
    "kolmogorov_smirnov",
    "wasserstein",
    "energy",
    "cramer_von_mises",
    "anderson_darling",
    "jensen_shannon",
)
CATEGORICAL_METHODS = ("jensen_shannon", "chi_square", "g_test", "total_variation", "hellinger", "psi")
UNDRIFTED_LEVEL, UNDRIFTED_WINDOWS, UNDRIFTED_SIZES, SPLITS = 0.001, 2000, (100, 200, 1000, 5000), 3


@dataclass(frozen=True)
class Change:
    """What happens to one column of the stream.

    Parameters
    ----------
    of
        Gives the changed column from the original one.
    asked
        Whether scipy's test holds its level there, so that a ratio to it can be asked for.
    """

    what: str
    column: str
    of: Callable[[pa.Array, np.random.Generator], pa.Array]
    asked: bool = True


def scaled(column: pa.Array, _rng: np.random.Generator) -> pa.Array:
    """Scale all values by 1.15."""
    return pa.array(np.asarray(column) * 1.15)


def swapped(into: int) -> Callable[[pa.Array, np.random.Generator], pa.Array]:
    """Move a tenth of the most frequent category into the one that is ``into`` places less frequent."""

    def change(column: pa.Array, rng: np.random.Generator) -> pa.Array:
        counts = column.drop_null().value_counts().to_pylist()
        ranked = sorted(counts, key=lambda count: -count["counts"])
        values = np.asarray(column.to_pandas()).copy()
        mistaken = (values == ranked[0]["values"]) & (rng.random(len(values)) < 0.1)
        values[mistaken] = ranked[into]["values"]
        return pa.array(values, column.type, from_pandas=True)

    return change


CHANGES = (
    Change("trip_distance x 1.15", "trip_distance", scaled),
    Change("payment_type, 10 % of the first into the second", "payment_type", swapped(1)),
    Change("passenger_count, 10 % of the first into the third", "passenger_count", swapped(2)),
    Change("mta_tax, 10 % of the first into the second", "mta_tax", swapped(1)),
    Change("PULocationID, 10 % of the first into the 100th", "PULocationID", swapped(99), asked=False),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the streams and windows")
    show("Rows from a change to the alarm", run(quick=parser.parse_args().quick))


def run(*, quick: bool = False) -> list[Row]:
    """Measure every change; needs ``MODELVANE_DATA``."""
    streams = STREAMS // 10 if quick else STREAMS
    known, other = halves(month_of_trips("2021-01"))
    columns = {change.column: None for change in CHANGES}
    methods = {name: NUMERICAL_METHODS if name in NUMERICAL else CATEGORICAL_METHODS for name in columns}
    reference = Reference.of(
        known,
        numerical=[name for name in columns if name in NUMERICAL],
        categorical=[name for name in columns if name not in NUMERICAL],
        methods=Methods(columns=methods),
        threads=1,
    )
    level = level_of(BUDGET, len(NUMERICAL) + len(CATEGORICAL))
    rows: list[Row] = []
    for change in CHANGES:
        rows += _detections(change, reference, known, other, methods[change.column], level, streams)
    rows += _undrifted(level, 1 if quick else SPLITS, UNDRIFTED_WINDOWS // 4 if quick else UNDRIFTED_WINDOWS)
    return rows


def _detections(
    change: Change,
    reference: Reference,
    known: pa.Table,
    other: pa.Table,
    methods: tuple[str, ...],
    level: float,
    streams: int,
) -> Iterator[Row]:
    rng = np.random.default_rng(2)
    at = other.column_names.index(change.column)
    changed = other.set_column(at, change.column, change.of(other[change.column].combine_chunks(), rng))
    # the changed rows follow the others, so that one index can name both
    both = pa.concat_tables([other, changed])
    before = rng.integers(other.num_rows, size=(streams, WINDOW))
    after = rng.integers(other.num_rows, 2 * other.num_rows, size=(streams, LONGEST))
    positions = np.arange(EVERY, LONGEST + 1, EVERY)[:, None] + np.arange(WINDOW)
    evaluated = [np.concatenate(stream)[positions] for stream in zip(before, after, strict=True)]

    kind = Kind.NUMERICAL if change.column in NUMERICAL else Kind.CATEGORICAL
    test, scipy_alarms = _scipy(change.column, kind, known, both, level)
    baseline = float(np.median([_until(map(scipy_alarms, windows)) for windows in evaluated]))
    yield Row(f"{change.what}: {test}", _in_rows(baseline))
    windows = Windows.of(reference, both)
    found = [_alarms(windows, change.column, methods, index, [level]) for index in evaluated]
    for method in methods:
        median = float(np.median([_until(alarms[method, level].tolist()) for alarms in found]))
        ratio = median / baseline if np.isfinite(baseline) else float("nan")
        is_default = method == DEFAULTS[kind]
        is_asked = is_default and change.asked
        yield Row(
            f"{change.what}: {method}{' (the default)' if is_default else ''}",
            _in_rows(median) + (f", ratio {ratio:.2f}" if np.isfinite(ratio) else ""),
            f"ratio <= {RATIO}" if is_asked else "",
            bool(ratio <= RATIO) if is_asked else None,
        )


def _in_rows(count: float) -> str:
    return f"{count:.0f} rows" if np.isfinite(count) else f"not within {LONGEST} rows"


def _until(alarms: Iterable[bool]) -> float:
    return next(((step + 1.0) * EVERY for step, alarm in enumerate(alarms) if alarm), float("inf"))


def _alarms(
    windows: Windows, column: str, methods: Sequence[str], index: Index, levels: Sequence[float]
) -> dict[tuple[str, float], NDArray[np.bool_]]:
    """Say for each method and level which windows are above the noise floor; counted once, for all of them."""
    whole = windows.reference.tally.columns[column].sample
    found: dict[tuple[str, float], list[NDArray[np.bool_]]] = defaultdict(list)
    for sample in windows.samples(column, index):
        usable, at = np.unique(sample.n, return_inverse=True)
        for method in methods:
            values = DIVERGENCES[method].kernel(whole, sample)
            chosen = Methods(columns={column: (method,)})
            for level in levels:
                one = replace(windows, methods=chosen, budget=level * OVERLAP * len(windows.cells))
                floors = np.array([one.lines(column, n).noise_floor for n in usable.tolist()], np.float64)
                found[method, level].append(values > floors[at])
    return {key: np.concatenate(parts) for key, parts in found.items()}


def _scipy(
    column: str, kind: Kind, known: pa.Table, rows: pa.Table, level: float
) -> tuple[str, Callable[[Index], bool]]:
    from scipy import stats

    if kind is Kind.NUMERICAL:
        before, now = np.asarray(known[column]), np.asarray(rows[column])
        return "scipy ks_2samp", lambda index: bool(
            stats.ks_2samp(before, now[index], method="asymp").pvalue < level
        )
    codes, size = _codes(known, rows, column)
    before = np.bincount(codes[: known.num_rows] + 1, minlength=size + 1)[1:]
    codes = codes[known.num_rows :]

    def alarms(index: Index) -> bool:
        table = np.stack([before, np.bincount(codes[index] + 1, minlength=size + 1)[1:]])
        table = table[:, table.any(axis=0)]
        return bool(stats.chi2_contingency(table, correction=False).pvalue < level)

    return "scipy chi2_contingency", alarms


def _codes(known: pa.Table, rows: pa.Table, column: str) -> tuple[NDArray[np.int64], int]:
    joined = pa.chunked_array([*known[column].chunks, *rows[column].chunks]).combine_chunks()
    encoded = joined.dictionary_encode()
    return np.asarray(encoded.indices.fill_null(-1)).astype(np.int64), len(encoded.dictionary)


def _undrifted(level: float, splits: int, count: int) -> Iterator[Row]:
    """Count the false alarms of every categorical column together, by method."""
    trips = month_of_trips("2021-01")
    levels = (UNDRIFTED_LEVEL, level)
    alarms: Counter[tuple[str, float, int]] = Counter()
    for split in range(splits):
        known, other = halves(trips, split)
        methods = Methods(categorical=CATEGORICAL_METHODS)
        reference = Reference.of(known, numerical=(), categorical=CATEGORICAL, methods=methods, threads=1)
        windows = Windows.of(reference, other)
        rng = np.random.default_rng(split)
        for n in UNDRIFTED_SIZES:
            index = draw(other.num_rows, n, count, rng)
            for column in CATEGORICAL:
                whole = reference.tally.columns[column].sample
                for sample in windows.samples(column, index):
                    p_values = special.chdtrc(filled_categories(whole, sample) - 1, pearson(whole, sample))
                    for at in levels:
                        alarms["scipy chi2_contingency", at, n] += int((p_values < at).sum())
                for (method, at), above in _alarms(
                    windows, column, CATEGORICAL_METHODS, index, levels
                ).items():
                    alarms[method, at, n] += int(above.sum())
    tested = splits * count * len(CATEGORICAL)
    for method in ("scipy chi2_contingency", *CATEGORICAL_METHODS):
        for at in levels:
            found = ", ".join(f"{alarms[method, at, n]}" for n in UNDRIFTED_SIZES)
            sizes = ", ".join(map(str, UNDRIFTED_SIZES))
            yield Row(
                f"undrifted windows of {sizes} by {method}, level {at:g}",
                f"{found} of {tested} each; {at * tested:.2g} would be right",
            )


if __name__ == "__main__":
    main()
