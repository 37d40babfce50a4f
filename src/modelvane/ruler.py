"""The ruler of a column: edges or categories, frozen from the reference once."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from functools import cached_property
from hashlib import blake2b
from typing import Any, ClassVar, Protocol, TypeAlias

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane import fixed
from modelvane.casting import Categories
from modelvane.edges import chosen_edges, closing_edges, mean_of
from modelvane.errors import TallyMismatchError

EDGE_BUDGET = 1024
# a reference value is at most 2^40 quanta from the centre, so that sums of a million rows fit one machine word
QUANTA = 40

Floats: TypeAlias = NDArray[np.float64]


class NumericalRuler(Struct, frozen=True, eq=False, dict=True):
    """Edges of a numerical column; cells are the edges themselves and the open intervals between them.

    Cell ``2i + 1`` is the edge ``i``; cell ``2i`` is the open interval below it; with k edges there are 2k + 1.

    Parameters
    ----------
    edges
        Strictly increasing, the reference's minimum and maximum among them.
    center
        What sums are centred on: the reference's mean.
    quantum
        The unit of the integer sums, a power of two: every value enters a sum rounded to it.
    exact
        Every distinct reference value is an edge: Kolmogorov-Smirnov is then exact for any current data.
    dtype
        Arrow type name of the reference's column.
    bins
        Positions in ``edges`` that close a bin: bin j holds the cells up to and with edge ``bins[j]``; what is above
        the last of them is the last bin.
    """

    kind: ClassVar[str] = "numerical"
    edges: Floats
    center: float
    quantum: float
    exact: bool
    dtype: str
    bins: NDArray[np.intp]

    @classmethod
    def of(cls, values: Floats, dtype: str = "double", budget: int = EDGE_BUDGET) -> NumericalRuler:
        """Freeze a ruler from the finite values of the reference.

        While at most ``budget`` values are distinct, all are edges. Otherwise half of the budget are quantiles,
        and the rest split, again and again, the open cell with the largest rows x width.
        """
        distinct, counts = np.unique(values, return_counts=True)
        if len(distinct) == 0:
            nothing = np.empty(0)
            return cls(nothing, 0.0, 1.0, True, dtype, np.empty(0, np.intp))
        exact = len(distinct) <= budget
        edges = distinct if exact else chosen_edges(distinct, counts, budget)
        smallest, largest = float(distinct[0]), float(distinct[-1])
        center = min(max(mean_of(distinct, counts), smallest), largest)
        reach = min(max(center - smallest, largest - center), sys.float_info.max)
        exponent = math.frexp(reach)[1] if reach > 0 else math.frexp(center)[1] if center else 0
        quantum = math.ldexp(1.0, max(exponent - QUANTA, -1000))
        return cls(edges, center, quantum, exact, dtype, closing_edges(edges, distinct, counts))

    @property
    def size(self) -> int:
        """Number of cells."""
        return 2 * len(self.edges) + 1

    @cached_property
    def digest(self) -> bytes:
        """What tells two rulers apart."""
        text = blake2b(self.edges.tobytes(), digest_size=16)
        text.update(np.array([self.center, self.quantum]).tobytes() + self.bins.astype(np.int64).tobytes())
        return text.digest()

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        """The edges, in quanta from the centre."""
        return fixed.quantise(self.edges, self.center, self.quantum).astype(np.int64)

    @cached_property
    def bin_starts(self) -> NDArray[np.intp]:
        """First cell of each bin."""
        return np.concatenate(([0], 2 * self.bins + 2)).astype(np.intp)

    @property
    def bin_count(self) -> int:
        """Number of bins."""
        return len(self.bins) + 1

    def bin_limits(self) -> list[tuple[float, float]]:
        """Give each bin as (above, up to and with); the outermost are infinite."""
        inner = [float(self.edges[i]) for i in self.bins]
        return list(zip([-math.inf, *inner], [*inner, math.inf], strict=True))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` needs beside `facts`."""
        return {"edges": self.edges, "bins": self.bins.astype(np.int64)}

    def facts(self) -> dict[str, Any]:
        """Give the scalars, as plain JSON values."""
        return {
            "kind": self.kind,
            "center": self.center.hex(),
            "quantum": self.quantum.hex(),
            "exact": self.exact,
            "dtype": self.dtype,
        }

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> NumericalRuler:
        """Read what `arrays` and `facts` gave."""
        return cls(
            edges=arrays["edges"].astype(np.float64),
            center=float.fromhex(facts["center"]),
            quantum=float.fromhex(facts["quantum"]),
            exact=facts["exact"],
            dtype=facts["dtype"],
            bins=arrays["bins"].astype(np.intp),
        )


