"""What the model predicts, and how far that is from the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from modelvane.calibration.lines import Lines
from modelvane.evaluation.round import Round, measured, parts_of
from modelvane.findings import Family, Finding, Verdict, limit_of
from modelvane.performance import STATISTICS
from modelvane.statistics import columns as statistics
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.stream import Stream
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.dataset import ColumnTally, DatasetTally
from modelvane.tallies.list_tally import ListTally


def prediction_findings(this: Round, rows: DatasetTally) -> Iterator[Finding]:
    """Describe the predictions of the window, all and by segment."""
    for segment, part, reference in parts_of(this, rows):
        for column in this.reference.schema.predictions:
            current = part.columns[column.name]
            beside = reference.columns.get(column.name) if reference is not None else None
            for statistic in _described(current):
                yield from measured(
                    this,
                    Family.PREDICTION,
                    statistic,
                    current,
                    beside,
                    column=column.name,
                    segment=segment,
                    n=current.n,
                )


def _described(tally: ColumnTally) -> Sequence[Statistic[Any] | LabelledStatistic[Any]]:
    if isinstance(tally, ListTally):
        # lists of items are described as answers
        return ()
    if isinstance(tally, CategoricalTally):
        return statistics.CATEGORICAL_PREDICTION
    return statistics.PREDICTION


def performance_findings(this: Round, labelled: DatasetTally, stream: Stream) -> Iterator[Finding]:
    """Hold predictions against targets, all and by segment; coverage and lag say how far to trust it."""
    if this.reference.performance is None:
        return
    why = "" if stream.coverage is not None else "no rows in the window"
    coverage = _fact("label_coverage", stream.coverage, "ratio", labelled.rows, why)
    yield judged(this, coverage, "higher")
    why = "no label says when it became known" if labelled.rows else "no labels yet"
    why = "" if stream.lag is not None else why
    yield judged(this, _fact("label_lag", stream.lag, "seconds", labelled.rows, why), "lower")
    for segment, part, reference in parts_of(this, labelled):
        for kind, tally in part.performance.items():
            beside = reference.performance.get(kind) if reference is not None else None
            for statistic in STATISTICS[kind]:
                found = measured(
                    this,
                    Family.PERFORMANCE,
                    statistic,
                    tally,
                    beside,
                    column=None,
                    segment=segment,
                    n=tally.n,
                )
                for finding in found:
                    yield judged(this, finding, statistic.better)


def _fact(measure: str, value: float | None, unit: str, n: int, why: str) -> Finding:
    verdict = Verdict.UNDEFINED if value is None else Verdict.INFO
    return Finding(
        family=Family.PERFORMANCE, measure=measure, value=value, unit=unit, n=n, verdict=verdict, why=why
    )


def judged(this: Round, finding: Finding, better: str | None) -> Finding:
    """Hold a value against its limit from the config, if it has one."""
    threshold = this.threshold(limit_of(finding.measure, finding.label), None)
    if threshold is None or finding.value is None:
        return finding
    before = this.verdict_before(finding.measure, finding.column, finding.segment, finding.label)
    if better == "higher":
        # judged on the other side: the same distance under the line is the same fault
        verdict = Lines(threshold=-threshold).verdict(-finding.value, this.settings.alarm, before)
    else:
        verdict = Lines(threshold=threshold).verdict(finding.value, this.settings.alarm, before)
    return replace(finding, threshold=threshold, verdict=verdict)
