"""Rules of the monitor itself: a monitor that is down makes every other alert silent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from modelvane.config import Config
from modelvane.config.prediction_services import MONITOR_JOB
from modelvane.rules.datasets import maker_of
from modelvane.rules.links import Panel, address, period
from modelvane.rules.making import Maker
from modelvane.rules.promql import duration, number, selector, verbatim
from modelvane.rules.rule import Alert, Group

EVERYTHING = ("scrape", "log")
"""Reasons of MonitorBlind that concern every dataset."""

_BUILD = selector("modelvane_build_info", job=MONITOR_JOB)
_ROWS = "modelvane_ingest_rows_total"
_REJECTED = "modelvane_ingest_rejected_rows_total"
_REASON = "{{ $labels.reason }}"


def monitor_rules(config: Config) -> Iterator[Group]:
    """Give the rules of the monitor."""

    def whole(panel: Panel) -> Maker:
        return Maker(config, config.alerts, {}, {"panel": address(config, panel)})

    alerts = [*_not_scraped(whole(Panel.MONITOR_UP)), *_log_down(whole(Panel.LOG_UP))]
    for dataset in config.datasets:
        maker = partial(maker_of, config, dataset)
        alerts += [
            *_not_evaluated(maker(Panel.EVALUATIONS), dataset),
            *_empty(maker(Panel.WINDOW), dataset),
            *_rejecting(maker(Panel.REFUSED), dataset),
        ]
    alerts += [*_queueing(whole(Panel.QUEUE)), *_budget(whole(Panel.SERIES))]
    yield Group("modelvane-monitor", (), tuple(alerts))


def monitor_is_well(config: Config) -> tuple[str, ...]:
    """Give the series that are 1 while the monitor sees everything."""
    return (_BUILD, *(_evaluation_up(dataset) for dataset in config.datasets))


def _evaluation_up(dataset: str) -> str:
    return selector("modelvane_service_evaluation_up", dataset=dataset)


def _not_scraped(maker: Maker) -> Iterator[Alert]:
    steps = maker.steps("MonitorBlind")
    yield from maker.alert(
        "MonitorBlind",
        f"absent({_BUILD})",
        (
            steps.fires("Nothing is scraped", {}, {"job": MONITOR_JOB}, without=[_BUILD]),
            steps.silent("The monitor is scraped", {_BUILD: steps.steady(1)}),
        ),
        summary="The monitor is not scraped",
        description=f"Prometheus has none of its series (job {MONITOR_JOB}): of no dataset anything is known.",
        labels={"reason": "scrape"},
    )


def _log_down(maker: Maker) -> Iterator[Alert]:
    steps, up = maker.steps("MonitorBlind"), "modelvane_service_log_up"
    yield from maker.alert(
        "MonitorBlind",
        f"{up} == 0",
        (
            steps.fires("The log takes no rows", {up: steps.steady(0)}),
            steps.silent("The log takes rows", {up: steps.steady(1)}),
            steps.silent("The log was down for a moment", {up: steps.once(0, 1)}),
        ),
        summary="The monitor's log takes no rows",
        description="No prediction is acknowledged; clients keep what they can. /readyz says why.",
        labels={"reason": "log"},
    )


def _not_evaluated(maker: Maker, dataset: str) -> Iterator[Alert]:
    steps, up = maker.steps("MonitorBlind"), _evaluation_up(dataset)
    said = {period(dataset): ""}
    yield from maker.alert(
        "MonitorBlind",
        f"{up} == 0\nor\n(absent({up}) and on () {_BUILD})",
        (
            steps.fires("Evaluations fail", {up: steps.steady(0)}, {}, said),
            steps.fires("The monitor does not know the dataset", {}, {}, said, without=[up]),
            steps.silent("Evaluations give findings", {up: steps.steady(1)}),
            steps.silent("One evaluation failed", {up: steps.once(0, 1)}),
        ),
        summary=f"{verbatim(dataset)} is not evaluated",
        description="Evaluations fail, or the monitor runs with a config that lacks the dataset. Its log says which.",
        labels={"reason": "evaluation"},
    )


def _empty(maker: Maker, dataset: str) -> Iterator[Alert]:
    steps, window = maker.steps("MonitorBlind"), selector("modelvane_quality_window_rows", dataset=dataset)
    rows = selector(_ROWS, dataset=dataset)
    yield from maker.alert(
        "MonitorBlind",
        f"{window} == 0\nand on (dataset) increase({rows}[{duration(maker.over)}]) > 0",
        (
            steps.fires(
                "Rows come, and none enters the window",
                {window: steps.steady(0), rows: steps.rising(1)},
                {},
                {period(dataset): ""},
            ),
            steps.silent("The window has rows", {window: steps.steady(100), rows: steps.rising(1)}),
            steps.silent("No row has come", {window: steps.steady(0), rows: steps.steady(0)}),
        ),
        summary=f"{verbatim(dataset)}: the window stays empty",
        description="Rows come, and none of them enters the window: their event times may be older than it reaches.",
        labels={"reason": "window"},
    )


def _rejecting(maker: Maker, dataset: str) -> Iterator[Alert]:
    steps, allowed = maker.steps("MonitorDropping"), maker.alerts.rejected
    some = selector(_REJECTED, dataset=dataset)
    one = selector(_REJECTED, dataset=dataset, reason="malformed")
    yield from maker.alert(
        "MonitorDropping",
        f"sum by (dataset, reason) (increase({some}[{duration(maker.over)}])) > {allowed}",
        (
            steps.fires(
                "Posts are refused",
                {one: steps.rising(2 * (1 + allowed) / maker.over)},
                {"reason": "malformed"},
                {_REASON: "malformed", period(dataset): ""},
            ),
            steps.silent("No post is refused", {one: steps.steady(0)}),
            steps.silent("Posts were refused long ago", {one: steps.steady(1000)}),
            steps.silent("The monitor starts again", {one: steps.reset(0)}),
        ),
        summary=f"{verbatim(dataset)}: posts are refused",
        description=f"The monitor refused posts within {duration(maker.over)}: {_REASON}.",
    )


def _queueing(maker: Maker) -> Iterator[Alert]:
    steps, queue = maker.steps("MonitorDropping"), "modelvane_service_queue_rows"
    limit = maker.alerts.queue * maker.config.service.limits.queue_rows
    yield from maker.alert(
        "MonitorDropping",
        f"{queue} > {number(limit)}",
        (
            steps.fires("The queue is nearly full", {queue: steps.steady(limit + 1)}),
            steps.silent("The queue has room", {queue: steps.steady(limit / 2)}),
        ),
        summary="The monitor's queue is nearly full",
        description=f"More than {number(limit)} rows wait for the log; when the queue is full, posts are refused.",
        labels={"reason": "queue"},
    )


def _budget(maker: Maker) -> Iterator[Alert]:
    steps, share = maker.steps("SeriesBudget"), maker.alerts.series
    shown, dropped, limit = "modelvane_series", "modelvane_series_dropped", "modelvane_series_limit"

    def scraped(samples: float, left_out: float) -> dict[str, str]:
        return {
            shown: steps.steady(samples),
            dropped: steps.steady(left_out),
            limit: steps.steady(1000),
        }

    percent = "{{ $value | humanizePercentage }}"
    yield from maker.alert(
        "SeriesBudget",
        # what was left out counts: the group that did not fit may be large
        f"({shown} + {dropped}) / {limit} > {number(share)}",
        (
            steps.fires("Series are left out", scraped(700, 500), {}, {percent: "120%"}),
            steps.silent("There is room", scraped(500 * share, 0)),
        ),
        summary="The budget of series is used up",
        description=f"The monitor's series are {percent} of service.limits.series; what is beyond is left out, "
        "those of segments first.",
    )
