"""Units of values: as the catalogue has them, and as Grafana has them."""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    """A unit, by Grafana's name for it."""

    PLAIN = "none"
    COUNT = "short"
    RATIO = "percentunit"
    SECONDS = "s"
    BYTES = "bytes"
    PER_SECOND = "cps"
    PER_MINUTE = "cpm"


_OF_CATALOGUE = {
    "": Unit.PLAIN,
    "column": Unit.PLAIN,  # what a column's own unit is nobody told
    "nats": Unit.PLAIN,
    "ratio": Unit.RATIO,
    "rows": Unit.COUNT,
    "seconds": Unit.SECONDS,
    "bytes": Unit.BYTES,
}


def unit_of(catalogue: str) -> Unit:
    """Give the unit of a measure or a series of the catalogue."""
    return _OF_CATALOGUE[catalogue]
