"""Rows as points whose distances are a kernel's: how far the mean of some is from the mean of others."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.multivariate.scores import UNIT, Scores

FREQUENCIES = 128
# rows whose distances tell the width of the kernel
_PAIRED = 500

Floats = NDArray[np.float64]


class Embedding(Struct, frozen=True, eq=False):
    """Random Fourier features of a Gaussian kernel (Rahimi and Recht, 2007).

    The product of two rows' features is the mean of ``cos(w (x - y))`` over the frequencies w: a kernel itself, which
    with ever more of them is ``exp(-|x - y|^2 / 2 s^2)``, and s the median distance of two rows.

    Parameters
    ----------
    frequencies
        Shape ``(columns, FREQUENCIES)``, by standard deviations of scores.
    """

    frequencies: NDArray[np.float32]

    @classmethod
    def of(cls, scores: Scores, seed: int = 0) -> Embedding:
        """Learn the width from rows, shape ``(rows, columns)``, and draw the frequencies."""
        rng = np.random.default_rng(seed)
        points = scores[rng.permutation(len(scores))[:_PAIRED]] / UNIT
        distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
        apart = distances[np.triu_indices(len(points), 1)]
        width = float(np.median(apart)) or float(apart.mean()) or 1.0
        drawn = rng.normal(size=(scores.shape[1], FREQUENCIES)) / width
        return cls(drawn.astype(np.float32))

    def features(self, scores: Scores) -> NDArray[np.float32]:
        """Give the features of rows, shape ``(rows, 2 * FREQUENCIES)``."""
        angles = (scores.astype(np.float32) / np.float32(UNIT)) @ self.frequencies
        scale = np.float32(FREQUENCIES**-0.5)
        return np.concatenate((np.cos(angles), np.sin(angles)), axis=1) * scale

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what the constructor takes."""
        return {"frequencies": self.frequencies}


def discrepancy(one: Floats, other: Floats) -> Floats:
    """Give the distance of two means of features: the maximum mean discrepancy (Gretton et al., JMLR, 2012)."""
    return np.asarray(np.sqrt(((one - other) ** 2).sum(axis=-1)))


def noise_of(features: NDArray[Any]) -> tuple[float, ...]:
    """Give what weighs the squares that the squared distance of two rows' worth of sampling is a sum of.

    Means of many rows are normal, so that the squared distance of two is a sum of squares, with the eigenvalues of the
    features' covariance as weights, times 1/n + 1/N.
    """
    spread = np.atleast_2d(np.cov(features.T.astype(np.float64)))
    return tuple(np.maximum(np.linalg.eigvalsh(spread), 0.0).tolist())
