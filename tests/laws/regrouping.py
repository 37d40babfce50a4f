"""Adding parts in any grouping, and what every statistic owes to any tally."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.undefined import Undefined


def slices(rows: int, random: Random) -> list[slice]:
    """Cut rows into parts, some of them empty."""
    cuts = sorted(random.choices(range(rows + 1), k=random.randint(0, 4)))
    return [slice(low, high) for low, high in zip([0, *cuts], [*cuts, rows], strict=True)]


def regrouped(parts: list[Any], random: Random) -> Any:
    """Add parts two by two, in a random order and grouping."""
    parts = list(parts)
    while len(parts) > 1:
        one = parts.pop(random.randrange(len(parts)))
        other = parts.pop(random.randrange(len(parts)))
        parts.append(one + other)
    return parts[0]


def values_of(
    statistics: Iterable[Statistic[Any] | LabelledStatistic[Any]],
    tally: Any,
) -> dict[str, Any]:
    """Give every value of every statistic, by name."""
    found: dict[str, Any] = {}
    for statistic in statistics:
        value = statistic.function(tally)
        if isinstance(value, Mapping):
            found |= {f"{statistic.name}/{label}": one for label, one in value.items()}
        else:
            found[statistic.name] = value
    return found


def assert_finite_or_reasoned(
    statistics: Iterable[Statistic[Any] | LabelledStatistic[Any]],
    tally: Any,
) -> None:
    """Check that each value is a finite float, within [0, 1] if it is a ratio, or says why there is none."""
    for statistic in statistics:
        for name, value in values_of([statistic], tally).items():
            if isinstance(value, Undefined):
                assert value.why, name
            else:
                assert type(value) is float, name
                assert math.isfinite(value), name
                assert statistic.unit != "ratio" or 0.0 <= value <= 1.0, (name, value)
