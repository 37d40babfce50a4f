"""``cat_target_drift``, ``num_target_drift``: drift of target and prediction, correlations with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modelvane.compat.columns import Columns, kind_of, row_count
from modelvane.compat.distribution import Distribution
from modelvane.compat.sample import Dataset, Sample, sample
from modelvane.compat.stat_tests import FeatureType, compare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelvane.compat.facts import Facts
    from modelvane.compat.mapping import Roles


def categorical_current(facts: Facts, window: Columns) -> Iterator[Sample]:
    """Compare target and prediction as categories, and count the rows.

    0.1.54 gave the reference's count the label ``dataset="prediction"``. Old dashboards ask for it by that
    name, so it is there under both.
    """
    for dataset in ("reference", "prediction"):
        yield from sample("cat_target_drift:count", facts.rows, dataset=dataset)
    yield from sample("cat_target_drift:count", row_count(window), dataset="current")
    yield from _drift("cat_target_drift", "cat", facts, window)


def numerical_current(facts: Facts, window: Columns) -> Iterator[Sample]:
    """Compare target and prediction as numbers, count the rows, correlate the window's features with both."""
    yield from sample("num_target_drift:count", facts.rows, dataset="reference")
    yield from sample("num_target_drift:count", row_count(window), dataset="current")
    yield from _drift("num_target_drift", "num", facts, window)
    yield from correlations(window, facts.roles, "current")


def numerical_reference(columns: Columns, roles: Roles) -> Iterator[Sample]:
    """Correlate the reference's features with target and prediction."""
    yield from correlations(columns, roles, "reference")


def correlations(columns: Columns, roles: Roles, dataset: Dataset) -> Iterator[Sample]:
    """Correlate each numerical feature, and the column itself, with target and prediction.

    Each pair is taken over the rows where both are finite.
    """
    for kind, name in _kinds(roles):
        if kind_of(columns.get(name)) != "numerical":
            continue
        for feature in dict.fromkeys((*roles.numerical, name)):
            if kind_of(columns.get(feature)) == "numerical":
                yield from sample(
                    f"num_target_drift:{dataset}_correlations",
                    pearson(columns[feature], columns[name]),
                    feature=feature,
                    feature_type="num",
                    kind=kind,
                )


def pearson(x: np.ndarray, y: np.ndarray) -> float | None:
    """Give the product-moment correlation over the rows where both are finite; ``None`` if one is constant.

    >>> pearson(np.array([1.0, 2.0, 3.0, np.nan]), np.array([2.0, 4.0, 6.0, 0.0]))
    1.0
    """
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    dx, dy = x - x.mean(), y - y.mean()
    # scaled, so that no sum of squares overflows
    dx, dy = dx / np.abs(dx).max(), dy / np.abs(dy).max()
    r = np.dot(dx, dy) / np.sqrt(np.dot(dx, dx) * np.dot(dy, dy))
    return float(np.clip(r, -1.0, 1.0)) if np.isfinite(r) else None


def _drift(monitor: str, feature_type: FeatureType, facts: Facts, window: Columns) -> Iterator[Sample]:
    for kind, name in _kinds(facts.roles):
        if name in window:
            score = compare(facts.columns[name], Distribution.of(window[name]), feature_type)
            if score is not None:
                yield from sample(f"{monitor}:drift", score.value, kind=kind)


def _kinds(roles: Roles) -> Iterator[tuple[str, str]]:
    for kind, name in (("target", roles.target), ("prediction", roles.label_column)):
        if name is not None:
            yield kind, name
