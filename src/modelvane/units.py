"""Units of measurement that are often mistaken for each other."""

from __future__ import annotations

_MILE, _FOOT, _POUND = 1.609344, 0.3048, 0.45359237

UNITS: dict[tuple[str, str], tuple[float, float]] = {
    ("miles", "kilometres"): (_MILE, 0.0),
    ("feet", "metres"): (_FOOT, 0.0),
    ("pounds", "kilograms"): (_POUND, 0.0),
    ("seconds", "milliseconds"): (1000.0, 0.0),
    ("minutes", "seconds"): (60.0, 0.0),
    ("hours", "minutes"): (60.0, 0.0),
    ("dollars", "cents"): (100.0, 0.0),
    ("fractions", "percent"): (100.0, 0.0),
    ("celsius", "fahrenheit"): (1.8, 32.0),
}
"""Factor and offset by the unit that was and the one that comes."""


def conversion(unit: str, into: str) -> tuple[float, float] | None:
    """Give the factor and the offset from one unit to another, either way; ``None`` where none is known.

    Examples
    --------
    >>> conversion("miles", "kilometres"), conversion("cents", "dollars"), conversion("miles", "celsius")
    ((1.609344, 0.0), (0.01, -0.0), None)
    """
    if (unit, into) in UNITS:
        return UNITS[unit, into]
    if (into, unit) in UNITS:
        factor, offset = UNITS[into, unit]
        return 1 / factor, -offset / factor
    return None


def conversions() -> dict[tuple[float, float], list[tuple[str, str]]]:
    """Give the pairs of units, each way, by their factor and offset."""
    found: dict[tuple[float, float], list[tuple[str, str]]] = {}
    for one, other in UNITS:
        for pair in ((one, other), (other, one)):
            known = conversion(*pair)
            if known is not None:
                found.setdefault(known, []).append(pair)
    return found
