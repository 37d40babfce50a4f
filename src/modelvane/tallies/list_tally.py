"""What is remembered of a column of lists."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.casting import Fault, Numbers
from modelvane.errors import TallyMismatchError
from modelvane.ruler import ListRuler, NumericalRuler, require_same
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.list_column import Lists, Values
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.sample import Sample

EntryTally: TypeAlias = NumericalTally | CategoricalTally


class ListTally(Struct, frozen=True, eq=False):
    """Counts of lists, and the tally of all their entries; tallies of one ruler add, bit for bit in any grouping.

    Parameters
    ----------
    ruler
        Frozen from the reference.
    entries
        Of the entries of all usable lists; it has no faults.
    lists
        Rows with a usable list, empty ones among them.
    empty
        Rows whose list has no entry.
    missing, wrong_type
        Rows without a list, and rows with something else or with an entry that is no id or number.
    """

    ruler: ListRuler
    entries: EntryTally
    lists: int
    empty: int
    missing: int
    wrong_type: int

    @classmethod
    def zero(cls, ruler: ListRuler) -> ListTally:
        """Give the tally of no rows."""
        on = ruler.values
        entries = NumericalTally.zero(on) if isinstance(on, NumericalRuler) else CategoricalTally.zero(on)
        return cls(ruler, entries, 0, 0, 0, 0)

    @classmethod
    def of(cls, ruler: ListRuler, column: Lists) -> ListTally:
        """Tally one column of rows."""
        faults = np.bincount(column.faults, minlength=len(Fault)).tolist()
        is_empty = (column.lengths == 0) & (column.faults == Fault.NONE)
        return cls(
            ruler,
            _tally(ruler, column.values),
            lists=faults[Fault.NONE],
            empty=int(is_empty.sum()),
            missing=faults[Fault.MISSING],
            wrong_type=faults[Fault.WRONG_TYPE],
        )

    def __add__(self, other: ListTally) -> ListTally:
        require_same(self.ruler, other.ruler)
        return ListTally(
            self.ruler,
            _sum(self.entries, other.entries),
            self.lists + other.lists,
            self.empty + other.empty,
            self.missing + other.missing,
            self.wrong_type + other.wrong_type,
        )

    def _state(self) -> tuple[int, int, int, int]:
        return self.lists, self.empty, self.missing, self.wrong_type

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ListTally)
            and self.ruler.digest == other.ruler.digest
            and self._state() == other._state()
            and self.entries == other.entries
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {"lists": list(self._state()), "entries": self.entries.facts()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return self.entries.arrays()

    @classmethod
    def from_arrays(
        cls, ruler: ListRuler, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> ListTally:
        """Read what `facts` and `arrays` gave."""
        on, about = ruler.values, facts["entries"]
        entries: EntryTally
        if isinstance(on, NumericalRuler):
            entries = NumericalTally.from_arrays(on, about, arrays)
        else:
            entries = CategoricalTally.from_arrays(on, about, arrays)
        return cls(ruler, entries, *facts["lists"])

    @property
    def n(self) -> int:
        """Entries of all lists."""
        return self.entries.n

    @property
    def entries_per_list(self) -> float:
        """Mean number of entries of the lists that have any; there must be one."""
        return self.n / (self.lists - self.empty)

    @property
    def rows(self) -> int:
        """All rows."""
        return self.lists + self.missing + self.wrong_type

    @property
    def infinite(self) -> int:
        """A list is never infinite; one with an infinite number is of the wrong type."""
        return 0

    @property
    def sample(self) -> Sample:
        """What divergences compare: the entries."""
        return self.entries.sample


def entries_of(tally: EntryTally | ListTally) -> EntryTally:
    """Give the tally of single values: the entries of lists, and of any other column the column itself."""
    return tally.entries if isinstance(tally, ListTally) else tally


def _tally(ruler: ListRuler, values: Values) -> EntryTally:
    on = ruler.values
    if isinstance(on, NumericalRuler):
        assert isinstance(values, Numbers)  # noqa: S101 - looked up on this ruler
        return NumericalTally.of(on, values)
    assert not isinstance(values, Numbers)  # noqa: S101 - as above
    return CategoricalTally.of(on, values)


def _sum(one: EntryTally, other: EntryTally) -> EntryTally:
    if isinstance(one, NumericalTally) and isinstance(other, NumericalTally):
        return one + other
    if isinstance(one, CategoricalTally) and isinstance(other, CategoricalTally):
        return one + other
    raise TallyMismatchError(
        "Two tallies are of lists of different kinds",
        received=f"{type(one).__name__} and {type(other).__name__}",
        expected="one schema",
    )
