"""What a config leads to, once all windows are full and all labels are there: series and lines."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from msgspec.structs import replace
from prometheus_client.metrics_core import Metric

from modelvane.concept.tally import ConceptTally
from modelvane.config import Config
from modelvane.evaluation import evaluate
from modelvane.events import Kind
from modelvane.exposition import DatasetObserved, Exposed, ModelCollector, ServiceObserved
from modelvane.monitor import Monitor
from modelvane.multivariate.sample_ruler import NAME as SAMPLE
from modelvane.multivariate.sample_ruler import SampleRuler
from modelvane.plan.lines import DatasetLines, lines_of
from modelvane.reference import Reference
from modelvane.references import load_reference
from modelvane.service.events import OF_DATASETS, OF_THE_SERVICE
from modelvane.service.refusals import REASONS
from modelvane.stream import Stream
from modelvane.tallies.dataset import DatasetTally

Sample: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
"""The name of a sample, and its labels in alphabetical order; two of the same are one series in Prometheus."""

_UNLIMITED = 10**9


def _none_yet(kinds: Iterable[Kind]) -> dict[str, int]:
    return dict.fromkeys(map(str, kinds), 0)


@dataclass(frozen=True, slots=True)
class Expected:
    """The samples of a scrape, and the lines of drift.

    Parameters
    ----------
    samples
        All that there would be without a limit.
    limit
        How many a scrape may have.
    left_out
        How many the limit leaves out.
    lines
        Of every column that is compared.
    """

    samples: frozenset[Sample]
    limit: int
    left_out: int
    lines: DatasetLines

    def by_dataset(self) -> dict[str, int]:
        """Give how many samples each dataset has; those of the service are under an empty name."""
        return dict(sorted(Counter(dict(labels).get("dataset", "") for _, labels in self.samples).items()))


def expected_series(config: Config) -> Expected:
    """Give the series and lines of a config, by measuring each reference against itself.

    A reference that was never built is built, as the service would. The 2022 series of `compat` are not among them:
    they are those of full windows of rows, which a reference does not have.

    Raises
    ------
    ModelvaneError
        For whatever would keep the service from starting with this config.
    """
    monitors = [_monitor(config, name) for name in config.datasets]
    exposed = [_exposed(monitor) for monitor in monitors]
    lines = dict(itertools.chain.from_iterable(map(lines_of, monitors)))
    observed = ServiceObserved(
        started_at=0.0,
        last_commit_seconds=0.0,
        log_up=True,
        log_rows=0,
        log_bytes=None if config.store_file is None else 0,
        events=_none_yet(OF_THE_SERVICE),
    )
    limit = config.service.limits.series
    shown = samples_of(ModelCollector(lambda: exposed, lambda: observed, limit=limit).collect())
    wanted = samples_of(ModelCollector(lambda: exposed, lambda: observed, limit=_UNLIMITED).collect())
    return Expected(frozenset(wanted), limit, len(wanted) - len(shown), lines)


def samples_of(families: Iterable[Metric]) -> set[Sample]:
    """Give the samples of an exposition, by name and labels; ends of counters that only OpenMetrics has are none."""
    return {
        (sample.name, tuple(sorted((name, value) for name, value in sample.labels.items() if value)))
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def _monitor(config: Config, name: str) -> Monitor:
    reference = load_reference(config, name)
    return Monitor(name, reference, config.settings(name))


def _exposed(monitor: Monitor) -> Exposed:
    reference = monitor.reference
    findings = evaluate(
        monitor.dataset,
        reference,
        monitor.settings,
        _part(reference, reference.tally, of_truth=False),
        _part(reference, reference.tally, of_truth=True),
        Stream(now=0.0, coverage=1.0, lag=0.0, last_row=0.0, rows_per_second=1.0),
    )
    return Exposed(monitor.dataset, findings, observed=_observed(monitor))


def _part(reference: Reference, tally: DatasetTally, *, of_truth: bool) -> DatasetTally:
    """Give what a window counts of the rows, or of the labelled ones; a reference counts both together."""
    target = reference.schema.target
    columns = {
        name: column
        for name, column in tally.columns.items()
        if (target is not None and name == target.name) is of_truth
    }
    # rows without an event time are of the time at which they arrive
    together = {
        name: each.timed(0) if isinstance(each, ConceptTally) else each
        for name, each in tally.together.items()
    }
    sampled = reference.row_rulers.get(SAMPLE)
    if isinstance(sampled, SampleRuler):
        # of its own rows a reference keeps no sample
        together[SAMPLE] = sampled.expected()
    return replace(
        tally,
        columns=columns,
        together=together,
        performance=tally.performance if of_truth else {},
        segments=dict(_segments(reference, tally, of_truth=of_truth)),
    )


def _segments(
    reference: Reference, tally: DatasetTally, *, of_truth: bool
) -> Iterator[tuple[str, DatasetTally]]:
    for segment, part in tally.segments.items():
        yield segment, _part(reference, part, of_truth=of_truth)


def _observed(monitor: Monitor) -> DatasetObserved:
    window, has_labels = monitor.settings.window, monitor.reference.performance is not None
    return DatasetObserved(
        rows_rejected=dict.fromkeys(REASONS, 0),
        labels={"matched": 0} if has_labels else {},
        last_evaluation_seconds=0.0,
        evaluation_up=True,
        label_lag=0.0 if has_labels else None,
        last_row_age=0.0,
        last_label_age=0.0 if has_labels else None,
        labelled_rows=0,
        window_rows=window.rows if window.seconds is None else None,
        window_seconds=window.seconds,
        window_start=0.0,
        window_end=0.0,
        events=_none_yet(OF_DATASETS),
        reference_digest=monitor.reference.digest,
        reference_rows=monitor.reference.rows,
    )
