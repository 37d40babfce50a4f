"""What made a column drift, in words."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from modelvane.formatting import share_text


class Change(StrEnum):
    """A kind of change that has a name."""

    UNIT = "unit"
    """Values are in another unit: multiplied by a constant that is known for it."""
    SCALED = "scaled"
    """Values are multiplied by a constant."""
    SHIFTED = "shifted"
    """A constant is added to values."""
    TRUNCATED = "truncated"
    """Values are cut off."""
    STUCK = "stuck"
    """One value stands in place of others."""
    RENAMED = "renamed"
    """A category has a new name."""
    NEW = "new"
    """A category that was not there stands in place of others."""
    SWAPPED = "swapped"
    """Rows of one category have another that is known."""
    LOST = "lost"
    """Rows of one category are missing."""
    NULLS = "nulls"
    """Values are missing, whatever they would be."""


class Cause(Struct, frozen=True):
    """A change that explains what is seen.

    Parameters
    ----------
    change
        Its kind.
    text
        What happened, in words.
    share
        Of the rows, those to which it happened.
    """

    change: Change
    text: str
    share: float

    def __str__(self) -> str:
        rows = "all rows" if self.share > 0.97 else f"{share_text(self.share, 0)} of rows"
        return f"{self.text} in {rows}"
