"""One thing that can be measured, and how its Prometheus series is called."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from modelvane.findings import Family
from modelvane.schema import Kind
from modelvane.statistics.base import Better, LabelledStatistic, Statistic


class Measure(Struct, frozen=True, kw_only=True):
    """One thing that can be measured.

    Parameters
    ----------
    name, family
        What a finding calls it; the two together are unique.
    title
        Its name in prose.
    unit
        As in `modelvane.findings.Finding`.
    source
        Formula or paper.
    series
        The Prometheus series that holds its value.
    labels
        Of that series, in order.
    kinds
        Kinds of columns that it measures; empty when it is not about a column.
    needs
        What else must be there, in words; empty when rows are enough.
    by
        What ``Finding.label`` names: ``"class"``, ``"quantile"``, ``"group"``, ``"k"``; ``None`` for a single value.
    better
        Which way is better, where there is one.
    """

    name: str
    family: Family
    title: str
    unit: str
    source: str
    series: str
    labels: tuple[str, ...]
    kinds: frozenset[Kind] = frozenset()
    needs: str = ""
    by: str | None = None
    better: Better = None


def label_of(by: str) -> str:
    """Give the Prometheus label that tells the values of a labelled measure apart.

    ``quantile`` is reserved for summaries there, and these are gauges.
    """
    return "level" if by == "quantile" else by


def series_of(family: Family, name: str, unit: str) -> str:
    """Name the Prometheus series of a measure.

    >>> series_of(Family.QUALITY, "missing_share", "ratio")
    'modelvane_quality_missing_ratio'
    """
    if unit == "ratio":
        return f"modelvane_{family}_{name.removesuffix('_share').removesuffix('_ratio')}_ratio"
    return f"modelvane_{family}_{name}{'_seconds' if unit == 'seconds' else ''}"


def measure_of(
    family: Family,
    statistic: Statistic[Any] | LabelledStatistic[Any],
    labels: tuple[str, ...],
    kinds: frozenset[Kind] = frozenset(),
    needs: str = "",
) -> Measure:
    """Give the measure that a statistic is."""
    by = statistic.labels if isinstance(statistic, LabelledStatistic) else None
    return Measure(
        name=statistic.name,
        family=family,
        title=statistic.title,
        unit=statistic.unit,
        source=statistic.source,
        series=series_of(family, statistic.name, statistic.unit),
        labels=labels if by is None else (*labels, label_of(by)),
        kinds=kinds,
        needs=needs,
        by=by,
        better=statistic.better,
    )


def of_dataset(
    family: Family,
    name: str,
    title: str,
    unit: str,
    source: str,
    needs: str = "",
    series: str = "",
    better: Better = None,
) -> Measure:
    """Give a measure with one value of the whole dataset."""
    return Measure(
        name=name,
        family=family,
        title=title,
        unit=unit,
        source=source,
        series=series or series_of(family, name, unit),
        labels=("dataset",),
        needs=needs,
        better=better,
    )
