"""What is measured of groups of people that a model may treat differently, and what is compared between them.

A group with fewer rows under a rate than it takes has no rate, and is in no gap: its own small number would be the gap.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from msgspec import Struct

from modelvane.statistics import regression
from modelvane.statistics.base import Better
from modelvane.statistics.intervals import Mean, Share
from modelvane.tallies.classification import ConfusionTally
from modelvane.tallies.regression import RegressionTally
from modelvane.undefined import Undefined, Value

Level: TypeAlias = Share | Mean
"""What a group has: a share of its rows, or a mean over them."""


class Group(Struct, frozen=True):
    """What is known of the rows of one group.

    Parameters
    ----------
    selected
        Predictions of the positive class, of all predictions; ``None`` for a regression.
    confusion, positive
        Predicted and true classes of the labelled rows, and the name of the positive one.
    errors
        Errors of the labelled rows of a regression.
    """

    selected: Share | None = None
    confusion: ConfusionTally | None = None
    positive: str = ""
    errors: RegressionTally | None = None

    def rows(self, *, true: bool | None = None, predicted: bool | None = None) -> int:
        """Count labelled rows by whether their target and their prediction are the positive class."""
        if self.confusion is None:
            return 0
        at = self.confusion.ruler.codes([self.positive])[0]
        matrix = self.confusion.matrix
        both, targets, predictions = int(matrix[at, at]), int(matrix[at].sum()), int(matrix[:, at].sum())
        counts = {
            (True, True): both,
            (True, False): targets - both,
            (False, True): predictions - both,
            (False, False): self.confusion.n - targets - predictions + both,
        }
        return sum(
            count
            for (is_true, is_predicted), count in counts.items()
            if true in (None, is_true) and predicted in (None, is_predicted)
        )


def selection_rate(group: Group) -> Level:
    """Give the share of predictions that are the positive class."""
    return group.selected or Share(0, 0)


def true_positive_rate(group: Group) -> Level:
    """Give the share of positive targets that were predicted."""
    return Share(group.rows(true=True, predicted=True), group.rows(true=True))


def false_positive_rate(group: Group) -> Level:
    """Give the share of other targets that were predicted as positive."""
    return Share(group.rows(true=False, predicted=True), group.rows(true=False))


def precision(group: Group) -> Level:
    """Give the share of positive predictions that are right."""
    return Share(group.rows(true=True, predicted=True), group.rows(predicted=True))


def mean_error(group: Group) -> Level:
    """Give ``mean(prediction - target)``."""
    errors = group.errors
    value = regression.mean_error(errors) if errors is not None else None
    if errors is None or not isinstance(value, float):
        return Share(0, 0)
    deviation = regression.error_standard_deviation(errors)
    return Mean(value, errors.n, deviation**2 if isinstance(deviation, float) else None)


def mean_absolute_error(group: Group) -> Level:
    """Give ``mean(|prediction - target|)``; its variance follows from the mean square."""
    errors = group.errors
    value = regression.mean_absolute_error(errors) if errors is not None else None
    if errors is None or not isinstance(value, float):
        return Share(0, 0)
    root = regression.root_mean_squared_error(errors)
    n = errors.n
    variance = max(root**2 - value**2, 0.0) * n / (n - 1) if n > 1 and isinstance(root, float) else None
    return Mean(value, n, variance)


class GroupMeasure(Struct, frozen=True):
    """One number of each group; parameters as in `modelvane.statistics.base.Statistic`, ``of`` gives the number."""

    name: str
    title: str
    unit: str
    source: str
    of: Callable[[Group], Level]
    lacking: str
    better: Better = None

    @property
    def noun(self) -> str:
        """Its name in a sentence."""
        return self.title.removesuffix(" per group").lower()

    def value(self, group: Group, least: int) -> tuple[Value, int]:
        """Give the value of a group and the rows that it rests on; undefined for fewer rows than ``least``."""
        level = self.of(group)
        if not level.whole:
            return Undefined(self.lacking), 0
        if level.whole < least:
            return Undefined(_too_few(level.whole, least)), level.whole
        return level.value, level.whole


class Parity(Struct, frozen=True):
    """One gap between groups; ``of`` is what is compared, where it is several things the widest gap counts."""

    name: str
    title: str
    unit: str
    source: str
    kind: Literal["difference", "ratio"]
    of: tuple[GroupMeasure, ...]
    better: Better


def _too_few(n: int, least: int) -> str:
    return f"{n} {'row' if n == 1 else 'rows'}; it takes {least}"


_NO_PREDICTIONS = "no predictions of this group in the window"
_NO_ERRORS = "no rows of this group with a finite prediction and target in the window"

SELECTION_RATE = GroupMeasure(
    "group_selection_rate",
    "Selection rate per group",
    "ratio",
    "positive predictions / predictions",
    selection_rate,
    _NO_PREDICTIONS,
)
TRUE_POSITIVE_RATE = GroupMeasure(
    "group_true_positive_rate",
    "True positive rate per group",
    "ratio",
    "positive predictions / positive targets, of rows whose target is positive",
    true_positive_rate,
    "no positive targets of this group in the window",
    "higher",
)
FALSE_POSITIVE_RATE = GroupMeasure(
    "group_false_positive_rate",
    "False positive rate per group",
    "ratio",
    "positive predictions / other targets, of rows whose target is not positive",
    false_positive_rate,
    "no other targets of this group in the window",
    "lower",
)
PRECISION = GroupMeasure(
    "group_precision",
    "Precision per group",
    "ratio",
    "positive targets / positive predictions, of rows predicted as positive",
    precision,
    "no labelled positive predictions of this group in the window",
    "higher",
)
MEAN_ERROR = GroupMeasure(
    "group_mean_error", "Mean error per group", "column", "mean(p - t)", mean_error, _NO_ERRORS
)
MEAN_ABSOLUTE_ERROR = GroupMeasure(
    "group_mean_absolute_error",
    "Mean absolute error per group",
    "column",
    "mean(|p - t|)",
    mean_absolute_error,
    _NO_ERRORS,
    "lower",
)


def _both(
    name: str, title: str, of: tuple[GroupMeasure, ...], difference: str, ratio: str
) -> tuple[Parity, Parity]:
    return (
        Parity(f"{name}_difference", f"{title}, difference", "", difference, "difference", of, "lower"),
        Parity(f"{name}_ratio", f"{title}, ratio", "ratio", ratio, "ratio", of, "higher"),
    )


CLASSES_BY_GROUP = (SELECTION_RATE, TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE, PRECISION)
ERRORS_BY_GROUP = (MEAN_ERROR, MEAN_ABSOLUTE_ERROR)

CLASSES_BETWEEN = (
    *_both(
        "demographic_parity",
        "Demographic parity",
        (SELECTION_RATE,),
        "largest difference of selection rates",
        "smallest ratio of selection rates: the four-fifths rule asks for 0.8",
    ),
    *_both(
        "equalised_odds",
        "Equalised odds",
        (TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE),
        "the larger of the differences of true and of false positive rates: Hardt et al., 2016",
        "the smaller of the ratios of true and of false positive rates: Hardt et al., 2016",
    ),
    *_both(
        "equal_opportunity",
        "Equal opportunity",
        (TRUE_POSITIVE_RATE,),
        "largest difference of true positive rates: Hardt et al., 2016",
        "smallest ratio of true positive rates: Hardt et al., 2016",
    ),
    *_both(
        "predictive_parity",
        "Predictive parity",
        (PRECISION,),
        "largest difference of precisions: Chouldechova, 2017",
        "smallest ratio of precisions: Chouldechova, 2017",
    ),
)
ERRORS_BETWEEN = (
    Parity(
        "mean_error_difference",
        "Mean error, difference between groups",
        "column",
        "largest difference of mean(p - t)",
        "difference",
        (MEAN_ERROR,),
        "lower",
    ),
    Parity(
        "mean_absolute_error_difference",
        "Mean absolute error, difference between groups",
        "column",
        "largest difference of mean(|p - t|)",
        "difference",
        (MEAN_ABSOLUTE_ERROR,),
        "lower",
    ),
)
