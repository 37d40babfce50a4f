"""What a divergence is: a function of two samples on one ruler, and what is known about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.schema import Kind
from modelvane.tallies.sample import Sample
from modelvane.undefined import Undefined, Value

Kernel: TypeAlias = Callable[[Sample, Sample], NDArray[np.float64]]
PValue: TypeAlias = Callable[[float, Sample, Sample], float]
Critical: TypeAlias = Callable[[float, float, float], float]
ErrorBound: TypeAlias = Callable[[Sample, Sample], float]


class Divergence(Struct, frozen=True):
    """One way of saying how far current is from reference.

    Parameters
    ----------
    name, title
        Its name in configs and series, and in prose.
    kinds
        Kinds of columns that it can compare.
    kernel
        ``kernel(reference, current)`` with samples of shape ``(..., cells)`` gives values of shape ``(...)``;
        larger is farther, 0 is equal. NaN where it is undefined.
    undefined
        Why it is NaN, when it is; ``None`` when it never is with rows on both sides.
    unit
        ``"ratio"`` (0 to 1), ``"column"`` (the column's unit), ``"bits"``/``"nats"`` or ``""``.
    zero_cells
        What it does with cells that one side or both leave empty.
    source
        Formula or paper, with the year.
    degree
        1 where a small change moves the value in proportion, 2 where in proportion to its square.
    p_value
        ``p_value(value, reference, current)``: probability of a value this large without any change;
        NaN where the formula's conditions do not hold.
    critical
        ``critical(level, n, N)``: the value exceeded with probability ``level`` without any change, where
        there is an analytic null; others are calibrated by draws from the reference.
    error_bound
        ``error_bound(reference, current)``: the value is within this much of the one of the raw rows;
        ``None`` when the value follows from counts of bins or categories, or from moments, which are exact to
        the ruler's quantum.
    """

    name: str
    title: str
    kinds: frozenset[Kind]
    kernel: Kernel
    zero_cells: str
    source: str
    unit: str = ""
    undefined: str | None = None
    degree: int = 1
    p_value: PValue | None = None
    critical: Critical | None = None
    error_bound: ErrorBound | None = None

    @property
    def on_bins(self) -> bool:
        """Whether it looks at bins and categories only, never at the cells between edges."""
        return Kind.CATEGORICAL in self.kinds

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

# a block of this many cells leaves every intermediate array in the processor's cache
BLOCK = 1 << 18


def in_blocks(kernel: Kernel) -> Kernel:
    """Let a kernel see at most ``BLOCK`` cells at once: thousands of draws need no more memory than a few.

    Only the first of the leading axes is cut; a side without leading axes is compared with every block of the
    other.
    """

    @wraps(kernel)
    def blocked(reference: Sample, current: Sample) -> NDArray[np.float64]:
        shape = np.broadcast_shapes(reference.counts.shape, current.counts.shape)
        draws = shape[0] if len(shape) > 1 else 1
        step = max(1, BLOCK * draws // int(np.prod(shape)))
        if draws <= step:
            return np.asarray(kernel(reference, current))
        parts = [slice(at, at + step) for at in range(0, draws, step)]
        depth = len(shape)
        return np.concatenate(
            [kernel(_part(reference, part, depth), _part(current, part, depth)) for part in parts]
        )

    return blocked


def _part(sample: Sample, part: slice, depth: int) -> Sample:
    if sample.counts.ndim < depth or len(sample.counts) == 1:
        return sample
    return Sample(
        sample.ruler,
        sample.counts[part],
        None if sample.slack is None else sample.slack[part],
        None if sample.mean is None else np.asarray(sample.mean)[part],
        None if sample.variance is None else np.asarray(sample.variance)[part],
    )
