"""What predictions lose against their targets: exact sums of losses and of their squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane import fixed


class Loss(Struct, frozen=True):
    """One way to say how far a prediction is from its target; smaller is better.

    Parameters
    ----------
    name
        Of its mean over rows.
    quantum
        What losses are rounded to, a power of two.
    binary
        Whether a row loses 0 or 1.
    """

    name: str
    quantum: float
    binary: bool = False


class LossTally(Struct, frozen=True):
    """Losses of some rows; tallies of one ruler add, bit for bit in any grouping, and can be taken from each other.

    Parameters
    ----------
    n
        Rows that have a loss.
    totals, squares
        Exact sums of the losses, and of their squares, in quanta; one for each loss of the ruler.
    """

    n: int
    totals: tuple[int, ...]
    squares: tuple[int, ...]

    @classmethod
    def zero(cls, losses: int) -> LossTally:
        """Give the tally of no rows."""
        return cls(0, (0,) * losses, (0,) * losses)

    @classmethod
    def of(cls, quanta: Sequence[NDArray[np.float64]]) -> LossTally:
        """Tally rows.

        Parameters
        ----------
        quanta
            Whole numbers, one array for each loss; all of one length.
        """
        sums = [fixed.exact_sums(part) for part in quanta]
        return cls(len(quanta[0]), tuple(total for total, _ in sums), tuple(square for _, square in sums))

    def __add__(self, other: LossTally) -> LossTally:
        return LossTally(
            self.n + other.n,
            tuple(one + two for one, two in zip(self.totals, other.totals, strict=True)),
            tuple(one + two for one, two in zip(self.squares, other.squares, strict=True)),
        )

    def mean(self, at: int, quantum: float) -> float | None:
        """Give the mean of one loss; ``None`` without rows."""
        return fixed.mean_of(self.totals[at], self.n, 0.0, quantum) if self.n else None

    def variance(self, at: int, quantum: float) -> float | None:
        """Give its unbiased variance; ``None`` for fewer than two rows."""
        return fixed.variance_of(self.totals[at], self.squares[at], self.n, quantum) if self.n > 1 else None

    def worth(self, at: int) -> float:
        """Give how many rows one loss is worth: fewer than there are, the more a few rows make up its sum.

        ``(sum l)^2 / sum l^2`` (Kish, 1965): half of the rows for exponential losses, one where one row has all.
        """
        return self.totals[at] ** 2 / self.squares[at] if self.squares[at] else 0.0

    def facts(self) -> dict[str, Any]:
        """Give plain JSON values: integers of any size are text."""
        return {"n": self.n, "totals": list(map(str, self.totals)), "squares": list(map(str, self.squares))}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> LossTally:
        """Read what `facts` gave."""
        return cls(facts["n"], tuple(map(int, facts["totals"])), tuple(map(int, facts["squares"])))
