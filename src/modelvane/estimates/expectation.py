"""What the reference's rows were expected to be, measure by measure, and how windows of it kept to that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from numpy.typing import NDArray

from modelvane.calibration.habit import Habit


class Expectation(Struct, frozen=True, eq=False):
    """What was expected of the reference's rows by what is calibrated on it.

    Parameters
    ----------
    value
        Over the reference.
    variance, skewness
        Of what one row adds to the value.
    habit, error_habit
        How far windows in order of time were from the value, and from their own labels; ``None`` without times.
    gap
        How far the value is from that of the labels.
    """

    value: float
    variance: float
    skewness: float
    habit: Habit | None
    error_habit: Habit | None
    gap: float = 0.0


def facts_of(expectations: Mapping[str, Expectation]) -> dict[str, list[str]]:
    """Give their numbers by name, exactly, as JSON values."""
    return {
        name: [each.hex() for each in (found.value, found.variance, found.skewness, found.gap)]
        for name, found in expectations.items()
    }


def arrays_of(expectations: Mapping[str, Expectation]) -> dict[str, NDArray[Any]]:
    """Give their habits."""
    return {
        f"{part}/{name}": habit.to_array()
        for name, found in expectations.items()
        for part, habit in (("habit", found.habit), ("error_habit", found.error_habit))
        if habit is not None
    }


def read(facts: Mapping[str, Sequence[str]], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Expectation]:
    """Read what `facts_of` and `arrays_of` gave; files of an earlier version have no gap of regressions."""

    def habit(part: str, name: str) -> Habit | None:
        return Habit.from_array(arrays[f"{part}/{name}"]) if f"{part}/{name}" in arrays else None

    def one(name: str, told: Sequence[str]) -> Expectation:
        value, variance, skewness, *gap = map(float.fromhex, told)
        return Expectation(value, variance, skewness, habit("habit", name), habit("error_habit", name), *gap)

    return {name: one(name, told) for name, told in facts.items()}
