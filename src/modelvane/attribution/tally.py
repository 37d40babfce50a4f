"""What is remembered of contributions: exact sums by feature."""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import mul
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane import fixed
from modelvane.errors import TallyMismatchError


class Scale(Struct, frozen=True):
    """Whose contributions are added, and in which unit.

    Parameters
    ----------
    features
        Their names, in order.
    quanta
        The unit of each one's integer sums, a power of two.
    """

    features: tuple[str, ...]
    quanta: tuple[float, ...]

    @classmethod
    def of(cls, features: tuple[str, ...], contributions: NDArray[np.float64], bits: int = 40) -> Scale:
        """Freeze it so that the largest contribution is at most 2 to the ``bits`` quanta.

        >>> Scale.of(("distance",), np.array([[3.0, -5.0]]), bits=3).quanta
        (1.0,)
        """
        reach = [_largest(each) for each in contributions]
        exponents = [np.frexp(largest)[1] - bits if largest else -bits for largest in reach]
        return cls(features, tuple(float(np.ldexp(1.0, max(int(each), -500))) for each in exponents))


def _largest(contributions: NDArray[np.float64]) -> float:
    finite = contributions[np.isfinite(contributions)]
    return float(np.abs(finite).max()) if len(finite) else 0.0


class FeatureSums(Struct, frozen=True):
    """Of one feature.

    Parameters
    ----------
    n
        Rows whose contribution is known.
    total, absolute, square
        Exact sums, in quanta, of contributions, of their sizes, and of their squares.
    """

    n: int = 0
    total: int = 0
    absolute: int = 0
    square: int = 0

    @classmethod
    def of(cls, contributions: NDArray[np.float64], quantum: float) -> FeatureSums:
        """Add contributions; those that are not finite are not known."""
        is_known = np.isfinite(contributions)
        known = contributions if is_known.all() else contributions[is_known]
        quanta = fixed.quantise(known, 0.0, quantum)
        is_far = np.isinf(quanta)
        # what a float does not hold is added as whole numbers
        far = fixed.big(known[is_far], 0.0, quantum) if is_far.any() else []
        quanta = quanta[~is_far] if far else quanta
        total, square = fixed.exact_sums(quanta)
        absolute = fixed.exact_sum(np.abs(quanta, out=quanta))
        return cls(
            len(known), total + sum(far), absolute + sum(map(abs, far)), square + sum(each**2 for each in far)
        )

    @classmethod
    def weighted(
        cls, contributions: NDArray[np.float64], counts: NDArray[np.int64], quantum: float
    ) -> FeatureSums:
        """Add contributions of rows each of which came so often."""
        is_known = np.isfinite(contributions)
        known, often = contributions[is_known], counts[is_known].tolist()
        near = fixed.quantise(known, 0.0, quantum)
        is_near = bool(np.isfinite(near).all())
        quanta = list(map(int, near.tolist())) if is_near else fixed.big(known, 0.0, quantum)
        return cls(
            sum(often),
            sum(map(mul, quanta, often)),
            sum(abs(each) * count for each, count in zip(quanta, often, strict=True)),
            sum(each**2 * count for each, count in zip(quanta, often, strict=True)),
        )

    def __add__(self, other: FeatureSums) -> FeatureSums:
        return FeatureSums(
            self.n + other.n,
            self.total + other.total,
            self.absolute + other.absolute,
            self.square + other.square,
        )

    def mean(self, quantum: float) -> float | None:
        """Give the mean contribution; ``None`` where none is known."""
        return fixed.mean_of(self.total, self.n, 0.0, quantum) if self.n else None

    def mean_absolute(self, quantum: float) -> float | None:
        """Give the mean size of the contributions; ``None`` where none is known."""
        return fixed.mean_of(self.absolute, self.n, 0.0, quantum) if self.n else None

    def standard_error(self, quantum: float) -> float | None:
        """Give that of the mean size; ``None`` of fewer than two rows."""
        if self.n < 2:
            return None
        return math.sqrt(fixed.variance_of(self.absolute, self.square, self.n, quantum) / self.n)


class ContributionTally(Struct, frozen=True):
    """Contributions of some rows; tallies of one scale add, bit for bit in any grouping.

    Parameters
    ----------
    scale
        Frozen from the reference.
    n
        Rows.
    complete
        Rows whose contributions are all known.
    sums
        By feature, in the order of the scale.
    """

    scale: Scale
    n: int
    complete: int
    sums: tuple[FeatureSums, ...]

    @classmethod
    def of(cls, scale: Scale, contributions: NDArray[np.float64]) -> ContributionTally:
        """Count rows.

        Parameters
        ----------
        contributions
            Shape ``(features, rows)``; what is not finite is not known.
        """
        sums = tuple(map(FeatureSums.of, contributions, scale.quanta))
        rows = contributions.shape[1]
        has_all = all(each.n == rows for each in sums)
        complete = rows if has_all else int(np.isfinite(contributions).all(axis=0).sum())
        return cls(scale, rows, complete, sums)

    @classmethod
    def weighted(
        cls, scale: Scale, contributions: NDArray[np.float64], counts: NDArray[np.int64]
    ) -> ContributionTally:
        """Count rows each of which came so often; parameters as in `of`."""
        sums = tuple(
            FeatureSums.weighted(each, counts, quantum)
            for each, quantum in zip(contributions, scale.quanta, strict=True)
        )
        complete = int(counts[np.isfinite(contributions).all(axis=0)].sum())
        return cls(scale, int(counts.sum()), complete, sums)

    def __add__(self, other: ContributionTally) -> ContributionTally:
        if self.scale != other.scale:
            raise TallyMismatchError(
                "Two tallies of contributions were counted against different references",
                received=other.scale.features,
                expected=", ".join(self.scale.features) + ", in the same quanta",
                remedy="Count both with the same reference file",
            )
        sums = tuple(one + another for one, another in zip(self.sums, other.sums, strict=True))
        return ContributionTally(self.scale, self.n + other.n, self.complete + other.complete, sums)

    @property
    def by_feature(self) -> tuple[tuple[str, ...], tuple[FeatureSums, ...]]:
        """Names, and what is remembered of each."""
        return self.scale.features, self.sums

    def mean_sizes(self) -> NDArray[np.float64] | None:
        """Give the mean size of the contributions of each feature; ``None`` where one has none."""
        found = list(map(FeatureSums.mean_absolute, self.sums, self.scale.quanta))
        return None if None in found else np.array(found, np.float64)

    def facts(self) -> dict[str, Any]:
        """Give everything as JSON values; sums as text, since they may be of any size."""
        return {
            "n": self.n,
            "complete": self.complete,
            "sums": [[each.n, str(each.total), str(each.absolute), str(each.square)] for each in self.sums],
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give nothing: there are no arrays."""
        return {}

    @classmethod
    def read(cls, scale: Scale, facts: Mapping[str, Any]) -> ContributionTally:
        """Read what `facts` gave."""
        sums = tuple(FeatureSums(n, *map(int, texts)) for n, *texts in facts["sums"])
        return cls(scale, facts["n"], facts["complete"], sums)
