"""Values in the units of panels, as people read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modelvane.dashboards.units import Unit
from modelvane.formatting import THIN, duration_text, number_text, share_text

_PREFIXES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def bytes_text(value: float) -> str:
    """Write a size.

    >>> bytes_text(1536.0).replace(THIN, " "), bytes_text(3.0).replace(THIN, " ")
    ('1.50 KiB', '3 B')
    """
    for prefix in _PREFIXES[:-1]:
        if abs(value) < 1024:
            return f"{number_text(value)}{THIN}{prefix}"
        value /= 1024
    return f"{number_text(value)}{THIN}{_PREFIXES[-1]}"


_TEXTS: Mapping[Unit, Callable[[float], str]] = {
    Unit.PLAIN: number_text,
    Unit.COUNT: number_text,
    Unit.RATIO: share_text,
    Unit.SECONDS: duration_text,
    Unit.BYTES: bytes_text,
    Unit.PER_SECOND: lambda value: f"{number_text(value)}/s",
    Unit.PER_MINUTE: lambda value: f"{number_text(value)}/min",
}


def text_of(value: float, unit: Unit) -> str:
    """Write a value in its unit; one beyond Prometheus' numbers as a dash."""
    return _TEXTS[unit](value)
