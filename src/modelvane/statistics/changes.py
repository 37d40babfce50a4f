"""Which values of all rows are taken apart by segment: means over rows, whose exact sums the tallies hold."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from msgspec import Struct

from modelvane.statistics.decomposition import Part
from modelvane.tallies.classification import ConfusionTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.regression import RegressionTally

NOTHING = Part(0, Fraction(0))
KITAGAWA = "Kitagawa, 1955"


class Changing(Struct, frozen=True):
    """A mean over rows.

    Parameters
    ----------
    name, title, unit
        Of the value.
    kind
        Of the tally that holds it: a kind of performance, or ``"prediction"``.
    part
        Gives rows and exact sum of such a tally.
    """

    name: str
    title: str
    unit: str
    kind: str
    part: Callable[[Any], Part]


def _absolute_error(tally: RegressionTally) -> Part:
    return Part(tally.n, Fraction(tally.sums.absolute) * Fraction(tally.ruler.errors.quantum))


def _accuracy(tally: ConfusionTally) -> Part:
    return Part(tally.n, Fraction(tally.correct))


def _mean(tally: NumericalTally) -> Part:
    ruler = tally.ruler
    return Part(tally.n, tally.n * Fraction(ruler.center) + tally.total * Fraction(ruler.quantum))


CHANGES = (
    Changing("mean_absolute_error", "Mean absolute error", "column", "regression", _absolute_error),
    Changing("accuracy", "Accuracy", "", "confusion", _accuracy),
    Changing("mean_prediction", "Mean prediction", "column", "prediction", _mean),
)
