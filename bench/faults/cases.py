"""What goes wrong: every kind of fault at two sizes, at once and little by little, and in a part of the traffic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.faults.looks import WINDOW

from modelvane.faults import (
    InjectedFault,
    LabelFlip,
    Mispair,
    Nulls,
    Recategorize,
    Scale,
    Shift,
    Stuck,
    Truncate,
    UnitChange,
)

RAMP = 2000
BURST = 1000


@dataclass(frozen=True)
class Kind:
    """One thing that goes wrong.

    Parameters
    ----------
    name
        Of the kind.
    mild, strong
        At two sizes.
    """

    name: str
    mild: InjectedFault
    strong: InjectedFault


@dataclass(frozen=True)
class Case:
    """One fault of the table.

    Parameters
    ----------
    dataset, kind
        What goes wrong, and with which rows.
    size
        ``mild`` or ``strong``.
    onset
        ``sudden``, ``gradual``, or ``in part`` (sudden, in a part of the traffic).
    fault
        It begins when the window is full.
    """

    dataset: str
    kind: str
    size: str
    onset: str
    fault: InjectedFault

    @property
    def key(self) -> str:
        """A name for files."""
        return f"{self.kind}-{self.size}-{self.onset}".replace(" ", "-")


def _unit(column: str, unit: str, into: str, share: float) -> UnitChange:
    return UnitChange(column=column, unit=unit, into=into, share=share)


def _renamed(column: str, category: str, into: str, share: float) -> Recategorize:
    return Recategorize(column=column, category=category, into=into, share=share)


def _burst(column: str, share: float) -> Nulls:
    return Nulls(column=column, share=share, start=WINDOW, stop=WINDOW + BURST)


KINDS = {
    "taxi": (
        Kind("shift", Shift(column="trip_distance", by=0.25), Shift(column="trip_distance", by=0.5)),
        Kind("scale", Scale(column="trip_distance", factor=1.15), Scale(column="trip_distance", factor=1.3)),
        Kind(
            "unit change",
            _unit("trip_distance", "miles", "kilometres", 0.3),
            _unit("trip_distance", "miles", "kilometres", 1.0),
        ),
        Kind(
            "cents as dollars",
            _unit("fare_amount", "dollars", "cents", 0.01),
            _unit("fare_amount", "dollars", "cents", 0.05),
        ),
        Kind("cut off", Truncate(column="trip_distance", high=10), Truncate(column="trip_distance", high=6)),
        Kind(
            "stuck sensor",
            Stuck(column="trip_distance", share=0.1),
            Stuck(column="trip_distance", share=0.4),
        ),
        Kind(
            "category swap", _renamed("payment_type", "2", "1", 0.2), _renamed("payment_type", "2", "1", 0.6)
        ),
        Kind(
            "category renamed",
            _renamed("RatecodeID", "1", "one", 0.01),
            _renamed("RatecodeID", "1", "one", 0.05),
        ),
        Kind("null burst", _burst("trip_distance", 0.01), _burst("trip_distance", 0.1)),
        Kind(
            "joint swap",
            Mispair(column="trip_distance", share=0.3),
            Mispair(column="trip_distance", share=1.0),
        ),
        Kind("relation", Scale(column="duration", factor=1.1), Scale(column="duration", factor=1.3)),
        Kind("labels mixed up", Mispair(column="duration", share=0.2), Mispair(column="duration", share=0.8)),
    ),
    "retail": (
        Kind("scale", Scale(column="UnitPrice", factor=1.05), Scale(column="UnitPrice", factor=1.3)),
        Kind(
            "unit change",
            _unit("UnitPrice", "dollars", "cents", 0.05),
            _unit("UnitPrice", "dollars", "cents", 0.2),
        ),
        Kind("stuck sensor", Stuck(column="hour", share=0.1), Stuck(column="hour", share=0.3)),
        Kind(
            "category swap",
            _renamed("Country", "United Kingdom", "Germany", 0.02),
            _renamed("Country", "United Kingdom", "Germany", 0.1),
        ),
        Kind(
            "category renamed",
            _renamed("Country", "United Kingdom", "GB", 0.005),
            _renamed("Country", "United Kingdom", "GB", 0.05),
        ),
        Kind("null burst", _burst("UnitPrice", 0.01), _burst("UnitPrice", 0.1)),
        Kind("joint swap", Mispair(column="UnitPrice", share=0.3), Mispair(column="UnitPrice", share=1.0)),
        Kind(
            "label flip",
            LabelFlip(column="bulk", category="0", other="1", share=0.06),
            LabelFlip(column="bulk", category="0", other="1", share=0.2),
        ),
        Kind("labels mixed up", Mispair(column="bulk", share=0.2), Mispair(column="bulk", share=1.0)),
    ),
}
PARTS = {"taxi": ("VendorID", "1"), "retail": ("known", "false")}
"""Of the traffic: 9 % of the trips, 26 % of the lines."""


def cases(dataset: str) -> Iterator[Case]:
    """Give every fault of a dataset."""
    for kind in KINDS[dataset]:
        for size, sized in (("mild", kind.mild), ("strong", kind.strong)):
            fault = replace(sized, start=WINDOW)
            yield Case(dataset, kind.name, size, "sudden", fault)
            yield Case(dataset, kind.name, size, "gradual", replace(fault, ramp=RAMP))
        yield Case(dataset, kind.name, "strong", "in part", replace(fault, where=PARTS[dataset]))
