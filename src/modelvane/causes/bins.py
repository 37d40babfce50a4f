"""The bins or categories that changed most."""

from __future__ import annotations

import math

from modelvane.divergences.contributions import contributions
from modelvane.formatting import share_text
from modelvane.naming import cut_text
from modelvane.ruler import NumericalRuler
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.dataset import ColumnTally
from modelvane.tallies.list_tally import entries_of
from modelvane.tallies.sample import Sample

_NAMED = 3


def most_changed(before: Sample, current: ColumnTally) -> str:
    """Name the bins or categories that changed most, with their shares before and now."""
    after = current.sample
    weights = contributions(before, after)
    order = abs(weights).argsort()[::-1][:_NAMED]
    names = _bin_names(current)
    shares = before.bins / before.n, after.bins / after.n
    return "; ".join(
        f"{names[i]}: {share_text(shares[0][i])} → {share_text(shares[1][i])}"
        for i in order.tolist()
        if weights[i]
    )


def _bin_names(tally: ColumnTally) -> list[str]:
    tally = entries_of(tally)
    if isinstance(tally, CategoricalTally):
        unseen = ", ".join(cut_text(name) for name, _ in tally.top_unseen(3))
        return [*map(cut_text, tally.ruler.names), f"unseen ({unseen})" if unseen else "unseen"]
    assert isinstance(tally.ruler, NumericalRuler)  # noqa: S101 - a numerical tally has edges
    return [between(low, high) for low, high in tally.ruler.bin_limits()]


def between(low: float, high: float) -> str:
    """Say which values a bin holds: above the first, up to and with the second.

    >>> between(1.0, 2.5), between(-math.inf, 3.0)
    ('1 to 2.5', 'up to 3')
    """
    if math.isinf(low) and math.isinf(high):
        return "all values"
    if math.isinf(low):
        return f"up to {high:.4g}"
    if math.isinf(high):
        return f"over {low:.4g}"
    # as few digits as tell the two apart
    digits = next(digits for digits in range(4, 18) if f"{low:.{digits}g}" != f"{high:.{digits}g}")
    return f"{low:.{digits}g} to {high:.{digits}g}"
