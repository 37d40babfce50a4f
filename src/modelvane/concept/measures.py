"""What is measured of concept drift, by the signal that it is measured of."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from modelvane.concept.detectors import OWN
from modelvane.concept.detectors.river import RIVER
from modelvane.concept.signals import MEAN_ERROR, SIGNALS, Signal
from modelvane.statistics.base import Better

RELATION, RELATION_SHARE = "relation", "relation_share"
BY_INPUTS, BY_RELATION = "by_inputs", "by_relation"
CHANGED_AT = "changed_at"

_OAXACA = "Kitagawa, 1955; Oaxaca, 1973"


class Described(Struct, frozen=True):
    """One measure, as the catalogue has it; see `modelvane.measure.Measure`."""

    name: str
    title: str
    unit: str
    source: str
    labels: tuple[str, ...]
    needs: str
    better: Better = None


def name_of(signal: str, measure: str) -> str:
    """Name a measure of a signal.

    >>> name_of("mean_error", RELATION)
    'mean_error_relation'
    """
    return f"{signal}_{measure}"


def _described() -> Iterator[Described]:
    by_column, of_all = ("dataset", "column"), ("dataset",)
    for signal in SIGNALS.values():
        yield Described(
            name_of(signal.name, RELATION),
            f"{signal.title}, change of the relation",
            "",
            "sqrt(sum over bins of n1 n0 / (n1 + n0) / N1 (m1 - m0)^2 / variance), of what inputs do not explain: "
            "Cohen, 1969",
            by_column,
            signal.needs,
            "lower",
        )
        yield Described(
            name_of(signal.name, BY_INPUTS),
            f"{signal.title}, change by inputs",
            signal.unit,
            f"sum over bins of (new share - reference's share) x what the reference expects of the bin: {_OAXACA}",
            by_column,
            signal.needs,
        )
        yield Described(
            name_of(signal.name, BY_RELATION),
            f"{signal.title}, change by the relation",
            signal.unit,
            f"change of the mean of what inputs do not explain: {_OAXACA}",
            of_all,
            signal.needs,
        )
        yield Described(
            name_of(signal.name, RELATION_SHARE),
            f"{signal.title}, share of the relation",
            "ratio",
            "|change by the relation| / (|change by the relation| + |change by inputs|)",
            of_all,
            signal.needs,
        )
        yield from _of_time(signal)


def _of_time(signal: Signal) -> Iterator[Described]:
    needs = f"{signal.needs}, with times"
    for own in OWN.values():
        name, title = name_of(signal.name, own.name), f"{signal.title}, {own.title}"
        yield Described(name, title, "", own.source, ("dataset",), needs, "lower")
    if signal.name != MEAN_ERROR:
        for each in RIVER.values():
            name, title = name_of(signal.name, each.name), f"{signal.title}, changes that {each.title} finds"
            yield Described(name, title, "", each.source, ("dataset",), f"{needs}; the extra river", "lower")
    yield Described(
        name_of(signal.name, CHANGED_AT),
        f"{signal.title}, time of the change",
        "seconds",
        "since 1970: when the first of the rises began that CUSUM and Page-Hinkley found beyond their noise floors",
        ("dataset",),
        needs,
    )


CONCEPT = tuple(_described())
