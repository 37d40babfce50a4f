"""What is said between a service and the process that evaluates for it, pickled: they are of one program."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from modelvane.findings import Findings
from modelvane.measuring import Pending
from modelvane.reference import Reference
from modelvane.settings import Settings
from modelvane.tallies.dataset import WindowTally


class Begin(Struct, frozen=True):
    """Take up a dataset; ``number`` stands for it, its reference and its settings from now on."""

    number: int
    dataset: str
    reference: Reference
    settings: Settings


class Measure(Struct, frozen=True):
    """Measure a round, and forget those whose numbers are given."""

    number: int
    pending: Pending
    forgotten: Sequence[int]


class Measured(Struct, frozen=True):
    """The answer to `Measure`."""

    findings: Findings
    window: WindowTally


class Failed(Struct, frozen=True):
    """The answer to `Measure` where it cannot be done."""

    error: Exception
    traceback: str
