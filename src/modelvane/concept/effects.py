"""Why the mean of a signal changed: because the inputs moved, or because the relation did."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from msgspec import Struct

from modelvane.concept.ruler import ConceptRuler
from modelvane.concept.tally import ConceptTally


class Effects(Struct, frozen=True):
    """The change of a mean, taken apart exactly: ``change == sum(inputs.values()) + relation``.

    Parameters
    ----------
    before, after
        The mean of the signal in the reference and now.
    inputs
        What the new mix of each column's bins does, by what the reference expects of each bin.
    relation
        The rest: rows of the same inputs have other errors.
    """

    before: Fraction
    after: Fraction
    inputs: Mapping[str, Fraction]
    relation: Fraction

    @property
    def change(self) -> Fraction:
        """Of the mean."""
        return self.after - self.before

    @property
    def of_inputs(self) -> Fraction:
        """What the inputs do together."""
        return sum(self.inputs.values(), Fraction(0))


def effects_of(ruler: ConceptRuler, signal: int, reference: ConceptTally, current: ConceptTally) -> Effects:
    """Take the change of a signal's mean apart; both tallies have rows.

    With ``w`` a bin's share of the rows, ``f`` what the reference expects of it beyond the mean of all, and ``r`` what
    is left of each row's signal, 0 before and 1 after::

        inputs of a column = sum over its bins of (w1 - w0) f
        relation           = mean of r after - mean of r before

    The reference's own means by bin, weighted by the new mix (Kitagawa, 1955; Oaxaca, 1973), with columns told apart
    by an additive model, so that what one column explains is not told of its neighbour.
    """
    quantum = Fraction(ruler.scales[signal].quantum)
    expected = ruler.expected[signal].tolist()
    inputs: dict[str, Fraction] = {}
    means = [Fraction(int(ruler.base[signal]))] * 2
    for name, place in ruler.places.items():
        sides = []
        for tally in (reference, current):
            rows = tally.counts[place].tolist()
            total = sum(n * effect for n, effect in zip(rows, expected[place], strict=True))
            sides.append(Fraction(total, tally.n))
        inputs[name] = (sides[1] - sides[0]) * quantum
        means = [mean + side for mean, side in zip(means, sides, strict=True)]
    first = next(iter(ruler.places.values()))
    # every row is in one bin of each column
    left = [Fraction(int(tally.sums[signal, first].sum()), tally.n) for tally in (reference, current)]
    before, after = ((mean + rest) * quantum for mean, rest in zip(means, left, strict=True))
    return Effects(before, after, inputs, (left[1] - left[0]) * quantum)
