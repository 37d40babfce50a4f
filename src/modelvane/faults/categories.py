"""Faults of categories: swapped, renamed; and what any column can lose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from modelvane.casting import as_categories
from modelvane.faults.fault import Change, Hit, InjectedFault
from modelvane.faults.replacing import replaced_by_value
from modelvane.raw_column import RawColumn


@dataclass(frozen=True, kw_only=True)
class Recategorize(InjectedFault):
    """Gives rows of one category another: swapped where that is known, renamed where it is new.

    Categories are compared in their canonical form, in which 74, 74.0 and "74" are one.

    Examples
    --------
    >>> from modelvane.faults import inject
    >>> inject({"a": ["x", "y", "x"]}, Recategorize(column="a", category="x", into="z")).values("a")
    ['z', 'y', 'z']
    """

    name: ClassVar[str] = "recategorize"
    category: str
    into: str

    def begin(self) -> Change:
        """Give the change of one stream."""
        return self._change

    def _change(self, column: RawColumn, hit: Hit) -> RawColumn:
        categories = as_categories(column)
        wanted = [code for code, name in enumerate(categories.names) if name == self.category]
        return replaced_by_value(column, hit & np.isin(categories.codes, wanted), self.into)


@dataclass(frozen=True, kw_only=True)
class Nulls(InjectedFault):
    """Makes values missing: in a block with ``start`` and ``stop``, scattered with ``share``."""

    name: ClassVar[str] = "nulls"

    def begin(self) -> Change:
        """Give the change of one stream."""
        return lambda column, hit: replaced_by_value(column, hit, None)


@dataclass(frozen=True, kw_only=True)
class LabelFlip(InjectedFault):
    """Exchanges two classes of a label, ``category`` and ``other``, in the rows that are hit."""

    name: ClassVar[str] = "label_flip"
    category: str
    other: str

    def begin(self) -> Change:
        """Give the change of one stream."""
        return self._change

    def _change(self, column: RawColumn, hit: Hit) -> RawColumn:
        categories = as_categories(column)
        for old, new in ((self.category, self.other), (self.other, self.category)):
            wanted = [code for code, name in enumerate(categories.names) if name == old]
            column = replaced_by_value(column, hit & np.isin(categories.codes, wanted), new)
        return column
