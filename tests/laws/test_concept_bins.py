"""The bins in which errors are looked at: none rests on a few rows of the reference."""

from __future__ import annotations

import numpy as np

from modelvane.concept.bins import FEWEST_ROWS, CategoricalBins, NumericalBins, bins_from
from modelvane.ruler import CategoricalRuler, NumericalRuler

ENOUGH = FEWEST_ROWS


def test_bins_of_few_rows_are_together_with_their_neighbours() -> None:
    """Rare values at either end of a column, and between, have no bin of their own."""
    bins = NumericalBins(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    rows = np.array([3, ENOUGH, 1, ENOUGH, ENOUGH, 5, 7])
    assert bins.frequent(rows).limits.tolist() == [2.0, 4.0]
    assert bins.frequent(np.array([1, 1, 1, 1, 1, 1, 9])).limits.tolist() == []


def test_rare_categories_are_among_the_others() -> None:
    """The last two bins are those of others and of no value, however few rows they have."""
    bins = CategoricalBins(("a", "b", "c"))
    assert bins.frequent(np.array([5 * ENOUGH, ENOUGH, 3, 0, 0])).shown == ("a", "b")
    # the most frequent of all rows first, of which few may have labels
    assert bins.frequent(np.array([ENOUGH, 3, 2 * ENOUGH, 0, 0])).shown == ("a",)


def test_bins_come_back_from_their_facts() -> None:
    """To the last bit of a limit, and with as many categories."""
    numbers, names = NumericalRuler.of(np.array([0.1, 0.2])), CategoricalRuler(("a", "b", "c"))
    assert bins_from(numbers, NumericalBins(np.array([0.1])).facts()).names == [
        "up to 0.1",
        "over 0.1",
        "no value",
    ]
    found = bins_from(names, CategoricalBins(("a",)).facts())
    assert isinstance(found, CategoricalBins)
    assert found.shown == ("a",)
