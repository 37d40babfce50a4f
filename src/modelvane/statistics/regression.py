"""How good predicted numbers are: statistics of prediction minus target."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from modelvane.statistics import columns, exact
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.statistics.quantiles import quantile_errors, quantiles
from modelvane.tallies.regression import RELATIVE_QUANTUM, Group, RegressionTally
from modelvane.undefined import Undefined, Value

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)

NO_ROWS = "no rows with a finite prediction and target in the window"
ONE_ROW = "one row with a finite prediction and target in the window; it takes two"
NO_LIMITS = "the reference has no predictions, so no limits of under- and over-estimation"


def mean_error(tally: RegressionTally) -> Value:
    """Give ``mean(prediction - target)``: positive when the model over-estimates."""
    return columns.mean(tally.errors) if tally.n else Undefined(NO_ROWS)


def mean_absolute_error(tally: RegressionTally) -> Value:
    """Give ``mean(|prediction - target|)``."""
    return _mean(tally.sums.absolute, tally.n, tally.ruler.errors.quantum, NO_ROWS)


def root_mean_squared_error(tally: RegressionTally) -> Value:
    """Give ``sqrt(mean((prediction - target)^2))``."""
    return exact.root(_squares(tally) / tally.n) if tally.n else Undefined(NO_ROWS)


def mean_absolute_percentage_error(tally: RegressionTally) -> Value:
    """Give ``mean(|prediction - target| / |target|)`` as a ratio: 0.1 is 10 %.

    Rows with target 0 are left out, and counted in ``tally.sums.zero_targets``; scikit-learn divides them by
    2^-52, after which one such row is all that the value tells of. Where no target is 0 the two agree.
    """
    if tally.n and tally.sums.zero_targets == tally.n:
        return Undefined("every target in the window is 0")
    return _mean(tally.sums.relative, tally.n - tally.sums.zero_targets, RELATIVE_QUANTUM, NO_ROWS)


def symmetric_mean_absolute_percentage_error(tally: RegressionTally) -> Value:
    """Give ``mean(2 |prediction - target| / (|prediction| + |target|))``, 0 to 2; two zeros count as 0."""
    return _mean(tally.sums.symmetric, tally.n, RELATIVE_QUANTUM, NO_ROWS)


def r_squared(tally: RegressionTally) -> Value:
    """Give ``1 - sum((target - prediction)^2) / sum((target - mean(target))^2)``, with the window's mean.

    Undefined for a constant target, where scikit-learn says 1.0 or 0.0 by convention.
    """
    if tally.n < 2:
        return Undefined(ONE_ROW if tally.n else NO_ROWS)
    spread = Fraction(tally.n * tally.sums.target_square - tally.sums.target**2, tally.n)
    if not spread:
        return Undefined("the target is constant in the window")
    return exact.number(1 - _squares(tally) / (spread * Fraction(tally.ruler.targets.quantum) ** 2))


def max_error(tally: RegressionTally) -> Value:
    """Give ``max(|prediction - target|)``."""
    return max(abs(tally.errors.minimum), abs(tally.errors.maximum)) if tally.n else Undefined(NO_ROWS)


def error_standard_deviation(tally: RegressionTally) -> Value:
    """Give the unbiased standard deviation of ``prediction - target``."""
    if tally.n < 2:
        return Undefined(ONE_ROW if tally.n else NO_ROWS)
    return columns.standard_deviation(tally.errors)


def error_quantiles(tally: RegressionTally) -> dict[str, Value]:
    """Give quantiles of ``prediction - target``, as close as those of a column (see `quantiles.quantile`)."""
    if not tally.n:
        return dict.fromkeys(map(str, LEVELS), Undefined(NO_ROWS))
    return quantiles(tally.errors, LEVELS)


def estimation_group_shares(tally: RegressionTally) -> dict[str, Value]:
    """Give the share of rows below, within and above the reference's 5 % and 95 % error quantiles.

    In the reference they are 0.05, 0.9 and 0.05, or less outside where errors at the quantile tie.
    """
    return _by_group(tally, lambda group: exact.share(group.rows, tally.n, NO_ROWS))


def estimation_group_mean_errors(tally: RegressionTally) -> dict[str, Value]:
    """Give the mean of ``prediction - target`` per estimation group."""
    ruler = tally.ruler.errors

    def mean(group: Group) -> Value:
        if not group.rows:
            return Undefined("no rows of this group in the window" if tally.n else NO_ROWS)
        return exact.number(
            Fraction(ruler.center) + Fraction(group.total, group.rows) * Fraction(ruler.quantum)
        )

    return _by_group(tally, mean)


def _by_group(tally: RegressionTally, value: Callable[[Group], Value]) -> dict[str, Value]:
    if tally.ruler.under is None:
        return dict.fromkeys(tally.groups, Undefined(NO_LIMITS))
    return {name: value(group) for name, group in tally.groups.items()}


def _squares(tally: RegressionTally) -> Fraction:
    # sum((c + q x)^2) from the exact sums of x and x^2
    ruler, errors = tally.ruler.errors, tally.errors
    center, quantum = Fraction(ruler.center), Fraction(ruler.quantum)
    return tally.n * center**2 + quantum * (2 * center * errors.total + quantum * errors.square)


def _mean(total: int, n: int, quantum: float, why: str) -> Value:
    return exact.number(Fraction(total, n) * Fraction(quantum)) if n else Undefined(why)


REGRESSION: tuple[Statistic[RegressionTally] | LabelledStatistic[RegressionTally], ...] = (
    Statistic("mean_error", "Mean error", mean_error, "column", "mean(p - t)"),
    Statistic(
        "mean_absolute_error", "Mean absolute error", mean_absolute_error, "column", "mean(|p - t|)", "lower"
    ),
    Statistic(
        "root_mean_squared_error",
        "Root mean squared error",
        root_mean_squared_error,
        "column",
        "sqrt(mean((p - t)^2))",
        "lower",
    ),
    Statistic(
        "mean_absolute_percentage_error",
        "Mean absolute percentage error",
        mean_absolute_percentage_error,
        "",
        "mean(|p - t| / |t|) where t is not 0",
        "lower",
    ),
    Statistic(
        "symmetric_mean_absolute_percentage_error",
        "Symmetric mean absolute percentage error",
        symmetric_mean_absolute_percentage_error,
        "",
        "mean(2 |p - t| / (|p| + |t|)): Makridakis, 1993",
        "lower",
    ),
    Statistic(
        "r_squared",
        "R²",
        r_squared,
        "",
        "1 - sum((t - p)^2) / sum((t - mean(t))^2)",
        "higher",
    ),
    Statistic("max_error", "Largest error", max_error, "column", "max(|p - t|)", "lower"),
    Statistic(
        "error_standard_deviation",
        "Standard deviation of errors",
        error_standard_deviation,
        "column",
        "sqrt(sum((e - mean(e))^2) / (n - 1)), e = p - t",
        "lower",
    ),
    LabelledStatistic(
        "error_quantile",
        "Quantiles of errors",
        error_quantiles,
        "column",
        "Hyndman and Fan, 1996, type 7",
        "quantile",
        error_bounds=lambda tally: quantile_errors(tally.errors, LEVELS),
    ),
    LabelledStatistic(
        "estimation_group_share",
        "Share of rows per estimation group",
        estimation_group_shares,
        "ratio",
        "rows of the group / rows; limits: the reference's 5 % and 95 % error quantiles",
        "group",
    ),
    LabelledStatistic(
        "estimation_group_mean_error",
        "Mean error per estimation group",
        estimation_group_mean_errors,
        "column",
        "mean(p - t) of the group's rows",
        "group",
    ),
)
