"""How far groups are apart.

Whatever is compared is compared in pairs of groups, and the pair that is furthest apart is told. Where there are
several pairs each interval is wider, so that all of them together have the confidence (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from modelvane.formatting import share_text
from modelvane.statistics.fairness import Group, GroupMeasure, Level, Parity
from modelvane.statistics.intervals import (
    Mean,
    Share,
    difference_of_means,
    difference_of_shares,
    ratio_of_shares,
)
from modelvane.undefined import Undefined, Value

CONFIDENCE = 0.95


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
        f"{high.value:.3g} of {high_name} ({high.whole} rows); {share_text(CONFIDENCE, 0)}: {ends}",
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
