"""What the page shows of a dataset, from what the service knows of it."""

from __future__ import annotations

import time

from modelvane.formatting import value_text
from modelvane.monitor import Monitor
from modelvane.moving import LEAST_BEFORE, tally_compared_with
from modelvane.report.distribution import distribution
from modelvane.report.parts.multivariate import multivariate_part
from modelvane.report.parts.outliers import outlier_part
from modelvane.service.page import DatasetView, ServiceState, shown_columns
from modelvane.service.service import Service
from modelvane.service.watch import Evaluation, Watch
from modelvane.settings import Window
from modelvane.tallies.dataset import WindowTally


def view_of(service: Service, watch: Watch, *, all_columns: bool = False) -> DatasetView:
    """Give the view of one dataset, with the latest findings.

    Parameters
    ----------
    all_columns
        Draw every column's distribution, not only those of the most drifted ones.
    """
    latest = watch.latest()
    tallies = {**latest.window.rows.columns, **latest.window.labelled.columns}
    monitor = watch.monitor
    reference = tally_compared_with(monitor.reference, latest.window, monitor.settings).columns
    shown = shown_columns(latest.findings, None) if all_columns else shown_columns(latest.findings)
    return DatasetView(
        name=watch.name,
        findings=latest.findings,
        history=list(watch.history),
        distributions=[
            distribution(name, reference[name], tallies[name]) for name in shown if name in tallies
        ],
        service=state_of(service, watch, latest),
        events=service.book.told(watch.name),
        references=service.book.references(watch.name),
        outliers=outlier_part(
            watch.monitor.reference, watch.monitor.settings.outliers, latest.window.rows, latest.findings
        ),
        together=multivariate_part(watch.monitor.reference, latest.window.rows, latest.findings),
    )


def state_of(service: Service, watch: Watch, latest: Evaluation) -> ServiceState:
    """Give how the service does for one dataset."""
    counters = service.counters
    return ServiceState(
        rows_accepted=watch.traffic.rows,
        rows_rejected=dict(watch.traffic.rejected),
        queue_rows=counters.queued_rows,
        queue_limit=service.config.service.limits.queue_rows,
        commit_seconds=counters.last_commit_seconds,
        evaluation_seconds=latest.seconds,
        window=window_text(watch.monitor.settings.window),
        compared_with=_compared_text(watch.monitor, latest.window),
        uptime_seconds=max(0.0, time.time() - service.started_at),
    )


def _compared_text(monitor: Monitor, window: WindowTally) -> str:
    """Say in words what a reference that moves is now; empty for one that does not."""
    reference, settings = monitor.reference, monitor.settings
    if settings.moving is None:
        return ""
    if tally_compared_with(reference, window, settings) is reference.tally:
        least = (
            f"{LEAST_BEFORE} rows at each hour"
            if reference.moves_by_hour
            else f"{settings.moving.least_rows} rows"
        )
        return f"as built, until {least} came before the window"
    windows = (
        "the window before"
        if settings.moving.windows == 1
        else f"the {settings.moving.windows} windows before"
    )
    return f"{windows}, at its hours of the week" if reference.moves_by_hour else windows


def window_text(window: Window) -> str:
    """Say in words which rows are current."""
    if window.seconds is None:
        return f"last {value_text(window.rows)} rows"
    return f"last {value_text(window.seconds, 'seconds')}"
