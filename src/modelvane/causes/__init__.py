"""What made a column drift, in words: the simple change of the reference that gives what is seen now."""

from __future__ import annotations

from modelvane.causes.bins import most_changed
from modelvane.causes.categorical import categorical_cause
from modelvane.causes.cause import Cause, Change
from modelvane.causes.numerical import numerical_cause
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.dataset import ColumnTally
from modelvane.tallies.list_tally import entries_of
from modelvane.tallies.numerical import NumericalTally

__all__ = ["Cause", "Change", "most_changed", "simple_cause"]


def simple_cause(reference: ColumnTally, current: ColumnTally) -> Cause | None:
    """Name the simple change that explains the current values of a column; ``None`` where there is none.

    Of a column of lists it is that of their entries.

    Examples
    --------
    >>> from modelvane.reference import Reference
    >>> reference = Reference.of({"miles": [float(i * i % 997) for i in range(2000)]})
    >>> rows = {"miles": [1.609344 * (i * i % 997) for i in range(500)]}
    >>> current = reference.counter.rows(reference.encode(rows))
    >>> str(simple_cause(reference.tally.columns["miles"], current.columns["miles"]))
    'values multiplied by 1.609, as from miles to kilometres, in all rows'
    """
    reference, current = entries_of(reference), entries_of(current)
    if isinstance(reference, NumericalTally) and isinstance(current, NumericalTally):
        return numerical_cause(reference, current)
    if isinstance(reference, CategoricalTally) and isinstance(current, CategoricalTally):
        return categorical_cause(reference, current)
    return None
