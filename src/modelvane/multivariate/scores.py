"""The score of a value: a small integer, frozen from the reference, so that products of scores add up exactly.

A score is at most `MOST` in size; `UNIT` is one standard deviation. Rows are scored in blocks of `BLOCK`, in which a
sum of products of scores is an integer below 2^24: float32 holds it, whatever the order of additions.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane import tails
from modelvane.block import Encoded
from modelvane.casting import Numbers
from modelvane.ruler import NumericalRuler
from modelvane.tallies.categorical import Codes
from modelvane.tallies.numerical import NumericalTally

UNIT = 8
MOST = 31
BLOCK = 1 << 14

Scores: TypeAlias = NDArray[np.int8]


class NumericalScores(Struct, frozen=True, eq=False):
    """The scores of a numerical column: of its bins, in their order; a value that is no number has the score 0.

    Parameters
    ----------
    limits
        The largest value of each bin but the last, strictly increasing.
    scores
        By bin, one more than limits.
    """

    limits: NDArray[np.float64]
    scores: Scores

    @classmethod
    def of(cls, tally: NumericalTally) -> NumericalScores:
        """Give each bin of the ruler its normal score: that of its middle rank (van der Waerden, 1952)."""
        ruler = tally.ruler
        assert isinstance(ruler, NumericalRuler)  # noqa: S101 - as its tally says
        counts = np.asarray(tally.sample.bins, np.float64)
        middle = (np.cumsum(counts) - counts / 2) / max(counts.sum(), 1)
        scores = whole(np.array([-tails.normal_point(rank) for rank in np.clip(middle, 1e-9, 1 - 1e-9)]))
        differ = np.flatnonzero(np.diff(scores))
        return cls(ruler.edges[ruler.bins][differ], scores[[*differ, len(scores) - 1]])

    def of_column(self, column: Encoded) -> Scores:
        """Give the score of each row."""
        assert isinstance(column, Numbers)  # noqa: S101 - encoded on the column's ruler
        bins = np.zeros(len(column), np.uint8)
        is_above = np.empty(min(len(column), BLOCK), bool)
        for start in range(0, len(column), BLOCK):
            values, block = column.values[start : start + BLOCK], bins[start : start + BLOCK]
            flags = is_above[: len(values)]
            # a few comparisons of all values are faster than a search for each
            for limit in self.limits:
                np.greater(values, limit, out=flags)
                block += flags.view(np.uint8)
        found = np.take(self.scores, bins)
        return found if column.faults is None else np.where(column.faults == 0, found, np.int8(0))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` reads."""
        return {"limits": self.limits, "scores": self.scores}


class CategoricalScores(Struct, frozen=True, eq=False):
    """The scores of a categorical column: by code; what the reference lacks and what is missing has the score 0."""

    scores: Scores

    def of_column(self, column: Encoded) -> Scores:
        """Give the score of each row."""
        assert isinstance(column, Codes)  # noqa: S101 - encoded on the column's ruler
        others = len(self.scores)
        known = np.where(column.codes < 0, others, np.minimum(column.codes, others))
        return np.take(np.append(self.scores, np.int8(0)), known)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` reads."""
        return {"scores": self.scores}


ColumnScores: TypeAlias = NumericalScores | CategoricalScores


def from_arrays(arrays: dict[str, NDArray[Any]]) -> ColumnScores:
    """Read what ``arrays`` of either kind gave."""
    scores = arrays["scores"].astype(np.int8)
    return NumericalScores(arrays["limits"], scores) if "limits" in arrays else CategoricalScores(scores)


def whole(deviates: NDArray[np.float64]) -> Scores:
    """Give standard deviations as scores.

    >>> whole(np.array([-9.0, 0.05, 1.0])).tolist()
    [-31, 0, 8]
    """
    return np.clip(np.rint(deviates * UNIT), -MOST, MOST).astype(np.int8)
