"""What a statistic is: a pure function of one tally, and what is known about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, Literal, TypeVar

from msgspec import Struct

from modelvane.undefined import Value

TallyT_contra = TypeVar("TallyT_contra", contravariant=True)

Better = Literal["lower", "higher"] | None


class Statistic(Struct, Generic[TallyT_contra], frozen=True):
    """One number of a tally.

    Parameters
    ----------
    name, title
        Its name in configs and series, and in prose.
    function
        Gives the value, or `Undefined` with the reason; never raises for any tally, the zero tally included.
    unit
        ``"ratio"`` (0 to 1), ``"rows"``, ``"seconds"``, ``"column"`` (the column's own unit) or ``""``.
    source
        Formula or paper.
    better
        Which way is better, where there is one.
    error_bound
        ``error_bound(tally)``: the value is within this much of the one of the raw rows; ``None`` when it is exact,
        or as near as its function says.
    """

    name: str
    title: str
    function: Callable[[TallyT_contra], Value]
    unit: str
    source: str
    better: Better = None
    error_bound: Callable[[TallyT_contra], float] | None = None


class LabelledStatistic(Struct, Generic[TallyT_contra], frozen=True):
    """A number per label (class, quantile, error group) of a tally; parameters as in `Statistic`.

    ``function`` gives label to value, ``error_bounds`` label to its error bound where there is one; ``labels`` names
    what a label is: ``"class"``, ``"quantile"``, ``"group"`` or ``"k"``.
    """

    name: str
    title: str
    function: Callable[[TallyT_contra], Mapping[str, Value]]
    unit: str
    source: str
    labels: str
    better: Better = None
    error_bounds: Callable[[TallyT_contra], Mapping[str, float]] | None = None
