"""The alert of versions: a challenger that is better than the champion."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.catalogue import measure
from modelvane.findings import Family
from modelvane.rules.links import no_period
from modelvane.rules.making import Maker
from modelvane.rules.promql import selector, verbatim
from modelvane.rules.rule import Alert
from modelvane.schema import Task
from modelvane.statistics.versions import CLASSES, DECISION, ERRORS

_DECISIVE = {Task.REGRESSION: ERRORS[0], Task.CLASSIFICATION: CLASSES[0]}


def version_alerts(maker: Maker, dataset: str) -> Iterator[Alert]:
    """Give the alert of a challenger that is better by the first loss of its task."""
    section = maker.config.datasets[dataset]
    if section.versions is None:
        return
    told = [each for task, each in _DECISIVE.items() if section.column_mapping.task in (None, task)]
    series = [measure(f"{each.name}_{DECISION}", Family.VERSIONS).series for each in told]
    steps = maker.steps("ChallengerBetter")

    def judged(value: float) -> dict[str, str]:
        return {selector(series[0], dataset=dataset, version="challenger"): steps.steady(value)}

    yield from maker.alert(
        "ChallengerBetter",
        " or ".join(f"{selector(name, dataset=dataset)} == 1" for name in series),
        (
            steps.fires(
                "The challenger is better",
                judged(1),
                {"version": "challenger"},
                {"{{ $labels.version }}": "challenger", **no_period(dataset)},
            ),
            steps.silent("Neither is better yet", judged(0)),
            steps.silent("The challenger is worse", judged(-1)),
        ),
        summary=f"{verbatim(dataset)}: {{{{ $labels.version }}}} is better than the champion",
        # no name: a promotion makes another version the champion
        description="{{ $labels.version }} loses less than the champion, with the confidence that was asked for, "
        "whenever one looks.",
    )
