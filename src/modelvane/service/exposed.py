"""What the service shows to Prometheus."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from modelvane.exposition import DatasetObserved, Exposed, ModelCollector, ServiceObserved, registry_of
from modelvane.service.background import in_pieces
from modelvane.service.refusals import REASONS
from modelvane.service.service import Service
from modelvane.service.watch import Evaluation, Watch

_log = logging.getLogger("modelvane.service")


class Exposition:
    """Every series of a service, in the order in which they are written; a scrape leaves ingest its rests.

    Every dataset is asked for its findings at each scrape.
    """

    def __init__(self, service: Service) -> None:
        self._registry: CollectorRegistry = registry_of(
            ModelCollector(
                lambda: in_pieces(_datasets(service)),
                lambda: _observed(service),
                limit=service.config.service.limits.series,
            )
        )

    def collect(self) -> Iterator[Metric]:
        """Give every family that has samples now."""
        return in_pieces(self._registry.collect())


def _datasets(service: Service) -> Iterable[Exposed]:
    for watch in service.watches.values():
        try:
            latest = watch.latest()
        except Exception:  # noqa: BLE001 - the others' series are worth more than an answer of 500
            _log.exception("The evaluation of %s failed", watch.name)
            yield Exposed(watch.name, observed=_traffic(service, watch))
        else:
            yield Exposed(
                watch.name, latest.findings, latest.compatible, _dataset_observed(service, watch, latest)
            )


def _traffic(service: Service, watch: Watch) -> DatasetObserved:
    """Give what is known without an evaluation."""
    monitor, traffic = watch.monitor, watch.traffic
    window = monitor.settings.window
    return DatasetObserved(
        rows_accepted=traffic.rows,
        # every reason is there from the start: a counter that appears with its first count hides it from rates
        rows_rejected=dict.fromkeys(REASONS, 0) | traffic.rejected,
        duplicates=traffic.duplicates,
        labels=dict(traffic.labels),
        evaluations=watch.evaluations,
        evaluation_seconds=watch.evaluation_seconds,
        evaluation_up=False,
        last_label_age=watch.label_age,
        window_rows=window.rows if window.seconds is None else None,
        window_seconds=window.seconds,
        events=service.book.counts(watch.name),
        reference_switched_at=service.book.switched_at(watch.name),
        reference_digest=monitor.reference.digest,
        reference_rows=monitor.reference.rows,
    )


def _dataset_observed(service: Service, watch: Watch, latest: Evaluation) -> DatasetObserved:
    findings = latest.findings
    lag, age = findings.get("label_lag"), findings.get("last_row_age")
    start, end = watch.monitor.span or (None, None)
    return replace(
        _traffic(service, watch),
        evaluation_up=True,
        last_evaluation_seconds=latest.seconds,
        label_lag=lag.value if lag is not None else None,
        last_row_age=age.value if age is not None else None,
        labelled_rows=findings.labelled,
        window_start=start,
        window_end=end,
    )


def _observed(service: Service) -> ServiceObserved:
    counters = service.counters
    return ServiceObserved(
        started_at=service.started_at,
        queue_rows=counters.queued_rows,
        queue_bytes=counters.queued_bytes,
        commits=counters.transactions,
        commit_failures=counters.failures,
        commit_seconds=counters.commit_seconds,
        last_commit_seconds=counters.last_commit_seconds if counters.transactions else None,
        log_rows=service.log_rows,
        log_bytes=_size(service.config.store_file),
        log_up=service.takes_rows,
        events=service.book.counts(None),
    )


def _size(log: Path | None) -> int | None:
    """Give the bytes of a log that is a file, those among them that SQLite has not yet moved into it."""
    if log is None:
        return None
    size = 0
    for file in (log, log.with_name(f"{log.name}-wal")):
        with suppress(FileNotFoundError):
            size += file.stat().st_size
    return size
