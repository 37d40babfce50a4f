"""The plane near which the reference's rows lie, and how far from it others do."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.multivariate.correlation import correlations
from modelvane.multivariate.moments import CrossMoments

EXPLAINED = 0.65
"""Share of the variance of the reference's rows that its plane holds, at least."""

Floats = NDArray[np.float64]


class Plane(Struct, frozen=True, eq=False):
    """The first principal components of standardised scores (Pearson, 1901).

    Parameters
    ----------
    center, scale
        Mean and standard deviation of each column's scores, shape ``(columns,)``.
    axes
        Orthonormal, shape ``(columns, components)``; fewer components than columns.
    """

    center: Floats
    scale: Floats
    axes: Floats

    @classmethod
    def of(cls, moments: CrossMoments) -> Plane:
        """Learn it: as few components as hold `EXPLAINED` of the variance, and fewer than columns."""
        center = moments.sums / moments.n
        scale = np.sqrt(np.diagonal(moments.products) / moments.n - center**2)
        held, axes = np.linalg.eigh(correlations(moments))
        held, axes = np.maximum(held[::-1], 0.0), axes[:, ::-1]
        needed = 1 + int(np.searchsorted(np.cumsum(held), EXPLAINED * held.sum() * (1 - 1e-12)))
        return cls(center, scale, np.ascontiguousarray(axes[:, : min(needed, len(held) - 1)]))

    def errors(self, scores: NDArray[np.int8]) -> Floats:
        """Give the reconstruction error of each row.

        It is the squared distance from the plane, in standard deviations, per column.

        Parameters
        ----------
        scores
            Shape ``(rows, columns)``.
        """
        rows = (scores - self.center) / self.scale
        return np.asarray(((rows**2).sum(axis=1) - ((rows @ self.axes) ** 2).sum(axis=1)) / len(self.center))

    def error(self, n: Floats | float, sums: NDArray[Any], products: NDArray[Any]) -> Floats:
        """Give the mean of `errors` of rows, or of many sets of rows, of which the cross moments are known."""
        about, beside = self._about(n, sums, products), np.eye(len(self.center)) - self.axes @ self.axes.T
        return np.asarray((about * beside).sum(axis=(-2, -1)) / len(self.center))

    def error_by_column(self, moments: CrossMoments) -> Floats:
        """Give what each column has of the mean error, shape ``(columns,)``."""
        about = self._about(float(moments.n), moments.sums, moments.products)
        beside = np.eye(len(self.center)) - self.axes @ self.axes.T
        return np.asarray(np.diagonal(beside @ about @ beside) / len(self.center))

    def _about(self, n: Floats | float, sums: NDArray[Any], products: NDArray[Any]) -> Floats:
        """Give mean products of two columns' standardised scores."""
        mean = np.asarray(sums, np.float64) / np.asarray(n)[..., None]
        second = np.asarray(products, np.float64) / np.asarray(n)[..., None, None]
        outer = mean[..., :, None] * self.center
        about = second - outer - np.swapaxes(outer, -1, -2) + self.center[:, None] * self.center
        return np.asarray(about / (self.scale[:, None] * self.scale))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what the constructor takes."""
        return {"center": self.center, "scale": self.scale, "axes": self.axes}
