"""What is estimated of a regression: its mean errors, from what is expected of each row."""

from __future__ import annotations

import math
from collections.abc import Callable

from modelvane import fixed
from modelvane.estimates.estimate import Estimate, Estimated
from modelvane.estimates.losses import LossRuler, LossTally
from modelvane.statistics.regression import REGRESSION
from modelvane.undefined import Undefined

NO_ROWS = "no rows with a prediction in the window"
NOT_POSITIVE = "the expected errors of these rows add up to nothing"


class EstimatedByLoss(Estimated, frozen=True):
    """A mean error that expected losses of rows let expect.

    Parameters
    ----------
    estimator
        Gives its value, standard error, and that of the value which these rows have once they are labelled.
    """

    estimator: Callable[[LossRuler, LossTally], tuple[float, float, float]]

    def estimate(self, ruler: LossRuler, tally: LossTally) -> Estimate | Undefined:
        """Give the estimate."""
        if not tally.n:
            return Undefined(NO_ROWS)
        if min(tally.absolute, tally.squared) <= 0:
            return Undefined(NOT_POSITIVE)
        promise = ruler.promises[self.of.name]
        return Estimate(*self.estimator(ruler, tally), promise.variance, promise.skewness)


def _absolute(ruler: LossRuler, tally: LossTally) -> tuple[float, float, float]:
    mean, squares = _means(tally, tally.absolute, tally.absolute_squares, ruler.quanta[0])
    square, _ = _means(tally, tally.squared, tally.squared_squares, ruler.quanta[1])
    # errors scatter about their mean, and about what is expected of their row
    return mean, _standard_error(square - mean**2, tally.n), _standard_error(square - squares, tally.n)


def _root(ruler: LossRuler, tally: LossTally) -> tuple[float, float, float]:
    mean, squares = _means(tally, tally.squared, tally.squared_squares, ruler.quanta[1])
    root = math.sqrt(mean)
    every = _standard_error(ruler.kurtosis * squares - mean**2, tally.n)
    given = _standard_error((ruler.kurtosis - 1.0) * squares, tally.n)
    return root, every / (2 * root), given / (2 * root)


def _means(tally: LossTally, total: int, squares: int, quantum: float) -> tuple[float, float]:
    return fixed.scaled(total, quantum) / tally.n, fixed.scaled(squares, quantum * quantum) / tally.n


def _standard_error(variance: float, n: int) -> float:
    return math.sqrt(max(variance, 0.0) / n)


_STATISTICS = {each.name: each for each in REGRESSION}
_NEEDS = "a numerical prediction, and a reference that learned its losses (`estimates: true`)"
_SOURCE = "expected from features and prediction by boosted trees: direct loss estimation"

REGRESSOR: tuple[EstimatedByLoss, ...] = (
    EstimatedByLoss(_STATISTICS["mean_absolute_error"], _NEEDS, _SOURCE, _absolute),
    EstimatedByLoss(_STATISTICS["root_mean_squared_error"], _NEEDS, _SOURCE, _root),
)
"""The mean squared error is the square of the root."""
