"""What is remembered of a categorical column."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.casting import Categories, Fault
from modelvane.ruler import CategoricalRuler, name_hash, require_same
from modelvane.tallies.cells import Cells
from modelvane.tallies.sample import Sample

KEEP_UNSEEN = 64
NAME_LIMIT = 80


class Codes(Struct, frozen=True):
    """A categorical column on its ruler: ``codes`` (int32) from ``ruler.unseen`` on index ``unseen`` names.

    Negative codes are faults (see `modelvane.casting.Fault`).
    """

    codes: NDArray[np.int32]
    unseen: list[str]

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, index: NDArray[np.intp] | slice) -> Codes:
        """Give the rows at ``index``."""
        return Codes(self.codes[index], self.unseen)

    def name(self, ruler: CategoricalRuler, code: int) -> str:
        """Give the category of a code that is no fault."""
        return ruler.names[code] if code < ruler.unseen else self.unseen[code - ruler.unseen]

    @classmethod
    def of(cls, ruler: CategoricalRuler, categories: Categories) -> Codes:
        """Look the categories of a column up on the ruler."""
        on_ruler = ruler.codes(categories.names)
        is_unseen = on_ruler == ruler.unseen
        unseen: list[str] = []
        if is_unseen.any():
            unseen = [name for name, new in zip(categories.names, is_unseen.tolist(), strict=True) if new]
            on_ruler[is_unseen] += np.arange(len(unseen), dtype=np.int32)
        # negative codes index from the end: -1 is missing, -4 is of the wrong type
        faults = np.array([-Fault.WRONG_TYPE, 0, 0, -Fault.MISSING], np.int32)
        return cls(np.concatenate((on_ruler, faults))[categories.codes], unseen)


class CategoricalTally(Struct, frozen=True, eq=False, dict=True):
    """Counts per category of the reference; tallies of one ruler add, bit for bit in any grouping.

    Parameters
    ----------
    ruler
        Frozen from the reference.
    cells
        Rows per category; the last cell is everything unseen.
    unseen
        Hash of an unseen category to its rows and its name (cut at ``NAME_LIMIT``): the ``KEEP_UNSEEN`` smallest
        hashes, so that merging in any grouping keeps the same ones with exact counts.
    missing, wrong_type
        Rows that have no category.
    """

    ruler: CategoricalRuler
    cells: Cells
    unseen: dict[int, tuple[int, str]]
    missing: int
    wrong_type: int

    @classmethod
    def zero(cls, ruler: CategoricalRuler) -> CategoricalTally:
        """Give the tally of no rows."""
        return cls(ruler, Cells.zero(ruler.size), {}, 0, 0)

    @classmethod
    def of(cls, ruler: CategoricalRuler, column: Codes) -> CategoricalTally:
        """Tally one column of rows."""
        faults = len(Fault) - 1
        # counting takes this type; adding in it saves a pass
        counted = np.bincount(np.add(column.codes, faults, dtype=np.intp), minlength=ruler.size + faults)
        by_fault, counts = counted[:faults], counted[faults:]
        unseen: dict[int, tuple[int, str]] = {}
        if column.unseen:
            new = counts[ruler.unseen :].tolist()
            named = zip(column.unseen, new, strict=False)
            unseen = _smallest(
                {name_hash(name): (count, name[:NAME_LIMIT]) for name, count in named if count}
            )
            counts = np.append(counts[: ruler.unseen], sum(new))
        return cls(
            ruler,
            Cells.of(counts.astype(np.int64)),
            unseen,
            missing=int(by_fault[-Fault.MISSING]),
            wrong_type=int(by_fault[-Fault.WRONG_TYPE]),
        )

    def __add__(self, other: CategoricalTally) -> CategoricalTally:
        require_same(self.ruler, other.ruler)
        unseen = dict(self.unseen)
        for key, (count, name) in other.unseen.items():
            unseen[key] = (unseen.get(key, (0, name))[0] + count, name)
        return CategoricalTally(
            self.ruler,
            self.cells + other.cells,
            _smallest(unseen),
            self.missing + other.missing,
            self.wrong_type + other.wrong_type,
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, CategoricalTally)
            and self.ruler.digest == other.ruler.digest
            and self.unseen == other.unseen
            and (self.missing, self.wrong_type) == (other.missing, other.wrong_type)
            and self.cells == other.cells
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {
            "unseen": [[str(key), count, name] for key, (count, name) in sorted(self.unseen.items())],
            "faults": [self.missing, self.wrong_type],
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return self.cells.arrays()

    @classmethod
    def from_arrays(
        cls, ruler: CategoricalRuler, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> CategoricalTally:
        """Read what `facts` and `arrays` gave."""
        unseen = {int(key): (count, name) for key, count, name in facts["unseen"]}
        return cls(ruler, Cells.from_arrays(ruler.size, arrays), unseen, *facts["faults"])

    @cached_property
    def n(self) -> int:
        """Rows with a category."""
        return self.cells.total

    @property
    def infinite(self) -> int:
        """Categories are never infinite."""
        return 0

    @property
    def rows(self) -> int:
        """All rows."""
        return self.n + self.missing + self.wrong_type

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Rows per category of the ruler; the last is everything unseen."""
        return self.cells.dense()[0]

    def top_unseen(self, most: int = 5) -> list[tuple[str, int]]:
        """Give the most frequent of the unseen categories that are held by name."""
        held = sorted(self.unseen.values(), key=lambda pair: (-pair[0], pair[1]))
        return [(name, count) for count, name in held[:most]]

    @cached_property
    def sample(self) -> Sample:
        """What divergences compare."""
        return Sample(self.ruler, self.counts)


def _smallest(unseen: dict[int, tuple[int, str]]) -> dict[int, tuple[int, str]]:
    return {key: unseen[key] for key in sorted(unseen)[:KEEP_UNSEEN]}
