"""``data_drift``: a score per column, and how many columns drifted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelvane.compat.distribution import Distribution
from modelvane.compat.sample import Sample, sample
from modelvane.compat.stat_tests import FEW_VALUES, FeatureType, compare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelvane.compat.columns import Columns
    from modelvane.compat.facts import Facts

DRIFT_SHARE = 0.5


def current(facts: Facts, window: Columns) -> Iterator[Sample]:
    """Compare each feature, the target and the prediction of a window with the reference.

    A column that is absent or empty on either side has no score and no part in the share of drifted columns.
    """
    scores = {}
    for name, feature_type in drift_columns(facts):
        if name in window:
            score = compare(facts.columns[name], Distribution.of(window[name]), feature_type)
            if score is not None:
                scores[name, feature_type] = score
    if not scores:
        return
    drifted = sum(score.drifted for score in scores.values())
    share = drifted / len(scores)
    yield from sample("data_drift:share_drifted_features", share)
    yield from sample("data_drift:n_drifted_features", drifted)
    yield from sample("data_drift:dataset_drift", share >= DRIFT_SHARE)
    for (name, feature_type), score in scores.items():
        yield from sample("data_drift:p_value", score.value, feature=name, feature_type=feature_type)


def drift_columns(facts: Facts) -> Iterator[tuple[str, FeatureType]]:
    """Yield the columns to compare with their types.

    The target is numerical for a regression; the prediction is numerical for a regression or with more than
    five distinct reference values.
    """
    roles = facts.roles
    yield from ((name, "cat") for name in roles.categorical)
    yield from ((name, "num") for name in roles.numerical)
    if roles.target is not None:
        yield roles.target, "num" if roles.task == "regression" else "cat"
    if (labels := roles.label_column) is not None:
        reference = facts.columns[labels]
        many = reference.kind == "numerical" and reference.values.size > FEW_VALUES
        yield labels, "num" if roles.task == "regression" or many else "cat"
