"""Statistics of one column: what its values are like, and how many of them are usable."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TypeAlias

import numpy as np

from modelvane.statistics import exact
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.statistics.most_common import most_common_bounds
from modelvane.statistics.quantiles import NO_VALUES, quantile, quantile_error, quantile_errors, quantiles
from modelvane.tallies.categorical import KEEP_UNSEEN, CategoricalTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.undefined import Undefined, Value

ColumnTally: TypeAlias = NumericalTally | CategoricalTally

NO_ROWS = "no rows in the window"
ONE_VALUE = "one usable value in the window; it takes two"


def rows(tally: ColumnTally) -> Value:
    """Give the number of rows, whatever is in them."""
    return float(tally.rows)


def missing_share(tally: ColumnTally) -> Value:
    """Give the share of rows without a value."""
    return exact.share(tally.missing, tally.rows, NO_ROWS)


def infinite_share(tally: NumericalTally) -> Value:
    """Give the share of rows with an infinite number."""
    return exact.share(tally.infinite, tally.rows, NO_ROWS)


def wrong_type_share(tally: ColumnTally) -> Value:
    """Give the share of rows whose value is not of the column's kind."""
    return exact.share(tally.wrong_type, tally.rows, NO_ROWS)


def out_of_range_share(tally: NumericalTally) -> Value:
    """Give the share of finite values below the reference's smallest or above its largest."""
    if not len(tally.ruler.edges):
        return Undefined("no usable values in the reference")
    counts = tally.cells.dense()[0]
    return exact.share(int(counts[0] + counts[-1]), tally.n, NO_VALUES)


def unseen_share(tally: CategoricalTally) -> Value:
    """Give the share of categories that the reference does not have."""
    return exact.share(int(tally.counts[-1]), tally.n, NO_VALUES)


def mean(tally: NumericalTally) -> Value:
    """Give the mean of the finite values, within a quantum of the ruler."""
    if not tally.n:
        return Undefined(NO_VALUES)
    (center, centers), (quantum, quanta) = (
        part.as_integer_ratio() for part in (tally.ruler.center, tally.ruler.quantum)
    )
    # center + total / n * quantum, divided once
    return exact.ratio(
        center * tally.n * quanta + tally.total * quantum * centers, centers * tally.n * quanta
    )


def standard_deviation(tally: NumericalTally) -> Value:
    """Give the unbiased standard deviation ``sqrt(sum((x - mean)^2) / (n - 1))`` of the finite values."""
    if tally.n < 2:
        return Undefined(ONE_VALUE if tally.n else NO_VALUES)
    spread = tally.n * tally.square - tally.total * tally.total
    return exact.root(Fraction(spread, tally.n * (tally.n - 1)) * Fraction(tally.ruler.quantum) ** 2)


def minimum(tally: NumericalTally) -> Value:
    """Give the smallest finite value."""
    return tally.minimum if tally.n else Undefined(NO_VALUES)


def maximum(tally: NumericalTally) -> Value:
    """Give the largest finite value."""
    return tally.maximum if tally.n else Undefined(NO_VALUES)


def constant(tally: ColumnTally) -> Value:
    """Give 1.0 when all usable values are equal, else 0.0; it takes two values to tell."""
    if tally.n < 2:
        return Undefined(ONE_VALUE if tally.n else NO_VALUES)
    if isinstance(tally, NumericalTally):
        return float(tally.minimum == tally.maximum)
    return float(most_common_bounds(tally)[0] == tally.n)


def distinct(tally: ColumnTally) -> Value:
    """Give the number of different usable values.

    Exact while few are new to the reference: fewer than 256 between the edges, or fewer than 64 unseen
    categories. Beyond, these are estimated from their smallest hashes (Bar-Yossef et al., 2002), within about
    6 % and 13 % (one standard error).
    """
    if not tally.n:
        return Undefined(NO_VALUES)
    if isinstance(tally, NumericalTally):
        counts = tally.cells.dense()[0]
        return float(np.count_nonzero(counts[1::2])) + min(tally.distinct.estimate, float(counts[::2].sum()))
    counts = tally.counts
    new = float(len(tally.unseen))
    if len(tally.unseen) >= KEEP_UNSEEN:
        new = min(max(new, (KEEP_UNSEEN - 1) * 2.0**64 / max(tally.unseen)), float(counts[-1]))
    return float(np.count_nonzero(counts[:-1])) + new


def most_common_share(tally: ColumnTally) -> Value:
    """Give the share that the most common usable value has at least; see `most_common_excess`."""
    return exact.share(most_common_bounds(tally)[0], tally.n, NO_VALUES)


