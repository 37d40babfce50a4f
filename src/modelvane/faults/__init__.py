"""Faults injected into real rows: the test bed of detectors, and of a user's own config.

Each fault has a column, a beginning (sudden, or gradual over ``ramp`` rows), and a part of the traffic that it hits
(``share``, ``where``). `inject` changes a table; an `Injection` changes a stream batch by batch, in the same way.
"""

from __future__ import annotations

from modelvane.faults.categories import LabelFlip, Nulls, Recategorize
from modelvane.faults.fault import InjectedFault
from modelvane.faults.injection import Injection, inject
from modelvane.faults.joint import Mispair
from modelvane.faults.numbers import Scale, Shift, Stuck, Truncate, UnitChange
from modelvane.faults.written import FAULTS, fault_of

__all__ = [
    "FAULTS",
    "InjectedFault",
    "Injection",
    "LabelFlip",
    "Mispair",
    "Nulls",
    "Recategorize",
    "Scale",
    "Shift",
    "Stuck",
    "Truncate",
    "UnitChange",
    "fault_of",
    "inject",
]
