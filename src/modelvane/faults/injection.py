"""Faults put into rows, at once or batch by batch."""

from __future__ import annotations

from typing import Any

from modelvane.errors import UnknownNameError
from modelvane.faults.fault import InjectedFault
from modelvane.table import Table


class Injection:
    """Changes the batches of one stream, in their order.

    Parameters
    ----------
    faults
        What goes wrong, in this order.

    Examples
    --------
    >>> from modelvane.faults import Scale
    >>> injection = Injection(Scale(column="a", factor=2, start=3))
    >>> [injection.apply({"a": [1.0, 1.0]}).values("a") for _ in range(2)]
    [[1.0, 1.0], [1.0, 2.0]]
    """

    def __init__(self, *faults: InjectedFault) -> None:
        self._changes = [(fault, fault.begin()) for fault in faults]
        self._rows = 0

    def apply(self, data: Any) -> Table:
        """Give the next rows as they would be with the faults.

        Raises
        ------
        UnknownNameError
            For a fault of a column that the rows lack.
        """
        table = Table.of(data)
        for fault, change in self._changes:
            if fault.column not in table:
                raise UnknownNameError.of(f"column of the fault {fault.name!r}", fault.column, table.names)
            hit = fault.hits(table, self._rows)
            table = table.with_column(fault.column, change(table[fault.column], hit))
        self._rows += table.rows
        return table


def inject(data: Any, *faults: InjectedFault) -> Table:
    """Give rows as they would be with the faults; ``data`` is whatever `modelvane.table.Table.of` reads."""
    return Injection(*faults).apply(data)
