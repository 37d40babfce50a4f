"""An estimate of a statistic of performance, and its sampling error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from modelvane.estimates.expected import Expected
from modelvane.estimates.isotonic import Floats
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.undefined import Undefined, Value

Moves = tuple[Floats, Floats]
"""How much a positive and a negative row of each score move a value, each of shape ``(CELLS,)``."""


ESTIMATE, ERROR = "estimated_", "estimate_error_"
"""What the names of estimates, and of how far they were off, begin with."""


class Estimate(Struct, frozen=True):
    """An estimated value, and how far chance takes others from it.

    Parameters
    ----------
    value
        The statistic of the expected tally.
    standard_error
        Of the value of so many labelled rows: scores and labels both vary from sample to sample.
    given_scores
        Of the value that these rows have once they are labelled: only labels vary.
    variance, skewness
        Of what one row adds to the estimate, to which its score alone matters.
    """

    value: float
    standard_error: float
    given_scores: float
    variance: float
    skewness: float

    @classmethod
    def of(cls, value: float, expected: Expected, moves: Moves) -> Estimate:
        """Propagate the variances of single rows to the value."""
        of_positive, of_negative = moves
        shares, rows, n = expected.by.shares, expected.rows, expected.n
        by_score = n * (shares * of_positive + (1.0 - shares) * of_negative)
        squares = np.square(by_score)
        between = float(rows @ squares) / n
        third = float(rows @ (squares * by_score)) / n
        within = float(expected.negatives @ (shares * np.square(of_positive - of_negative)))
        return cls(
            value,
            standard_error=float(np.sqrt(between / n + within)),
            given_scores=float(np.sqrt(within)),
            variance=between,
            skewness=third / between**1.5 if between > 0 else 0.0,
        )


class Estimated(Struct, frozen=True):
    """A statistic of performance that is estimated.

    Parameters
    ----------
    of
        The statistic.
    needs, source
        What else must be there, and how it is estimated.
    """

    of: Statistic[Any] | LabelledStatistic[Any]
    needs: str
    source: str

    @property
    def name(self) -> str:
        """The name of the estimate."""
        return f"{ESTIMATE}{self.of.name}"

    @property
    def has_error(self) -> bool:
        """Whether past estimates are held against what labels said: of single values they are."""
        return isinstance(self.of, Statistic)

    @property
    def error(self) -> str:
        """The name of how far past estimates were from what labels said."""
        return f"{ERROR}{self.of.name}"

    def values(self, tally: Any) -> dict[str | None, Value]:
        """Give the value of a tally, realised or expected, by label."""
        found: dict[str | None, Value] = {}
        if isinstance(self.of, Statistic):
            found[None] = self.of.function(tally)
        else:
            found.update(self.of.function(tally))
        return found


class EstimatedByScore(Estimated, frozen=True):
    """A statistic that the scores of rows let expect.

    Parameters
    ----------
    kind
        Of the tally that it is a function of.
    moves
        Gives how much rows move it: once, or for each label.
    by_matrix
        Of a confusion, gives the same by target and prediction, from the expected rows of each pair.
    bend
        Of scores whose value is far from linear in the labels, gives half its second derivative by a label of each
        score that turns positive, from expected positives and negatives, each of shape ``(CELLS,)``.
    """

    kind: Literal["confusion", "scores"]
    moves: Callable[[Expected], Iterator[Moves]]
    by_matrix: Callable[[Floats], Iterator[Floats]] | None = None
    bend: Callable[[Floats, Floats], Floats] | None = None

    def estimates(self, expected: Expected) -> dict[str | None, Estimate | Undefined]:
        """Give the estimate of each label."""
        values = self.values(getattr(expected, self.kind))
        found: dict[str | None, Estimate | Undefined] = {}
        moves = self.moves(expected) if any(isinstance(each, float) for each in values.values()) else ()
        for (label, value), moved in zip(values.items(), moves, strict=False):
            if isinstance(value, Undefined):
                found[label] = value
            else:
                found[label] = Estimate.of(self._over_labels(value, expected), expected, moved)
        return found or {label: each for label, each in values.items() if isinstance(each, Undefined)}

    def _over_labels(self, value: float, expected: Expected) -> float:
        """Give the mean of the value over the labels that rows may have, to second order."""
        if self.bend is None:
            return value
        variances = expected.negatives * expected.by.shares
        # a few rows have a mean that is further off; none is above 1
        return min(value + float(variances @ self.bend(expected.positives, expected.negatives)), 1.0)
