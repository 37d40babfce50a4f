"""A fault that no column shows alone: two columns that do not belong together any more."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from modelvane.faults.fault import Change, Hit, InjectedFault
from modelvane.raw_column import RawColumn


@dataclass(frozen=True, kw_only=True)
class Mispair(InjectedFault):
    """Gives a row the value that another row had, ``lag`` hit rows before, as a join on the wrong key does.

    The column's own distribution stays as it was, but for the last ``lag`` values; what it had to do with the other
    columns is gone.

    Examples
    --------
    >>> from modelvane.faults import inject
    >>> inject({"a": [1, 2, 3, 4]}, Mispair(column="a", lag=1)).values("a")
    [1, 1, 2, 3]
    """

    name: ClassVar[str] = "mispair"
    lag: int = 97

    def __post_init__(self) -> None:
        super().__post_init__()
        self._must(self.lag > 0, "a lag of at least 1 row")

    def begin(self) -> Change:
        """Give the change of one stream: it remembers the last values."""
        past: deque[Any] = deque(maxlen=self.lag)

        def change(column: RawColumn, hit: Hit) -> RawColumn:
            values = list(column) if isinstance(column, list) else column.to_pylist()
            for at in hit.nonzero()[0].tolist():
                own = values[at]
                if len(past) == self.lag:
                    values[at] = past[0]
                past.append(own)
            if isinstance(column, list):
                return values
            return pa.chunked_array([pa.array(values, column.type)])

        return change
