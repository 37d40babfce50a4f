"""One value of one 2022 series."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "evidently:"

Dataset: TypeAlias = Literal["reference", "current"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A series name, its labels sorted by key, and a value.

    The label ``dataset_name`` is added by whoever exposes the sample.

    >>> next(sample("data_drift:n_drifted_features", 2))
    Sample(name='evidently:data_drift:n_drifted_features', labels=(), value=2.0)
    """

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


def sample(series: str, value: object, **labels: str) -> Iterator[Sample]:
    """Yield the sample, or nothing where there is no number to expose.

    Strings (a mode of a text column) have no place in a gauge, and an undefined value (``None`` or NaN, such
    as the standard deviation of one row) has no series.
    """
    number = as_number(value)
    if number is not None and not math.isnan(number):
        yield Sample(PREFIX + series, tuple(sorted(labels.items())), number)


def as_number(value: object) -> float | None:
    """Return the value as a float if it is a number or a boolean, otherwise ``None``.

    >>> as_number(True), as_number("74"), as_number(74)
    (1.0, None, 74.0)
    """
    # numpy's scalars register with the number protocols but are not all subclasses of float and int
    if hasattr(value, "item"):
        value = value.item()
    return float(value) if isinstance(value, bool | int | float) else None
