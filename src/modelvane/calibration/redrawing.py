"""Both sides of a comparison redrawn with replacement, for windows that are no small part of the reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelvane.ruler import CategoricalRuler
from modelvane.tallies.sample import Sample

Integers = NDArray[np.int64]


def redrawn(
    reference: Sample, rows: int, n: int, draws: int, rng: np.random.Generator
) -> tuple[Sample, Sample]:
    """Redraw a reference of ``rows`` rows and a window of ``n`` rows from what the reference was drawn from.

    That is taken to have the reference's own shares, with one exception. Where categories were seen once there are
    others that were not seen, and every larger window has some of them: drawn from the reference's shares alone, no
    window would, and any real one would alarm. So the shares of the seen make room for the unseen, and what a redrawn
    reference lacks is unseen in the window redrawn beside it.

    Parameters
    ----------
    reference
        One sample, not many.
    draws
        How many of both to draw.
    """
    counts = np.asarray(reference.counts, np.int64)
    if not isinstance(reference.ruler, CategoricalRuler) or not (counts == 1).any():
        shares = counts / rows
        return (
            reference.with_counts(rng.multinomial(rows, shares, draws)),
            reference.with_counts(rng.multinomial(n, shares, draws)),
        )
    shares = shares_of_all(counts[:-1])
    past, current = rng.multinomial(rows, shares, draws), rng.multinomial(n, shares, draws)
    # two rows of what was never seen are hardly ever of one category
    alone = np.arange(past[:, -1].max()) < past[:, -1:]
    nowhere = np.zeros_like(alone, np.int64)
    is_known = past[:, :-1] > 0
    unseen = n - np.where(is_known, current[:, :-1], 0).sum(axis=-1, keepdims=True)
    return (
        Sample(reference.ruler, np.hstack((past[:, :-1], alone, np.zeros_like(unseen)))),
        Sample(reference.ruler, np.hstack((np.where(is_known, current[:, :-1], 0), nowhere, unseen))),
    )


def shares_of_all(counts: Integers) -> NDArray[np.float64]:
    """Give the shares of categories in what a sample was drawn from, and, last, that of all it did not show.

    The share of the unseen is about that of rows which are alone in their category (Good, 1953; as corrected by Chao
    and Jost, Ecology, 2012); the rarer a category, the more of its share was luck (Chao, Wang and Jost, 2013).
    """
    rows = int(counts.sum())
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    unseen = once / rows * (rows - 1) * once / ((rows - 1) * once + 2 * twice) if once and rows > 1 else 0.0
    shares = counts / rows
    luck = shares * (1 - shares) ** rows
    if unseen:
        shares = np.maximum(shares - luck * (unseen / luck.sum()), 0.0)
    return (
        np.append(shares * ((1 - unseen) / shares.sum()), unseen) if shares.any() else np.append(shares, 1.0)
    )
