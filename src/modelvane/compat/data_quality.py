"""``data_quality``: counts, shares and moments of each column, as rounded as they were in 2022."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from modelvane.compat.columns import Columns, kind_of, order
from modelvane.compat.distribution import Distribution, category_counts
from modelvane.compat.sample import PREFIX, Dataset, Sample, sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelvane.compat.facts import Facts
    from modelvane.compat.mapping import Roles

Kind: TypeAlias = Literal["num", "cat", "datetime"]

SERIES = "data_quality:quality_stat"


def reference(columns: Columns, roles: Roles) -> Iterator[Sample]:
    """Describe each column of the reference."""
    yield from _describe(columns, roles, "reference")


def current(facts: Facts, window: Columns) -> Iterator[Sample]:
    """Describe each column of the window, and compare the categories with the reference's."""
    yield from _describe(window, facts.roles, "current")
    for name, kind in _kinds(facts.roles).items():
        # 0.1.54 compared features and the target, but not the prediction
        if kind == "cat" and name in window and name != facts.roles.prediction:
            known, seen = _categories(facts.columns[name]), _categories(Distribution.of(window[name]))
            labels = {"dataset": "current", "feature": name, "feature_type": "cat"}
            yield from sample(SERIES, len(seen - known), metric="new_in_current_values_count", **labels)
            yield from sample(SERIES, len(known - seen), metric="unused_in_current_values_count", **labels)


def _kinds(roles: Roles) -> dict[str, Kind]:
    label_kind: Kind = "cat" if roles.task == "classification" else "num"
    kinds: dict[str, Kind] = {
        name: label_kind for name in (roles.target, roles.prediction) if isinstance(name, str)
    }
    kinds |= dict.fromkeys(roles.datetimes, "datetime")
    if roles.datetime is not None:
        kinds[roles.datetime] = "datetime"
    kinds |= dict.fromkeys(roles.categorical, "cat")
    kinds |= dict.fromkeys(roles.numerical, "num")
    return kinds


def _describe(columns: Columns, roles: Roles, dataset: Dataset) -> Iterator[Sample]:
    for name, kind in _kinds(roles).items():
        column = columns.get(name)
        if column is None or (kind != "cat" and kind_of(column) != _KIND_OF[kind]):
            continue
        for metric, value in _statistics(column, kind):
            labels = {"dataset": dataset, "feature": name, "feature_type": kind, "metric": metric}
            if metric == "most_common_value" and value is None:
                # here NaN is the answer, not the want of one: the most common value is "missing"
                yield Sample(PREFIX + SERIES, tuple(sorted(labels.items())), math.nan)
            else:
                yield from sample(SERIES, value, **labels)


_KIND_OF = {"num": "numerical", "datetime": "datetime"}


def _statistics(column: np.ndarray, kind: Kind) -> Iterator[tuple[str, object]]:
    rows = column.size
    if not rows:
        yield "count", 0
        return

    def percent(part: int) -> float:
        return float(np.round(100 * part / rows, 2))

    values, counts = _value_counts(column)
    present = int(counts.sum())
    missing = rows - present
    yield "count", present
    yield "missing_count", missing
    yield "missing_percentage", percent(missing)
    yield "unique_count", values.size
    yield "unique_percentage", percent(values.size)
    common, often = _most_common(values, counts)
    if missing > often:
        yield "most_common_value", None
        yield "most_common_value_percentage", percent(missing)
        if present:
            yield "most_common_not_null_value", common
            yield "most_common_not_null_value_percentage", percent(often)
    else:
        yield "most_common_value", np.round(common, 5) if kind == "num" else common
        yield "most_common_value_percentage", percent(often)
    if kind == "num":
        infinite = int(np.isinf(column).sum())
        yield "infinite_count", infinite
        yield "infinite_percentage", percent(infinite)
        yield from _moments(column[~np.isnan(column)].astype(np.float64))


def _moments(values: np.ndarray) -> Iterator[tuple[str, object]]:
    if not values.size:
        return
    # an infinity makes the mean infinite and the deviation undefined, as it did in 2022
    statistics = {
        "min": values.min(),
        "max": values.max(),
        "mean": values.mean(),
        "std": values.std(ddof=1) if values.size > 1 else np.nan,
    }
    for share, quantile in zip((25, 50, 75), np.percentile(values, [25, 50, 75]), strict=True):
        statistics[f"percentile_{share}"] = quantile
    for metric, value in statistics.items():
        yield metric, np.round(value, 2)


def _value_counts(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kind = kind_of(column)
    if kind == "categorical":
        counted = category_counts(column)
        values = np.fromiter(counted, dtype=object, count=len(counted))
        return values, np.fromiter(counted.values(), np.int64, len(counted))
    empty = np.isnat(column) if kind == "datetime" else np.isnan(column)
    values, counts = np.unique(column[~empty], return_counts=True)
    return values, counts


def _most_common(values: np.ndarray, counts: np.ndarray) -> tuple[Any, int]:
    # of equally common values the smallest, so that the order of rows does not matter
    if not values.size:
        return None, 0
    often = int(counts.max())
    return min(values[counts == often], key=order), often


def _categories(distribution: Distribution) -> set[Any]:
    # a missing value is one category more, as it was in 2022
    return set(distribution.frequencies) | ({None} if distribution.missing else set())
