"""What is estimated of which task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelvane.estimates.classification import CLASSIFIER
from modelvane.estimates.estimate import Estimated
from modelvane.estimates.regression import REGRESSOR
from modelvane.schema import Task

ESTIMATED: Mapping[Task, Sequence[Estimated]] = {
    Task.REGRESSION: REGRESSOR,
    Task.CLASSIFICATION: CLASSIFIER,
}
"""Statistics of performance, in the order in which they are told."""
