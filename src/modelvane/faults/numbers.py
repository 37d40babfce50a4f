"""Faults of numbers: shifted, scaled, in another unit, cut off, stuck."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelvane.casting import as_numbers
from modelvane.errors import ConfigError
from modelvane.faults.fault import Change, Hit, InjectedFault
from modelvane.faults.replacing import replaced
from modelvane.raw_column import RawColumn
from modelvane.units import UNITS, conversion


@dataclass(frozen=True, kw_only=True)
class _Recomputed(InjectedFault):
    """Gives each number that is hit as a function of itself; what is no number stays."""

    def begin(self) -> Change:
        return self._change

    def _change(self, column: RawColumn, hit: Hit) -> RawColumn:
        numbers = as_numbers(column)
        if numbers.faults is not None:
            hit = hit & (numbers.faults == 0)
        return replaced(column, hit, self._computed(numbers.values))

    @abstractmethod
    def _computed(self, values: NDArray[np.float64]) -> NDArray[np.float64]: ...


@dataclass(frozen=True, kw_only=True)
class Shift(_Recomputed):
    """Adds ``by`` to a number.

    Examples
    --------
    >>> from modelvane.faults import inject
    >>> inject({"a": [1.0, 2.0, 3.0]}, Shift(column="a", by=10, start=1)).values("a")
    [1.0, 12.0, 13.0]
    """

    name: ClassVar[str] = "shift"
    by: float

    def _computed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values + self.by


@dataclass(frozen=True, kw_only=True)
class Scale(_Recomputed):
    """Multiplies a number by ``factor``."""

    name: ClassVar[str] = "scale"
    factor: float

    def _computed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return values * self.factor


@dataclass(frozen=True, kw_only=True)
class UnitChange(_Recomputed):
    """Gives a number in the unit ``into`` that was in ``unit``: those of `modelvane.units.UNITS`, either way.

    Examples
    --------
    >>> from modelvane.faults import inject
    >>> inject({"t": [100.0]}, UnitChange(column="t", unit="celsius", into="fahrenheit")).values("t")
    [212.0]
    """

    name: ClassVar[str] = "unit_change"
    unit: str
    into: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if conversion(self.unit, self.into) is None:
            raise ConfigError(
                "There is no way between these units",
                received=f"{self.unit} -> {self.into}",
                available=[f"{one} -> {other}" for one, other in UNITS],
                remedy="Other constants can be had with scale and shift",
            )

    def _computed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        known = conversion(self.unit, self.into)
        assert known is not None  # noqa: S101 - it was asked for when the fault was made
        factor, offset = known
        return values * factor + offset


@dataclass(frozen=True, kw_only=True)
class Truncate(_Recomputed):
    """Cuts numbers off at ``low`` and ``high``, as a field that is too narrow or a saturated sensor does."""

    name: ClassVar[str] = "truncate"
    low: float = -np.inf
    high: float = np.inf

    def _computed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip(values, self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class Stuck(InjectedFault):
    """Repeats the first value that is hit, as a sensor does that hangs.

    Examples
    --------
    >>> from modelvane.faults import inject
    >>> inject({"a": [1, 2, 3, 4]}, Stuck(column="a", start=1)).values("a")
    [1, 2, 2, 2]
    """

    name: ClassVar[str] = "stuck"

    def begin(self) -> Change:
        """Give the change of one stream: it remembers the value."""
        held: list[Any] = []

        def change(column: RawColumn, hit: Hit) -> RawColumn:
            if not hit.any():
                return column
            if not held:
                first = int(np.argmax(hit))
                held.append(column[first])
            (value,) = held
            if isinstance(column, list):
                return [value if one else old for one, old in zip(hit, column, strict=True)]
            return pc.if_else(pa.array(hit), value, column)

        return change
