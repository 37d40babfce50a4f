"""How one column tells rows apart: by its values, or by bins of its numbers."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Encoded
from modelvane.breakdown import BINS, Cut, quoted
from modelvane.casting import Numbers, as_numbers
from modelvane.ruler import CategoricalRuler, NumericalRuler, Ruler
from modelvane.segments.edges import number_text, quantile_edges
from modelvane.tallies.categorical import Codes


class Axis(Protocol):
    """Gives rows of a column a code."""

    @property
    def size(self) -> int:
        """Number of codes; it is itself the code of all other rows, such as those without a value."""

    def codes(self, column: Encoded) -> NDArray[np.intp]:
        """Give the code of each row."""

    def value(self, code: int) -> str:
        """Say what a code stands for."""

    def label(self, code: int) -> str:
        """Say what a code is called in the name of a segment."""

    def facts(self) -> list[str] | None:
        """Give what `axis_of` reads, as plain JSON values."""


class Values(Struct, frozen=True, eq=False):
    """The categories of a column's ruler, each with its own code."""

    ruler: CategoricalRuler

    @property
    def size(self) -> int:
        """Number of categories."""
        return len(self.ruler.names)

    def codes(self, column: Encoded) -> NDArray[np.intp]:
        """Give the code of each row; unseen and missing ones are the others."""
        assert isinstance(column, Codes)  # noqa: S101 - as its ruler says
        found = np.minimum(column.codes, self.size).astype(np.intp)
        found[found < 0] = self.size
        return found

    def value(self, code: int) -> str:
        """Give the category, in canonical form."""
        return self.ruler.names[code]

    def label(self, code: int) -> str:
        """Give the category, in quotes where it could be taken for more."""
        return quoted(self.ruler.names[code])

    def facts(self) -> None:
        """Give nothing: the ruler says it all."""


class Bins(Struct, frozen=True, eq=False, dict=True):
    """Half-open bins of numbers, each with its lower edge; the outermost reach as far as numbers do.

    Parameters
    ----------
    edges
        Between the bins, strictly increasing.
    dtype
        Arrow type name of the reference's column.
    """

    edges: tuple[float, ...]
    dtype: str

    @property
    def size(self) -> int:
        """Number of bins."""
        return len(self.edges) + 1

    @cached_property
    def _limits(self) -> NDArray[np.float64]:
        # through the column's own door: as a number of 32 bits 0.7 is less than 0.7
        return as_numbers(list(self.edges), self.dtype).values

    @cached_property
    def _labels(self) -> tuple[str, ...]:
        limits = pairwise(["-inf", *map(number_text, self.edges), "inf"])
        return tuple(f"{'[' if i else '('}{low}, {high})" for i, (low, high) in enumerate(limits))

    def codes(self, column: Encoded) -> NDArray[np.intp]:
        """Give the code of each row by its value, not by its cell; without a finite number it is one of the others."""
        assert isinstance(column, Numbers)  # noqa: S101 - as its ruler says
        found = np.searchsorted(self._limits, column.values, side="right")
        if column.faults is not None:
            found[column.faults != 0] = self.size
        return found

    def value(self, code: int) -> str:
        """Give the bin, such as ``[1, 3)``."""
        return self._labels[code]

    def label(self, code: int) -> str:
        """Give the same."""
        return self._labels[code]

    def facts(self) -> list[str]:
        """Give the edges."""
        return [edge.hex() for edge in self.edges]


def freeze(cut: Cut, ruler: Ruler, column: Encoded) -> Axis:
    """Freeze an axis from the rows of the reference."""
    if isinstance(ruler, NumericalRuler):
        assert isinstance(column, Numbers)  # noqa: S101 - as its ruler says
        values = column.values[np.isfinite(column.values)]
        return Bins(cut.edges or quantile_edges(values, cut.bins or BINS, ruler.dtype), ruler.dtype)
    return axis_of(ruler, None)


def axis_of(ruler: Ruler, facts: list[Any] | None) -> Axis:
    """Read what the ``facts`` of an axis gave."""
    if isinstance(ruler, NumericalRuler):
        return Bins(tuple(map(float.fromhex, facts or ())), ruler.dtype)
    assert isinstance(ruler, CategoricalRuler)  # noqa: S101 - lists are no segments, by inference
    return Values(ruler)
