"""How often the most common value of a column occurs: exactly for categories, between bounds for numbers."""

from __future__ import annotations

from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.numerical import NumericalTally


def most_common_bounds(tally: NumericalTally | CategoricalTally) -> tuple[int, int]:
    """Give the fewest and the most rows that the most common usable value can have.

    The two are equal where the count is known: for values on edges, in constant windows, where every value between
    the edges is different from the others, and for categories that are held by name.
    """
    if not tally.n:
        return 0, 0
    if isinstance(tally, NumericalTally):
        return _between_edges(tally)
    unseen = max((count for count, _ in tally.unseen.values()), default=0)
    least = max(int(tally.counts[:-1].max(initial=0)), unseen)
    # categories that are no longer held by name are among the unseen
    nameless = int(tally.counts[-1]) - sum(count for count, _ in tally.unseen.values())
    return max(least, 1), max(least, nameless)


def _between_edges(tally: NumericalTally) -> tuple[int, int]:
    if tally.minimum == tally.maximum:
        return tally.n, tally.n
    counts = tally.cells.dense()[0]
    at_edge, in_cell, off_edge = (
        int(counts[1::2].max(initial=0)),
        int(counts[::2].max()),
        int(counts[::2].sum()),
    )
    # the hashes are of different values, each of which is there at least once
    different = len(tally.distinct.hashes)
    least = max(at_edge, 1)
    if different and tally.distinct.exact:
        least = max(least, -(-off_edge // different))
    return least, max(least, min(in_cell, off_edge - different + 1))
