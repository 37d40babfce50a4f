"""How differently a model treats groups of people: rates and errors of each group, and the gaps between groups.

A group with fewer rows under a rate than it takes has no rate, and is in no gap: its own small number would be the gap.
Whatever is compared is compared in pairs of groups, and the pair that is furthest apart is told. Where there are
several pairs each interval is wider, so that all of them together have the confidence (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple, TypeAlias

from modelvane.statistics import regression
from modelvane.statistics.base import Better
from modelvane.statistics.intervals import (
    Mean,
    Share,
    difference_of_means,
    difference_of_shares,
    ratio_of_shares,
)
from modelvane.tallies.classification import ConfusionTally
from modelvane.tallies.regression import RegressionTally
from modelvane.undefined import Undefined, Value

CONFIDENCE = 0.95

Level: TypeAlias = Share | Mean
"""What a group has: a share of its rows, or a mean over them."""


@dataclass(frozen=True, slots=True)
class Group:
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


@dataclass(frozen=True, slots=True)
class GroupMeasure:
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


@dataclass(frozen=True, slots=True)
class Parity:
    """One gap between groups; ``of`` is what is compared, where it is several things the widest gap counts."""

    name: str
    title: str
    unit: str
    source: str
    kind: Literal["difference", "ratio"]
    of: tuple[GroupMeasure, ...]
    better: Better


class Gap(NamedTuple):
    """The widest gap.

    Parameters
    ----------
    value
        0 is no difference, 1 no difference in ratio.
    n
        Rows under the two groups that it is between; of an undefined one, under all groups.
    between
        What is said of it: measure, groups, their values and rows, the interval.
    left_out
        Groups with too few rows, each with its number.
    """

    value: Value
    n: int
    between: str = ""
    left_out: str = ""


def gap(parity: Parity, groups: Mapping[str, Group], least: int, reference: str | None = None) -> Gap:
    """Compare groups.

    Parameters
    ----------
    least
        Rows that a group needs under each rate.
    reference
        The group that the others are compared with; every pair is compared otherwise.
    """
    found: list[Gap] = []
    left_out: dict[str, int] = {}
    levels = [(measure, {name: measure.of(group) for name, group in groups.items()}) for measure in parity.of]
    usable = [
        (measure, {name: level for name, level in known.items() if level.whole >= max(least, 1)})
        for measure, known in levels
    ]
    pairs = sum(1 for _, known in usable for _ in _pairs(known, reference))
    for (measure, every), (_, known) in zip(levels, usable, strict=True):
        for name in every.keys() - known.keys():
            left_out[name] = min(every[name].whole, left_out.get(name, every[name].whole))
        if len(known) < 2 or (reference is not None and reference not in known):
            return Gap(
                Undefined(_why(measure, every, known, least, reference)), sum(x.whole for x in every.values())
            )
        for one, other in _pairs(known, reference):
            found += _compared(parity.kind, measure, (one, known[one]), (other, known[other]), pairs)
    if not found:
        names = " and ".join(measure.noun for measure in parity.of)
        n = sum(level.whole for _, known in usable for level in known.values())
        return Gap(Undefined(f"{names} is 0 in every group, so there is no ratio"), n)
    widest = (min if parity.kind == "ratio" else max)(found, key=_value)
    few = ", ".join(f"{name} ({left_out[name]})" for name in groups if name in left_out)
    return widest._replace(left_out=f"too few rows in {few}" if few else "")


def _value(gap: Gap) -> float:
    assert isinstance(gap.value, float)  # noqa: S101 - only those are compared
    return gap.value


def _pairs(known: Mapping[str, Level], reference: str | None) -> Iterator[tuple[str, str]]:
    if reference is None:
        yield from combinations(known, 2)
    elif reference in known:
        yield from ((reference, name) for name in known if name != reference)


def _compared(
    kind: str, measure: GroupMeasure, one: tuple[str, Level], other: tuple[str, Level], pairs: int
) -> Iterator[Gap]:
    (low_name, low), (high_name, high) = sorted((one, other), key=lambda each: each[1].value)
    confidence = 1 - (1 - CONFIDENCE) / pairs
    interval: tuple[float, float] | None = None
    if isinstance(low, Share) and isinstance(high, Share):
        if kind == "ratio":
            if not high.part:
                return
            value, interval = low.value / high.value, ratio_of_shares(low, high, confidence)
        else:
            value, interval = high.value - low.value, difference_of_shares(high, low, confidence)
    else:
        assert isinstance(low, Mean)  # noqa: S101 - one measure gives one kind of level
        assert isinstance(high, Mean)  # noqa: S101 - as above
        value, interval = high.value - low.value, difference_of_means(high, low, confidence)
    ends = "no interval" if interval is None else f"{interval[0]:.3g} to {interval[1]:.3g}"
    yield Gap(
        value,
        low.whole + high.whole,
        f"{measure.noun} {low.value:.3g} of {low_name} ({low.whole} rows), "
        f"{high.value:.3g} of {high_name} ({high.whole} rows); {CONFIDENCE:.0%}: {ends}",
    )


def _why(
    measure: GroupMeasure,
    every: Mapping[str, Level],
    known: Mapping[str, Level],
    least: int,
    reference: str | None,
) -> str:
    if not any(level.whole for level in every.values()):
        return measure.lacking
    counts = ", ".join(f"{name} {level.whole}" for name, level in every.items())
    needed = "two groups" if reference is None else f"the group {reference} and another"
    if reference is not None and reference in known:
        needed = f"a group beside {reference}"
    return f"{measure.noun} takes {needed} of {least} rows or more; there are {counts}"


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
