"""Scoring rows a column at a time."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Encoded
from modelvane.casting import Fault, Numbers
from modelvane.hashing import contents_of, mixed
from modelvane.outliers.ruler import OutlierRuler
from modelvane.outliers.surprisal import Bits, NumericalSurprisal
from modelvane.ruler import CategoricalRuler, Ruler, name_hash
from modelvane.tallies.categorical import NAME_LIMIT, Codes
from modelvane.tallies.outliers import TOP, OutlierTally, OutlyingRow, ScoredCell

RARE = 6
"""Cells of at least so many bits, which one of 64 has, are told of an outlying row."""
_MOST_CELLS = 8

_FAULTS = {
    Fault.MISSING: "missing",
    Fault.POSITIVE_INFINITE: "infinite",
    Fault.NEGATIVE_INFINITE: "-infinite",
    Fault.WRONG_TYPE: "wrong type",
}


class _Cells(Struct, frozen=True, eq=False):
    """Some cells of a column: the rows that they are of, their bits, and what they hold."""

    name: str
    rows: NDArray[np.intp]
    bits: Bits
    held: Encoded


class OutlierCount:
    """Scores some rows; their columns may come in any order, and from several threads.

    Scores are integers, so the order does not show. Only rare cells are remembered.

    Parameters
    ----------
    ruler
        What scores.
    rulers
        Of the columns.
    rows
        How many.
    least
        Bits from which on a cell is remembered.
    """

    def __init__(
        self, ruler: OutlierRuler, rulers: Mapping[str, Ruler], rows: int, *, least: int = RARE
    ) -> None:
        self._ruler = ruler
        self._rulers = rulers
        self._least = least
        self._scores = np.zeros(rows, np.int32)
        self._cells: list[_Cells] = []
        self._lock = Lock()

    @property
    def names(self) -> frozenset[str]:
        """The columns that it takes."""
        return frozenset(self._ruler.columns)

    def add(self, name: str, column: Encoded) -> None:
        """Add a column of these rows."""
        surprisal = self._ruler.columns[name]
        if isinstance(surprisal, NumericalSurprisal):
            assert isinstance(column, Numbers)  # noqa: S101 - encoded on the column's ruler
            bits = surprisal.of_column(column)
        else:
            assert isinstance(column, Codes)  # noqa: S101 - as above
            bits = surprisal.of_column(column)
        rare = np.flatnonzero(bits >= self._least)
        found = _Cells(name, rare, bits[rare], column.take(rare))
        with self._lock:
            self._scores += bits
            if len(rare):
                self._cells.append(found)

    def tally(self, times: NDArray[np.int64], index: NDArray[np.intp] | slice = slice(None)) -> OutlierTally:
        """Give the tally of all rows, or of those at ``index``; ``times`` are those of all."""
        counts = np.bincount(self._scores[index], minlength=self._ruler.most + 1)
        return OutlierTally(counts.astype(np.int64), self._top(times, index))

    def _top(self, times: NDArray[np.int64], index: NDArray[np.intp] | slice) -> tuple[OutlyingRow, ...]:
        has_rare = np.zeros(len(self._scores), bool)
        for cells in self._cells:
            has_rare[cells.rows] = True
        is_in = np.zeros(len(self._scores), bool)
        is_in[index] = True
        has_rare &= is_in
        rows = np.flatnonzero(has_rare)
        if len(rows) > TOP:
            scores = self._scores[rows]
            rows = rows[scores >= np.partition(scores, len(rows) - TOP)[len(rows) - TOP]]
        digests = self._digests(rows)
        # ~t orders as -t does, and there is none that overflows
        order = np.lexsort((~times[rows], digests, -self._scores[rows]))[:TOP]
        told = self._told(rows[order])
        return tuple(
            OutlyingRow(int(self._scores[row]), int(digest), told[row][:_MOST_CELLS], int(times[row]))
            for row, digest in zip(rows[order].tolist(), digests[order].tolist(), strict=True)
        )

    def scores(self) -> list[tuple[int, tuple[ScoredCell, ...]]]:
        """Give the score of each row, and every cell that is remembered, what is rarest first."""
        told = self._told(np.arange(len(self._scores)))
        return [(score, told[row]) for row, score in enumerate(self._scores.tolist())]

    def _among(self, rows: NDArray[np.intp]) -> list[_Cells]:
        """Give the remembered cells of some rows, which are in order; each with its place among them."""
        found = []
        for cells in self._cells:
            places = np.searchsorted(rows, cells.rows)
            kept = np.flatnonzero(rows[np.minimum(places, len(rows) - 1)] == cells.rows)
            if len(kept):
                found.append(_Cells(cells.name, places[kept], cells.bits[kept], cells.held.take(kept)))
        return found

    def _digests(self, rows: NDArray[np.intp]) -> NDArray[np.uint64]:
        digests = np.zeros(len(rows), np.uint64)
        for cells in self._among(rows) if len(rows) else ():
            salt = np.uint64(name_hash(cells.name))
            # a sum, so that the order of columns does not show
            digests[cells.rows] += mixed(contents_of(self._rulers[cells.name], cells.held) ^ salt)
        return digests

    def _told(self, rows: NDArray[np.intp]) -> dict[int, tuple[ScoredCell, ...]]:
        ordered = np.sort(rows)
        told: dict[int, list[ScoredCell]] = {row: [] for row in ordered.tolist()}
        for cells in self._among(ordered) if len(rows) else ():
            values = values_of(self._rulers[cells.name], cells.held)
            surprisal = self._ruler.columns[cells.name]
            for row, bits, (value, fault) in zip(
                ordered[cells.rows].tolist(), cells.bits.tolist(), values, strict=True
            ):
                beyond = _beyond(surprisal, value) if isinstance(surprisal, NumericalSurprisal) else None
                told[row].append(ScoredCell(cells.name, bits, value, fault, beyond))
        return {
            row: tuple(sorted(cells, key=lambda cell: (-cell.bits, cell.column)))
            for row, cells in told.items()
        }


def values_of(ruler: Ruler, held: Encoded) -> list[tuple[float | str | None, str]]:
    """Give each value, or its fault."""
    if isinstance(held, Numbers):
        faults = [0] * len(held) if held.faults is None else held.faults.tolist()
        pairs = zip(held.values.tolist(), faults, strict=True)
        return [(None, _FAULTS[Fault(fault)]) if fault else (value, "") for value, fault in pairs]
    assert isinstance(ruler, CategoricalRuler)  # noqa: S101 - codes are on the ruler of categories
    assert isinstance(held, Codes)  # noqa: S101 - as above
    return [
        (None, _FAULTS[Fault(-code)]) if code < 0 else (held.name(ruler, code)[:NAME_LIMIT], "")
        for code in held.codes.tolist()
    ]


def _beyond(surprisal: NumericalSurprisal, value: float | str | None) -> float | None:
    if not isinstance(value, float) or np.isnan(surprisal.least):
        return None
    distance = max(surprisal.least - value, value - surprisal.most)
    return distance if 0 < distance < np.inf else None
