"""Faults as people write them on a command line."""

from __future__ import annotations

import shlex
from dataclasses import fields
from typing import Any

import msgspec

from modelvane.errors import ConfigError, UnknownNameError
from modelvane.faults.categories import LabelFlip, Nulls, Recategorize
from modelvane.faults.fault import InjectedFault
from modelvane.faults.joint import Mispair
from modelvane.faults.numbers import Scale, Shift, Stuck, Truncate, UnitChange

FAULTS: dict[str, type[InjectedFault]] = {
    each.name: each
    for each in (Shift, Scale, UnitChange, Truncate, Stuck, Recategorize, Nulls, LabelFlip, Mispair)
}
"""By name."""


def fault_of(text: str) -> InjectedFault:
    """Read a fault: its name, its column, and its settings.

    Raises
    ------
    UnknownNameError
        For a fault or a setting that is not there.
    ConfigError
        For a setting that is missing or has no such value.

    Examples
    --------
    >>> fault_of("scale trip_distance factor=1.15 start=5000 where=VendorID=2").factor
    1.15
    """
    words = shlex.split(text)
    kind = words[0] if words else ""
    if kind not in FAULTS:
        raise UnknownNameError.of("fault", kind, FAULTS)
    known = [each.name for each in fields(FAULTS[kind])]
    written: dict[str, Any] = {"column": words[1]} if len(words) > 1 else {}
    for name, _, value in (word.partition("=") for word in words[2:]):
        if name not in known:
            raise UnknownNameError.of(f"setting of the fault {kind!r}", name, known)
        written[name] = tuple(value.split("=", 1)) if name == "where" else value
    try:
        return msgspec.convert(written, FAULTS[kind], strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"The fault {kind!r} cannot be read: {error}",
            received=text,
            expected=f"{kind} COLUMN name=value ...",
            available=known,
        ) from error
