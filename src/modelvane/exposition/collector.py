"""Computes the series when Prometheus asks, within a budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from modelvane.catalogue import CATALOGUE
from modelvane.compat.sample import Sample as CompatSample
from modelvane.errors import ConfigError
from modelvane.exposition.entry import Entry, Series
from modelvane.exposition.findings import Group, compat_groups, finding_groups
from modelvane.exposition.observed import DatasetObserved, ServiceObserved
from modelvane.exposition.observed_series import OBSERVED, dataset_entries, service_entries
from modelvane.exposition.series import findings_series
from modelvane.findings import Findings

DEFAULT_LIMIT = 20_000

EXPOSED = Series("modelvane_series", "Samples of this scrape, these three included.", ())
DROPPED = Series(
    "modelvane_series_dropped", "Samples of findings that the budget left out of this scrape.", ()
)
LIMIT = Series("modelvane_series_limit", "The budget: samples that a scrape may have.", ())

BUDGET = (EXPOSED, DROPPED, LIMIT)


def native() -> tuple[Series, ...]:
    """Give every native series, in the order of exposition."""
    return (*findings_series(), *OBSERVED, *BUDGET)


@dataclass(frozen=True, slots=True)
class Exposed:
    """What is known of one dataset at a scrape.

    Parameters
    ----------
    dataset
        Its name.
    findings
        The last round; ``None`` before the first.
    compat
        Its 2022 series, when the config asks for them.
    observed
        What the service observes of its ingest.
    """

    dataset: str
    findings: Findings | None = None
    compat: Sequence[CompatSample] = ()
    observed: DatasetObserved | None = None


class ModelCollector(Collector):
    """Gives the series of all datasets as they are at the scrape, so those of a vanished class vanish with it.

    Parameters
    ----------
    sources
        Gives the datasets; called once per scrape.
    service
        Gives what the service observes of itself; ``None`` outside a service.
    limit
        Samples that a scrape may have. Beyond it, findings are left out whole: by class, quantile or group
        first, those of segments before those of all rows; then by segment: quality, predictions, performance,
        drift; then the 2022 series; then quality, predictions and performance of all rows; drift last.
        Self-observation is never left out.

    Raises
    ------
    ConfigError
        For a limit below 1.
    """

    def __init__(
        self,
        sources: Callable[[], Iterable[Exposed]],
        service: Callable[[], ServiceObserved] | None = None,
        *,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        if limit < 1:
            raise ConfigError("The limit of series is too small", received=limit, expected="1 or more")
        self._sources = sources
        self._service = service
        self._limit = limit

    def describe(self) -> Iterable[Metric]:
        """Give the native families without samples, so that registering computes nothing."""
        return [series.metric() for series in native()]

    def collect(self) -> Iterable[Metric]:
        """Give every family that has samples now."""
        exposed: list[Exposed] = []
        groups: list[Group] = []
        for each in self._sources():
            # one dataset at a time, so that who gives them can pause between them
            exposed.append(each)
            groups += _groups(each)
        observed = [
            entry
            for each in exposed
            if each.observed is not None
            for entry in dataset_entries(each.dataset, each.observed)
        ]
        if self._service is not None:
            observed += service_entries(self._service())
        room = self._limit - len(observed) - len(BUDGET)
        kept, dropped = _within(room, groups)
        shown = len(kept) + len(observed) + len(BUDGET)
        budget = [
            Entry(series, (), float(count))
            for series, count in zip(BUDGET, (shown, dropped, self._limit), strict=True)
        ]
        return _families([*kept, *observed, *budget])


def registry_of(*collectors: Collector) -> CollectorRegistry:
    """Give a registry of their own to collectors; the client library's global one is left alone."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return registry


def _groups(exposed: Exposed) -> Iterable[Group]:
    if exposed.findings is not None:
        yield from finding_groups(exposed.dataset, exposed.findings)
    yield from compat_groups(exposed.dataset, exposed.compat)


def _within(room: int, groups: list[Group]) -> tuple[list[Entry], int]:
    kept: list[Entry] = []
    dropped, is_full = 0, False
    for group in sorted(groups, key=lambda group: group.rank):
        dropped += group.cut
        # nothing that matters less slips in where something did not fit
        is_full = is_full or len(kept) + len(group.entries) > room
        if is_full:
            dropped += len(group.entries)
        else:
            kept += group.entries
    return kept, dropped


@cache
def _order(measures: int) -> Mapping[str, int]:  # noqa: ARG001 - measures are added while the program runs
    return {series.name: position for position, series in enumerate(native())}


def _families(entries: list[Entry]) -> Iterable[Metric]:
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        by_name.setdefault(entry.series.name, []).append(entry)
    order = _order(len(CATALOGUE))
    for name in sorted(by_name, key=lambda name: (order.get(name, len(order)), name)):
        metric = by_name[name][0].series.metric()
        metric.samples = [entry.sample() for entry in by_name[name]]
        yield metric
