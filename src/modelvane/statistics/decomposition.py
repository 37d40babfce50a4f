"""Why a value of all rows changed: because segments grew and shrank, or because they behave differently."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple


class Part(NamedTuple):
    """Rows of a segment, and the exact sum over them of what the value is a mean of."""

    rows: int
    total: Fraction

    def __add__(self, other: object) -> Part:
        if not isinstance(other, Part):
            return NotImplemented
        return Part(self.rows + other.rows, self.total + other.total)

    def __sub__(self, other: Part) -> Part:
        return Part(self.rows - other.rows, self.total - other.total)

    @property
    def value(self) -> Fraction:
        """The mean; of no rows there is none."""
        return self.total / self.rows


class Effect(NamedTuple):
    """What a segment does to the value of all rows."""

    mix: Fraction
    behaviour: Fraction


def decompose(before: Mapping[str, Part], after: Mapping[str, Part]) -> dict[str, Effect]:
    """Split the change of a mean by segment into mix and behaviour, which add up to it exactly (Kitagawa, 1955).

    With ``w`` a segment's share of the rows, ``v`` its mean, ``V`` the mean of all rows, and 0 before and 1 after::

        mix       = (w1 - w0) ((v0 + v1) / 2 - (V0 + V1) / 2)
        behaviour = (v1 - v0) (w0 + w1) / 2

    Both sides are treated alike, so exchanging them changes the sign and nothing else. Taking ``(V0 + V1) / 2`` away
    does not change the sum, since shares add up to 1; it makes a segment's mix tell whether it grew at the expense of
    better or of worse ones. A segment that has rows on one side only has the same mean on the other: all of it is mix.

    Parameters
    ----------
    before, after
        The same segments; each row of a side is in one of them, and each side has rows.

    Examples
    --------
    >>> before = {"short": Part(90, Fraction(90)), "long": Part(10, Fraction(50))}
    >>> after = {"short": Part(60, Fraction(60)), "long": Part(40, Fraction(240))}
    >>> found = decompose(before, after)
    >>> float(found["long"].mix), float(found["long"].behaviour)
    (0.99, 0.25)
    >>> float(sum(sum(effect) for effect in found.values())), 300 / 100 - 140 / 100
    (1.6, 1.6)
    """
    old, new = (sum(side.values(), Part(0, Fraction(0))) for side in (before, after))
    level = (old.value + new.value) / 2
    found: dict[str, Effect] = {}
    for name, was in before.items():
        now = after[name]
        if not was.rows and not now.rows:
            found[name] = Effect(Fraction(0), Fraction(0))
            continue
        first = was.value if was.rows else now.value
        second = now.value if now.rows else was.value
        shares = Fraction(was.rows, old.rows), Fraction(now.rows, new.rows)
        found[name] = Effect(
            mix=(shares[1] - shares[0]) * ((first + second) / 2 - level),
            behaviour=(second - first) * (shares[0] + shares[1]) / 2,
        )
    return found