def name_hashes(names: Iterable[str]) -> NDArray[np.uint64]:
    """Give a hash of each canonical category, the same everywhere."""
    return np.array([name_hash(name) for name in names], np.uint64)


def name_hash(name: str) -> int:
    """Give the hash of a canonical category: 64 bits of BLAKE2b."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())


class CategoricalRuler(Struct, frozen=True, eq=False, dict=True):
    """Categories of a column in canonical form, the reference's most frequent first; one more cell for the rest."""

    kind: ClassVar[str] = "categorical"
    names: tuple[str, ...]

    @classmethod
    def of(cls, categories: Categories) -> CategoricalRuler:
        """Freeze a ruler from the reference's categories."""
        counts = np.bincount(categories.codes[categories.codes >= 0], minlength=len(categories.names))
        order = sorted(range(len(categories.names)), key=lambda i: (-counts[i], categories.names[i]))
        return cls(tuple(categories.names[i] for i in order if counts[i]))

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.names)}

    @property
    def size(self) -> int:
        """Number of cells: the categories and the cell for everything unseen."""
        return len(self.names) + 1

    @property
    def unseen(self) -> int:
        """The code of everything that the reference does not have."""
        return len(self.names)

    @cached_property
    def digest(self) -> bytes:
        """What tells two rulers apart."""
        return blake2b(msgspec.msgpack.encode(self.names), digest_size=16).digest()

    @cached_property
    def hashes(self) -> NDArray[np.uint64]:
        """A hash of each category."""
        return name_hashes(self.names)

    def code(self, name: str) -> int:
        """Give the cell of a canonical category."""
        return self._codes.get(name, self.unseen)

    def codes(self, names: list[str]) -> NDArray[np.int32]:
        """Give the cells of canonical categories."""
        unseen = self.unseen
        get = self._codes.get
        return np.fromiter((get(name, unseen) for name in names), np.int32, len(names))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` needs beside `facts`."""
        return {}

    def facts(self) -> dict[str, Any]:
        """Give the categories, as plain JSON values."""
        return {"kind": self.kind, "names": list(self.names)}

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> CategoricalRuler:  # noqa: ARG003 - one signature for all rulers
        """Read what `arrays` and `facts` gave."""
        return cls(tuple(facts["names"]))


class ListRuler(Struct, frozen=True, eq=False, dict=True):
    """The ruler of a column of lists: that of all their entries, categories or numbers."""

    kind: ClassVar[str] = "list"
    values: NumericalRuler | CategoricalRuler

    @cached_property
    def digest(self) -> bytes:
        """What tells two rulers apart."""
        return blake2b(self.values.digest, digest_size=16, person=b"list").digest()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` needs beside `facts`."""
        return self.values.arrays()

    def facts(self) -> dict[str, Any]:
        """Give the scalars, as plain JSON values."""
        return {"kind": self.kind, "values": self.values.facts()}

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> ListRuler:
        """Read what `arrays` and `facts` gave."""
        about = facts["values"]
        kind = NumericalRuler if about["kind"] == NumericalRuler.kind else CategoricalRuler
        return cls(kind.from_arrays(about, arrays))


Ruler: TypeAlias = NumericalRuler | CategoricalRuler | ListRuler


def entries_ruler(ruler: Ruler) -> NumericalRuler | CategoricalRuler:
    """Give the ruler of single values: of the entries of lists, and of any other column the column's own."""
    return ruler.values if isinstance(ruler, ListRuler) else ruler


class HasDigest(Protocol):
    """A ruler, or a tally that remembers only which ruler it was counted on."""

    @property
    def digest(self) -> bytes:
        """What tells two rulers apart."""


def require_same(one: HasDigest, other: HasDigest) -> None:
    """Refuse two tallies that were counted on different rulers.

    Raises
    ------
    TallyMismatchError
        When they differ.
    """
    if one is not other and one.digest != other.digest:
        raise TallyMismatchError(
            "Two tallies were counted on different rulers",
            received=f"{one.digest.hex()[:12]} and {other.digest.hex()[:12]}",
            expected="one ruler, frozen from one reference",
            remedy="Count both with the same reference file",
        )
