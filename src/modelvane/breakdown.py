"""By what rows are broken down into segments: the values of a column, bins of one, or a pair of these."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from modelvane.errors import SchemaError

BINS = 4
"""Bins of numbers where nobody says how many: quarters of the reference."""
MOST_SEGMENTS = 20
"""Segments of one breakdown that are told apart."""

_EXPECTED = "a column, two columns as [one, other], or bins as {column: name, bins: 4} or {column: name, edges: [1, 3]}"
_HUGE = 2**1023
_APART = frozenset(',="\\')


@dataclass(frozen=True, slots=True)
class Cut:
    """How one column tells rows apart.

    Parameters
    ----------
    column
        By its values; by `BINS` bins where it is numerical.
    bins
        Into so many bins with about as many rows of the reference each.
    edges
        Rather into the half-open bins between these and beyond them; strictly increasing.

    Raises
    ------
    SchemaError
        For both, fewer than two bins or more than `MOST_SEGMENTS`, and edges that are not increasing numbers.
    """

    column: str
    bins: int | None = None
    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.bins is not None and self.edges:
            raise SchemaError(
                f"Segments of {self.column!r} have both bins and edges",
                received=f"bins {self.bins}, edges {list(self.edges)}",
                expected="one of the two",
            )
        count = len(self.edges) + 1 if self.edges else self.bins
        if count is not None and not 2 <= count <= MOST_SEGMENTS:
            raise SchemaError(
                f"Segments of {self.column!r} cannot be so many bins",
                received=count,
                expected=f"2 to {MOST_SEGMENTS}",
                remedy="Name some of the edges, such as edges: [1, 3, 10]",
            )
        if not all(map(math.isfinite, self.edges)) or any(
            one >= other for one, other in pairwise(self.edges)
        ):
            raise SchemaError(
                f"Edges of the segments of {self.column!r} are not in order",
                received=list(self.edges),
                expected="finite numbers, each larger than the one before",
            )

    @property
    def is_binned(self) -> bool:
        """Whether it asks for bins, and so for numbers."""
        return self.bins is not None or bool(self.edges)

    def plain(self) -> str | dict[str, Any]:
        """Give what `Breakdown.of` reads."""
        if self.edges:
            return {"column": self.column, "edges": list(self.edges)}
        return self.column if self.bins is None else {"column": self.column, "bins": self.bins}


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One way to divide rows into segments: by one column, or by two at once.

    Examples
    --------
    >>> [Breakdown.of(each).name for each in ("zone", ["zone", "hour"], {"column": "fare", "edges": [10]})]
    ['zone', 'zone, hour', 'fare']
    """

    cuts: tuple[Cut, ...]

    @classmethod
    def of(cls, given: object) -> Breakdown:
        """Read one as the config and `Reference.of` have it.

        Raises
        ------
        SchemaError
            For anything else, and two cuts of one column.
        """
        if isinstance(given, Breakdown):
            return given
        parts = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
        if not 1 <= len(parts) <= 2:
            raise SchemaError("Segments are of one column or two", received=given, expected=_EXPECTED)
        found = cls(tuple(map(_cut, parts)))
        if len(set(found.columns)) != len(found.columns):
            raise SchemaError("Segments of a pair are of one column", received=given, expected="two columns")
        return found

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(cut.column for cut in self.cuts)

    @property
    def name(self) -> str:
        """What it is called: the column, or both."""
        return ", ".join(map(quoted, self.columns))

    def plain(self) -> Any:
        """Give what `of` reads, as plain JSON values."""
        found = [cut.plain() for cut in self.cuts]
        return found[0] if len(found) == 1 else found


def breakdowns_of(given: Iterable[object]) -> tuple[Breakdown, ...]:
    """Read several, each column or pair of columns once.

    Raises
    ------
    SchemaError
        When one of them is none, or two of them are of the same columns.
    """
    found = tuple(map(Breakdown.of, given))
    columns = [tuple(sorted(each.columns)) for each in found]
    if twice := sorted({each for each in columns if columns.count(each) > 1}):
        raise SchemaError(
            "Rows are broken down twice by the same columns",
            received="; ".join(map(", ".join, twice)),
            expected="each column, and each pair of columns, once",
        )
    return found


def quoted(name: str) -> str:
    """Give a name as it stands in that of a segment: in quotes where it could be taken for something else.

    >>> quoted("card"), quoted("Staten Island, NY"), quoted("")
    ('card', '"Staten Island, NY"', '""')
    """
    is_plain = name and name.isprintable() and name == name.strip() and not _APART & set(name)
    return name if is_plain else json.dumps(name, ensure_ascii=False)


def _cut(given: object) -> Cut:
    if isinstance(given, str):
        return Cut(given)
    if not isinstance(given, Mapping) or not isinstance(given.get("column"), str):
        raise SchemaError("Segments are of nothing that is known", received=given, expected=_EXPECTED)
    if unknown := sorted(set(given) - {"column", "bins", "edges"}, key=str):
        raise SchemaError(f"Bins have no setting {unknown[0]!r}", expected="column, bins and edges")
    bins, edges = given.get("bins"), given.get("edges")
    if bins is not None and (not isinstance(bins, int) or isinstance(bins, bool)):
        raise SchemaError("The number of bins is no whole number", received=bins, expected=_EXPECTED)
    if edges is None:
        return Cut(given["column"], bins if bins is not None else BINS)
    are_numbers = isinstance(edges, Sequence) and all(
        isinstance(edge, float) or (type(edge) is int and abs(edge) < _HUGE) for edge in edges
    )
    if not are_numbers or not edges:
        raise SchemaError("Edges of bins are no list of numbers", received=edges, expected=_EXPECTED)
    return Cut(given["column"], bins, tuple(map(float, edges)))
