"""What alarming on the first value that never occurred would cost: ``python -m bench.faults.never_seen``.

Rows without a fault are parted at random, again and again: a reference, rows to tune a detector with, and windows. A
value of a window never occurred where neither the reference nor the rows for tuning have any like it: nothing missing
in that column, no such category, no number as small or as large. Who alarms on the k-th is wrong about every window
that has k. Beside it the share of windows that the same rule is wrong about at worst, when the reference has none: a
value is in it with some probability p, and (1 - p)^N P(k or more of n) has a maximum.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from bench.faults.datasets import DATASETS, REFERENCE, Dataset
from bench.faults.looks import WINDOW
from numpy.typing import NDArray
from scipy import optimize, stats

from modelvane.calibration.lines import level_of, share_floor
from modelvane.settings import BUDGET

SPLITS = 100
MOST = 6
MISSING, CATEGORY, NUMBER = "missing", "a new category", "a number out of range"

Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]


def never_seen(dataset: Dataset) -> tuple[int, dict[str, NDArray[np.int64]]]:
    """Count windows, and by kind those in which some column has 1, 2, ... `MOST` values or more that never occurred."""
    rows = pa.concat_tables([dataset.known, dataset.pool])
    columns = [np.asarray(rows[name].to_numpy(), np.float64) for name in dataset.numerical]
    columns += [_codes(rows[name]) for name in dataset.categorical]
    rng, windows = np.random.default_rng(0), 0
    counted = {kind: np.zeros(MOST, np.int64) for kind in (MISSING, CATEGORY, NUMBER)}
    for _ in range(SPLITS):
        known, others = np.split(rng.permutation(rows.num_rows), [REFERENCE])
        tuning, tested = np.split(others, [len(others) // 2])
        tested = tested[: len(tested) // WINDOW * WINDOW].reshape(-1, WINDOW)
        windows += len(tested)
        most = {kind: np.zeros(len(tested), np.int64) for kind in counted}
        for kind, flags in (each for column in columns for each in _new(column, known)):
            if not flags[tuning].any():
                most[kind] = np.maximum(most[kind], flags[tested].sum(axis=1))
        for kind, values in most.items():
            counted[kind] += (values >= np.arange(1, MOST + 1)[:, None]).sum(axis=1)
    return windows, counted


def _codes(column: pa.ChunkedArray) -> Rows:
    codes = column.combine_chunks().dictionary_encode().indices
    return np.asarray(codes.fill_null(-1)).astype(np.intp)


def _new(column: NDArray[np.float64] | Rows, known: Rows) -> Iterator[tuple[str, Flags]]:
    """Say of all rows whether they are missing, if none of the known is, and whether the known have none like them."""
    is_number = column.dtype.kind == "f"
    missing = np.isnan(column) if is_number else column < 0
    if not missing[known].any():
        yield MISSING, missing
    seen = column[known][~missing[known]]
    alike = (column >= seen.min()) & (column <= seen.max()) if is_number else np.isin(column, seen)
    yield NUMBER if is_number else CATEGORY, ~(missing | alike)


def at_worst(k: int, rows: int = REFERENCE, n: int = WINDOW) -> float:
    """Give the share of windows that have k values or more of which the reference has none, for the worst share.

    >>> f"{at_worst(1):.3f} {at_worst(5):.1e}"
    '0.035 1.2e-06'
    """

    def wrong(log_share: float) -> float:
        share = np.exp(log_share)
        return -float(np.exp(rows * np.log1p(-share)) * stats.binom.sf(k - 1, n, share))

    # between hardly any value and as many as the reference cannot lack
    return -float(optimize.minimize_scalar(wrong, bounds=(-20.0, -3.0), method="bounded").fun)


def main() -> None:
    """Print both, and how many values ours waits for."""
    print(f"at worst, from the 1st on: {', '.join(f'{at_worst(k):.1e}' for k in range(1, MOST + 1))}")
    for name, read in DATASETS.items():
        dataset = read()
        windows, counted = never_seen(dataset)
        level = level_of(BUDGET, len(dataset.columns))
        waits = [round(share_floor(level, WINDOW, count, REFERENCE) * WINDOW) + 1 for count in (0, 1)]
        for kind, found in counted.items():
            told = ", ".join(f"{many} with {k}" for k, many in enumerate(found.tolist(), 1))
            print(f"{name}, {kind}: of {windows} windows {told}")
        print(f"{name}: ours alarms on {waits[0]}, on {waits[1]} where there are two ends to be beyond")


if __name__ == "__main__":
    main()
