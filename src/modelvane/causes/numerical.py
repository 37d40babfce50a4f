"""Which simple change of a reference's numbers gives the current ones.

A change T that happens to a share s of the rows turns the reference's distribution function F into
``G = (1 - s) F + s F_T``, where F_T is that of the changed numbers. For a given T the share is the least-squares
solution ``s = <F_T - F, G - F> / |F_T - F|^2`` over the ruler's edges. A change is named when what remains between the
two sides is no more than sampling leaves, and the mean is explained as well: off the ruler's ends F says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane import fixed
from modelvane.causes.cause import Cause, Change
from modelvane.tallies.numerical import NumericalTally
from modelvane.units import conversions

Floats = NDArray[np.float64]

LEAST_ROWS = 50
LEAST_SHARE = 0.02
_POINTS = 128
_GRID = 48
# two-sample Kolmogorov-Smirnov at 0.1 %: what remains is noise below it
_NOISE = 1.95
# or so small a part of the change that another name for it would be wrong as well
_UNEXPLAINED = 0.1
_MEAN_ERRORS = 4.0
# a unit is named where it leaves little, or little more than any other constant
_SURE = 0.4
_AS_GOOD = 1.25
# changes that mostly happen to all rows: to a part of them they are named where they leave little
_OF_ALL = frozenset({Change.UNIT, Change.SCALED, Change.SHIFTED})
_MOST = 0.9
_SURE_OF_SOME = 0.6
# squares of such numbers, changed by any constant, are still floats
_LARGEST = 1e100


class _Side(Struct, frozen=True):
    """A distribution function on its ruler, read anywhere between the edges."""

    edges: Floats
    at: Floats
    """Share of the rows up to and with each edge."""
    inside: Floats
    """Share of the rows in the open cell above each edge but the last."""

    @classmethod
    def of(cls, tally: NumericalTally) -> _Side:
        counts = tally.cells.dense()[0] / tally.n
        total = np.cumsum(counts)
        return cls(tally.ruler.edges, total[1::2], counts[2:-1:2])

    @property
    def quartiles(self) -> Floats:
        """Give the edges that a quarter, half and three quarters of the rows reach."""
        return self.edges[np.minimum(np.searchsorted(self.at, [0.25, 0.5, 0.75]), len(self.edges) - 1)]

    def __call__(self, points: Floats) -> Floats:
        """Give the share of rows up to and with each point, taken as even within an open cell."""
        edges = self.edges
        left = np.searchsorted(edges, points, side="right") - 1
        inner = np.clip(left, 0, len(edges) - 2)
        part = (points - edges[inner]) / (edges[inner + 1] - edges[inner])
        value = self.at[inner] + self.inside[inner] * np.clip(part, 0.0, 1.0)
        # the last edge is the reference's maximum: nothing of it lies above
        value = np.where(left >= len(edges) - 1, self.at[-1], value)
        return np.where(left < 0, 0.0, value)


class _Fit(Struct, frozen=True):
    """A change, the share of rows that fits best, and how much it leaves unexplained (1: as much as may be)."""

    change: Change
    text: str
    share: float
    left: float

    @property
    def is_good(self) -> bool:
        """Whether it can be told from chance: a share that is free as well fits more."""
        is_of_some = self.share < _MOST and self.change in _OF_ALL
        return self.share >= LEAST_SHARE and self.left <= (_SURE_OF_SOME if is_of_some else 1.0)

    @property
    def cause(self) -> Cause:
        return Cause(self.change, self.text, self.share)


def numerical_cause(reference: NumericalTally, current: NumericalTally) -> Cause | None:
    """Name the change that explains the current numbers; ``None`` where no simple one does.

    A known change of units is named before any other constant.

    Parameters
    ----------
    reference, current
        On one ruler.
    """
    if min(reference.n, current.n) < LEAST_ROWS or len(reference.ruler.edges) < 2:
        return None
    ends = (reference.minimum, reference.maximum, current.minimum, current.maximum)
    if max(map(abs, ends)) > _LARGEST:
        return None
    search = _Search(reference, current)
    if np.abs(search.moved).max() <= search.noise:
        return None
    fits = [fit for fit in search.fits() if fit.is_good]
    best = min(fits, key=lambda fit: fit.left, default=None)
    if best is None:
        return None
    units = (
        fit for fit in fits if fit.change is Change.UNIT and fit.left <= max(_SURE, _AS_GOOD * best.left)
    )
    return next(units, best).cause


class _Search:
    def __init__(self, reference: NumericalTally, current: NumericalTally) -> None:
        self.reference, self.current = reference, current
        self.before, self.after = _Side.of(reference), _Side.of(current)
        edges = reference.ruler.edges
        chosen = np.unique(np.linspace(0, len(edges) - 1, _POINTS).astype(int))
        self.points = edges[chosen]
        self.was = self.before(self.points)
        self.moved = self.after.at[chosen] - self.was
        m = reference.n * current.n / (reference.n + current.n)
        self.noise = _NOISE / math.sqrt(m)
        self.allowed = max(self.noise, _UNEXPLAINED * float(np.abs(self.moved).max()))
        self.spread = math.sqrt(reference.variance)
        self.spread_now = math.sqrt(current.variance)

    def fits(self) -> Iterator[_Fit]:
        yield self._unit()
        if self.spread > 0:
            yield self._scaled()
            yield self._shifted()
        value = self._gained()
        if value is not None:
            yield self._stuck(value)
            yield from self._truncated(value)

    def _explained(self, changed: Floats) -> tuple[Floats, Floats]:
        """Give the best share of each change and what it leaves; ``changed`` is F_T, shape (changes, points)."""
        steps = changed - self.was
        size = (steps * steps).sum(axis=1)
        shares = np.divide(steps @ self.moved, size, out=np.zeros(len(size)), where=size > 0)
        shares = np.clip(shares, 0.0, 1.0)
        return shares, np.abs(self.moved - shares[:, None] * steps).max(axis=1) / self.allowed

    def _affine(self, factors: Floats, offsets: Floats) -> tuple[Floats, Floats]:
        """Give the same of the changes ``factor * x + offset``, the mean among what is left."""
        shares, left = self._explained(self.before((self.points - offsets[:, None]) / factors[:, None]))
        mean, now = self.reference.mean, self.current.mean
        expected = mean + shares * ((factors - 1) * mean + offsets)
        error = math.hypot(
            self.spread / math.sqrt(self.reference.n), self.spread_now / math.sqrt(self.current.n)
        )
        allowed = _MEAN_ERRORS * error + _UNEXPLAINED * abs(now - mean)
        return shares, np.maximum(left, np.abs(expected - now) / allowed) if allowed > 0 else left

    def _unit(self) -> _Fit:
        known = list(conversions().items())
        shares, left = self._affine(*np.array([constants for constants, _ in known]).T)
        best = int(np.argmin(left))
        (factor, offset), pairs = known[best]
        added = f" and {offset:+.4g}" if offset else ""
        named = " or ".join(f"{one} to {other}" for one, other in pairs)
        text = f"values multiplied by {factor:.4g}{added}, as from {named},"
        return _Fit(Change.UNIT, text, float(shares[best]), float(left[best]))

    def _scaled(self) -> _Fit:
        before, after = self.before.quartiles, self.after.quartiles
        likely = np.divide(after, before, out=np.ones(3), where=before != 0)
        tried = np.concatenate((np.geomspace(1e-3, 1e3, _GRID), likely[likely > 0]))
        factor, share, left = self._best(tried, lambda factors: self._affine(factors, np.zeros(len(factors))))
        return _Fit(Change.SCALED, f"values multiplied by {factor:.3g}", share, left)

    def _shifted(self) -> _Fit:
        before, after = self.before.quartiles, self.after.quartiles
        sizes = (before[2] - before[0] or self.spread) * np.geomspace(0.03, 30.0, _GRID // 2)
        tried = np.concatenate((-sizes, sizes, after - before))
        by, share, left = self._best(tried, lambda offsets: self._affine(np.ones(len(offsets)), offsets))
        text = f"{by:.3g} added to values" if by > 0 else f"{-by:.3g} subtracted from values"
        return _Fit(Change.SHIFTED, text, share, left)

    def _best(
        self, tried: Floats, explain: Callable[[Floats], tuple[Floats, Floats]]
    ) -> tuple[float, float, float]:
        """Give the value that leaves least, its share, and what it leaves; finer steps around the best so far."""
        for width in (1.4, 1.06, 1.0):
            shares, left = explain(tried)
            best = int(np.argmin(left))
            if width > 1:
                tried = np.append(tried[best] * np.geomspace(1 / width, width, _GRID // 2), tried[best])
        return float(tried[best]), float(shares[best]), float(left[best])

    def _stuck(self, value: float) -> _Fit:
        shares, left = self._explained((self.points >= value)[None, :].astype(float))
        return _Fit(
            Change.STUCK, f"the value {value:.4g} in place of others", float(shares[0]), float(left[0])
        )

    def _truncated(self, value: float) -> Iterator[_Fit]:
        ends = abs(value - self.current.minimum), abs(value - self.current.maximum)
        if min(ends) > self.reference.ruler.quantum and value not in self.reference.ruler.edges:
            # values anywhere in an open cell are no one value
            return
        above = 1.0 - float(self.before(np.array([value]))[0])
        for side, beyond, changed in (
            ("above", above, np.where(self.points >= value, 1.0, self.was)),
            ("below", 1.0 - above, np.where(self.points < value, 0.0, self.was)),
        ):
            shares, left = self._explained(changed[None, :])
            text = f"values cut off {side} {value:.4g}"
            yield _Fit(Change.TRUNCATED, text, float(shares[0]) * beyond, float(left[0]))

    def _gained(self) -> float | None:
        """Give the value that many rows have now: the edge that gained most, or the mean of an open cell that did."""
        if self.current.minimum == self.current.maximum:
            return self.current.minimum
        counts, high, low = self.current.cells.dense()
        gained = counts / self.current.n - self.reference.cells.dense()[0] / self.reference.n
        cell = 1 + int(np.argmax(gained[1:-1]))
        if cell % 2:
            return float(self.reference.ruler.edges[cell // 2])
        if not counts[cell]:
            return None
        ruler = self.reference.ruler
        total = (int(high[cell]) << 32) + int(low[cell])
        return fixed.mean_of(total, int(counts[cell]), ruler.center, ruler.quantum)
