"""Which simple change of a reference's categories gives the current ones.

The shares of the reference are changed in one way, rows of a category that lost most being given to one that gained or
to none, and what remains is compared with what sampling leaves of the total variation.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from modelvane.causes.cause import Cause, Change
from modelvane.naming import cut_text
from modelvane.tallies.categorical import CategoricalTally

LEAST_ROWS = 50
LEAST_SHARE = 0.02
_TIMES_NOISE = 2.0
_ERRORS = 4.0
_UNEXPLAINED = 0.1


def categorical_cause(reference: CategoricalTally, current: CategoricalTally) -> Cause | None:
    """Name the change that explains the current categories; ``None`` where no simple one does.

    Parameters
    ----------
    reference, current
        On one ruler.
    """
    if min(reference.n, current.n) < LEAST_ROWS:
        return None
    # what is missing is a category here: a category's rows can go there
    was, now = _shares(reference), _shares(current)
    moved = now - was
    m = reference.rows * current.rows / (reference.rows + current.rows)
    errors = np.sqrt(np.maximum(was, 1 / reference.rows) * (1 - was) / m)
    if (np.abs(moved) <= _ERRORS * errors).all():
        return None
    noise = float(np.sqrt(was * (1 - was)).sum()) / math.sqrt(2 * math.pi * m)
    allowed = max(_TIMES_NOISE * noise, _UNEXPLAINED * float(np.abs(moved).sum()) / 2)
    gainer, loser = int(np.argmax(moved)), int(np.argmin(moved))
    from_one, from_all = np.zeros(len(was)), -was
    from_one[loser] = -1.0
    found = []
    for given, to_one in ((from_one, True), (from_all, False)):
        given[gainer] += 1.0
        share = float(moved[gainer] / given[gainer]) if given[gainer] > 0 else 0.0
        left = float(np.abs(moved - share * given).sum()) / 2
        cause = _named(reference, current, gainer, loser if to_one else None, share)
        if cause is not None and left <= allowed and share >= LEAST_SHARE:
            found.append((left, cause))
    return min(found, key=lambda pair: pair[0], default=(0.0, None))[1]


def _named(
    reference: CategoricalTally, current: CategoricalTally, gainer: int, loser: int | None, share: float
) -> Cause | None:
    """Say that rows of one category, or of all, went to another; ``None`` where that is not one change."""
    names = [*map(cut_text, reference.ruler.names)]
    unseen, missing = len(names), len(names) + 1
    if loser in (unseen, missing):
        return None
    new = names[gainer] if gainer < unseen else ""
    if gainer == unseen:
        (most,) = current.top_unseen(1)
        if most[1] / current.rows < (1 - _UNEXPLAINED) * share:
            # many new names in place of one are no new name
            return None
        new = cut_text(most[0])
    if loser is None:
        if gainer == missing:
            return Cause(Change.NULLS, "values are missing, whatever they would be,", share)
        if gainer == unseen:
            return Cause(Change.NEW, f"{new} is new", share)
        return Cause(Change.STUCK, f"{new} in place of others", share)
    if gainer == missing:
        return Cause(Change.LOST, f"{names[loser]} is missing", share)
    if gainer == unseen:
        return Cause(Change.RENAMED, f"{names[loser]} is now {new}", share)
    return Cause(Change.SWAPPED, f"{new} in place of {names[loser]}", share)


def _shares(tally: CategoricalTally) -> NDArray[np.float64]:
    """Give the share of each category, of the unseen ones together, and of what is none."""
    return np.append(tally.counts, tally.rows - tally.n) / tally.rows
