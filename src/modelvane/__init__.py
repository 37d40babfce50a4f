"""Watches machine-learning models in production.

The public names are loaded when they are first used, so that ``import modelvane`` is quick and
``import modelvane.client`` loads nothing but the client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelvane.calibration.lines import Alarm as Alarm
    from modelvane.findings import Finding as Finding
    from modelvane.findings import Findings as Findings
    from modelvane.findings import Verdict as Verdict
    from modelvane.methods import Methods as Methods
    from modelvane.monitor import Monitor as Monitor
    from modelvane.own import divergence as divergence
    from modelvane.own import statistic as statistic
    from modelvane.reference import Reference as Reference
    from modelvane.schema import Column as Column
    from modelvane.schema import Schema as Schema
    from modelvane.settings import Protected as Protected
    from modelvane.settings import Settings as Settings
    from modelvane.settings import Window as Window
    from modelvane.table import Table as Table

__version__ = "0.1.0"

_HOME = {
    "Alarm": "modelvane.calibration.lines",
    "Column": "modelvane.schema",
    "Finding": "modelvane.findings",
    "Findings": "modelvane.findings",
    "Methods": "modelvane.methods",
    "Monitor": "modelvane.monitor",
    "Protected": "modelvane.settings",
    "Reference": "modelvane.reference",
    "Schema": "modelvane.schema",
    "Settings": "modelvane.settings",
    "Table": "modelvane.table",
    "Verdict": "modelvane.findings",
    "Window": "modelvane.settings",
    "divergence": "modelvane.own",
    "statistic": "modelvane.own",
}

__all__ = [*_HOME, "__version__"]  # noqa: PLE0604 - every key of _HOME is a string


def __getattr__(name: str) -> object:
    try:
        home = _HOME[name]
    except KeyError:
        raise AttributeError(
            f"module 'modelvane' has no attribute {name!r}; it has {', '.join(_HOME)}"
        ) from None
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
