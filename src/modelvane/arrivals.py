"""How rows came: when, how often the same, and with which columns."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.reference import Reference
from modelvane.table import Table

_MOST_DUPLICATES = 100_000
_MOST_NAMES = 1000


class Arrivals:
    """What is known of the arrival of the last rows, beside what is in them.

    Rows are known by their position: how many were pushed before them.

    Parameters
    ----------
    reference
        Says which columns rows should have.
    rows
        Rows whose time of arrival is remembered.
    """

    def __init__(self, reference: Reference, rows: int) -> None:
        self._known = frozenset(reference.schema.names)
        self._needed = reference.expected
        self._received = np.zeros(rows)
        self._duplicates: deque[int] = deque(maxlen=_MOST_DUPLICATES)
        # by name, one past the position of the last row that had it, or lacked it
        self._unexpected: dict[str, int] = {}
        self._absent: dict[str, int] = {}

    def came(self, positions: NDArray[np.int64], received: NDArray[np.float64]) -> None:
        """Remember when rows came, in seconds since 1970."""
        self._received[positions % len(self._received)] = received

    def received(self, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give when rows came, each of which is remembered."""
        return self._received[positions % len(self._received)]

    def refused(self, position: int, rows: int = 1) -> None:
        """Count rows refused for their id, before the row of this position came."""
        self._duplicates.extend([position] * rows)

    def had_columns(self, table: Table, first: int) -> None:
        """Note which columns the rows from ``first`` on have too much, and which they lack."""
        end = first + table.rows
        for name in table.names:
            if name not in self._known:
                self._unexpected[name] = end
                if len(self._unexpected) > _MOST_NAMES:
                    del self._unexpected[next(iter(self._unexpected))]
        for name in self._needed:
            if name not in table:
                self._absent[name] = end

    def duplicates(self, since: int) -> int:
        """Count the rows refused since the row of this position came."""
        return sum(1 for at in self._duplicates if at >= since)

    def unexpected(self, since: int) -> tuple[str, ...]:
        """Name the columns that rows from this position on had too much."""
        return tuple(sorted(name for name, at in self._unexpected.items() if at > since))

    def absent(self, since: int) -> tuple[str, ...]:
        """Name the columns that rows from this position on lacked altogether."""
        return tuple(sorted(name for name, at in self._absent.items() if at > since))

    def state(self, since: int, end: int) -> dict[str, Any]:
        """Give what concerns the rows from ``since`` to ``end``, each with how many rows ago, as JSON values."""
        return {
            "duplicates": [end - at for at in self._duplicates if at >= since],
            "unexpected": {name: end - at for name, at in self._unexpected.items() if at > since},
            "absent": {name: end - at for name, at in self._absent.items() if at > since},
        }

    def restore(self, state: Mapping[str, Any], end: int) -> None:
        """Take up what `state` gave, where ``end`` rows have come."""
        self._duplicates = deque((end - ago for ago in state["duplicates"]), _MOST_DUPLICATES)
        self._unexpected = {name: end - ago for name, ago in state["unexpected"].items()}
        self._absent = {name: end - ago for name, ago in state["absent"].items()}
