"""What is measured of concept drift, by the signal that it is measured of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelvane.concept.signals import SIGNALS
from modelvane.statistics.base import Better

RELATION, RELATION_SHARE = "relation", "relation_share"
BY_INPUTS, BY_RELATION = "by_inputs", "by_relation"

_OAXACA = "Kitagawa, 1955; Oaxaca, 1973"


@dataclass(frozen=True, slots=True)
class Described:
    """One measure, as the catalogue has it; see `modelvane.catalogue.Measure`."""

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


CONCEPT = tuple(_described())
