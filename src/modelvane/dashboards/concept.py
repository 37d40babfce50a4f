"""Concept drift: whether rows with the same inputs have other errors than in the reference."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.catalogue import measure
from modelvane.concept.measures import RELATION, name_of
from modelvane.concept.signals import SIGNALS, Signal
from modelvane.config import Config
from modelvane.dashboards import choices, states
from modelvane.dashboards.drift import LINE_STEPS
from modelvane.dashboards.measures import grouped, measures_of, panel
from modelvane.dashboards.model import Kind, Panel, Query, Row
from modelvane.dashboards.promql import selector
from modelvane.exposition.series import CONCEPT_ALARM, CONCEPT_NOISE_FLOOR, CONCEPT_USUAL_RANGE
from modelvane.findings import Family
from modelvane.schema import Task


def rows(config: Config) -> Iterator[Row]:
    """Give a row of panels for each number that says how good predictions are, and one of alarms."""
    signals = [signal for signal in SIGNALS.values() if _has(config, signal.task)]
    if not signals:
        return
    yield Row("Concept drift", (_alarms(config), _in_lines(config, signals)))
    for signal in signals:
        named = (each for each in measures_of(Family.CONCEPT) if each.name.startswith(f"{signal.name}_"))
        empty = f"only datasets with {signal.needs} have it, once labels come"
        yield Row(
            f"Concept drift: {signal.title.lower()}",
            tuple(panel(title, members, config, empty=empty) for title, members in grouped(named)),
        )


def _has(config: Config, task: Task) -> bool:
    tasks = {section.column_mapping.task for section in config.datasets.values()}
    return bool(tasks & {None, task})


def _in_lines(config: Config, signals: list[Signal]) -> Panel:
    return Panel(
        title="Change of the relation in units of its line",
        description="1 is the line that an alarm has to exceed, the higher of noise floor and usual range.",
        queries=tuple(
            Query(
                expression=_times_its_line(name_of(signal.name, RELATION)),
                legend=f"{{{{column}}}} {signal.title.lower()}",
                empty=f"only datasets with {signal.needs} have it, once labels come",
            )
            for signal in signals
        ),
        steps=LINE_STEPS,
        minimum=0.0,
        width=24,
        links=choices.evidence(config),
    )


def _times_its_line(name: str) -> str:
    floor, habit = (
        selector(known.name, dataset="$dataset", measure=name)
        for known in (CONCEPT_NOISE_FLOOR, CONCEPT_USUAL_RANGE)
    )
    value = selector(measure(name).series, dataset="$dataset")
    # of errors that never varied the line may be 0: nothing has a height in units of that
    return f"{value} / ignoring (measure) ((({habit} >= {floor}) or {floor}) > 0)"


def _alarms(config: Config) -> Panel:
    return Panel(
        title="Alarms of the relation",
        description=CONCEPT_ALARM.help,
        kind=Kind.STATES,
        queries=(
            Query(
                expression=selector(CONCEPT_ALARM.name, dataset="$dataset"),
                legend="{{column}} {{measure}}",
                empty="until labels come",
            ),
        ),
        states=states.ALARM,
        width=24,
        links=choices.evidence(config),
    )