def most_common_excess(tally: ColumnTally) -> float:
    """Give by how much the share of the most common value may be above `most_common_share`.

    Values between edges are counted by cell: one of them may be as common as its cell.
    """
    least, most = most_common_bounds(tally)
    return (most - least) / max(tally.n, 1)


def category_shares(tally: CategoricalTally) -> dict[str, Value]:
    """Give the share of each category of the reference."""
    return {
        name: exact.share(count, tally.n, NO_VALUES)
        for name, count in zip(tally.ruler.names, tally.counts[:-1].tolist(), strict=True)
    }


ROWS: Statistic[ColumnTally] = Statistic("rows", "Rows", rows, "rows", "count")
MISSING_SHARE: Statistic[ColumnTally] = Statistic(
    "missing_share", "Missing", missing_share, "ratio", "missing / rows", "lower"
)
WRONG_TYPE_SHARE: Statistic[ColumnTally] = Statistic(
    "wrong_type_share", "Wrong type", wrong_type_share, "ratio", "wrong type / rows", "lower"
)
CONSTANT: Statistic[ColumnTally] = Statistic(
    "constant", "Constant", constant, "", "1 when all usable values are equal"
)
DISTINCT: Statistic[ColumnTally] = Statistic(
    "distinct", "Distinct values", distinct, "", "k minimum values: Bar-Yossef et al., 2002"
)
MOST_COMMON_SHARE: Statistic[ColumnTally] = Statistic(
    "most_common_share",
    "Most common value",
    most_common_share,
    "ratio",
    "max(count per value) / usable values, at least",
    error_bound=most_common_excess,
)
INFINITE_SHARE: Statistic[NumericalTally] = Statistic(
    "infinite_share", "Infinite", infinite_share, "ratio", "infinite / rows", "lower"
)
OUT_OF_RANGE_SHARE: Statistic[NumericalTally] = Statistic(
    "out_of_range_share",
    "Outside the reference's range",
    out_of_range_share,
    "ratio",
    "(below first edge + above last edge) / usable values",
    "lower",
)
UNSEEN_SHARE: Statistic[CategoricalTally] = Statistic(
    "unseen_share", "Unseen categories", unseen_share, "ratio", "unseen / usable values", "lower"
)
MEAN: Statistic[NumericalTally] = Statistic("mean", "Mean", mean, "column", "sum(x) / n")
STANDARD_DEVIATION: Statistic[NumericalTally] = Statistic(
    "standard_deviation",
    "Standard deviation",
    standard_deviation,
    "column",
    "sqrt(sum((x - mean)^2) / (n - 1))",
)
MINIMUM: Statistic[NumericalTally] = Statistic("minimum", "Minimum", minimum, "column", "min(x)")
MEDIAN: Statistic[NumericalTally] = Statistic(
    "median",
    "Median",
    partial(quantile, level=0.5),
    "column",
    "Hyndman and Fan, 1996, type 7",
    error_bound=partial(quantile_error, level=0.5),
)
MAXIMUM: Statistic[NumericalTally] = Statistic("maximum", "Maximum", maximum, "column", "max(x)")
QUANTILE: LabelledStatistic[NumericalTally] = LabelledStatistic(
    "quantile",
    "Quantiles",
    quantiles,
    "column",
    "Hyndman and Fan, 1996, type 7",
    "quantile",
    error_bounds=quantile_errors,
)
CATEGORY_SHARE: LabelledStatistic[CategoricalTally] = LabelledStatistic(
    "category_share",
    "Share per category",
    category_shares,
    "ratio",
    "count per category / usable values",
    "class",
)

NUMERICAL_QUALITY: tuple[Statistic[NumericalTally] | LabelledStatistic[NumericalTally], ...] = (
    ROWS,
    MISSING_SHARE,
    INFINITE_SHARE,
    WRONG_TYPE_SHARE,
    OUT_OF_RANGE_SHARE,
    CONSTANT,
    DISTINCT,
    MOST_COMMON_SHARE,
    MEAN,
    STANDARD_DEVIATION,
    MINIMUM,
    MEDIAN,
    MAXIMUM,
    QUANTILE,
)
CATEGORICAL_QUALITY: tuple[Statistic[CategoricalTally] | LabelledStatistic[CategoricalTally], ...] = (
    ROWS,
    MISSING_SHARE,
    WRONG_TYPE_SHARE,
    UNSEEN_SHARE,
    CONSTANT,
    DISTINCT,
    MOST_COMMON_SHARE,
)
PREDICTION: tuple[Statistic[NumericalTally], ...] = (MEAN, MEDIAN, MINIMUM, MAXIMUM, STANDARD_DEVIATION)
CATEGORICAL_PREDICTION: tuple[LabelledStatistic[CategoricalTally], ...] = (CATEGORY_SHARE,)
