"""What a divergence is: a function of two samples on one ruler, and what is known about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from modelvane.schema import Kind
from modelvane.tallies.sample import Sample
from modelvane.undefined import Undefined, Value

Kernel: TypeAlias = Callable[[Sample, Sample], NDArray[np.float64]]
PValue: TypeAlias = Callable[[float, Sample, Sample], float]
Critical: TypeAlias = Callable[[float, float, float], float]
ErrorBound: TypeAlias = Callable[[Sample, Sample], float]


@dataclass(frozen=True, slots=True)
class Divergence:
    """One way of saying how far current is from reference.

    Parameters
    ----------
    name, title
        Its name in configs and series, and in prose.
    kinds
        Kinds of columns that it can compare.
    kernel
        ``kernel(reference, current)`` with samples of shape ``(..., cells)`` gives values of shape ``(...)``; larger
        is farther, 0 is equal. NaN where it is undefined.
    undefined
        Why it is NaN, when it is; ``None`` when it never is with rows on both sides.
    unit
        ``"ratio"`` (0 to 1), ``"column"`` (the column's unit), ``"bits"``/``"nats"`` or ``""``.
    zero_cells
        What it does with cells that one side or both leave empty.
    source
        Formula or paper, with the year.
    p_value
        ``p_value(value, reference, current)``: probability of a value this large without any change.
    critical
        ``critical(level, n, N)``: the value exceeded with probability ``level`` without any change, where there is an
        analytic null; others are calibrated by draws from the reference.
    error_bound
        ``error_bound(reference, current)``: the value is within this much of the one of the raw rows; ``None`` when
        the value depends on nothing but the counts of its bins or categories.
    """

    name: str
    title: str
    kinds: frozenset[Kind]
    kernel: Kernel
    zero_cells: str
    source: str
    unit: str = ""
    undefined: str | None = None
    p_value: PValue | None = None
    critical: Critical | None = None
    error_bound: ErrorBound | None = None

    def between(self, reference: Sample, current: Sample) -> Value:
        """Compare two single samples; `Undefined` with the reason when there is no value."""
        for side, sample in (("reference", reference), ("window", current)):
            if not sample.n:
                return Undefined(f"no usable values in the {side}")
        value = float(self.kernel(reference, current))
        if np.isfinite(value):
            return value
        return Undefined(self.undefined or f"{self.title} has no finite value here")


NUMERICAL = frozenset({Kind.NUMERICAL})
CATEGORICAL = frozenset({Kind.CATEGORICAL})
BOTH = NUMERICAL | CATEGORICAL
