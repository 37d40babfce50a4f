"""How far the columns of the window are from the reference."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.calibration.calibration import is_constant
from modelvane.calibration.lines import Lines, divergence_lines
from modelvane.causes import most_changed, simple_cause
from modelvane.divergences.base import Divergence
from modelvane.evaluation.round import Round, parts_of, too_few
from modelvane.findings import Family, Finding, Verdict
from modelvane.schema import Column
from modelvane.tallies.dataset import ColumnTally, DatasetTally
from modelvane.tallies.list_tally import ListTally
from modelvane.tallies.sample import Sample
from modelvane.undefined import Undefined


def drift_findings(this: Round, rows: DatasetTally, labelled: DatasetTally) -> Iterator[Finding]:
    """Compare every measured column; the target over the labelled rows."""
    judged: list[Finding] = []
    target = this.reference.schema.target
    for column in this.reference.schema.measured:
        current = labelled if target is not None and column.name == target.name else rows
        for segment, part, reference in parts_of(this, current):
            if reference is None or column.name not in part.columns:
                continue
            tallies = reference.columns[column.name], part.columns[column.name]
            for rank, divergence in enumerate(this.settings.methods.divergences(column)):
                finding = _finding(this, column, segment, divergence, tallies, part.hours, decides=rank == 0)
                if segment is None and rank == 0:
                    judged.append(finding)
                yield finding
    yield from _dataset(judged, rows.rows)


def _finding(
    this: Round,
    column: Column,
    segment: str | None,
    divergence: Divergence,
    tallies: tuple[ColumnTally, ColumnTally],
    hours: NDArray[np.int64] | None,
    *,
    decides: bool,
) -> Finding:
    reference, current = tallies
    measure, name = divergence.name, column.name
    at_hours = _at_hours(this, name, segment, measure, reference, hours)
    compared = reference.sample if at_hours is None else at_hours
    few = too_few(segment, current.rows) or too_few(segment, reference.rows, "reference")
    value = Undefined(few) if few else divergence.between(compared, current.sample)
    if isinstance(value, Undefined):
        return Finding(
            family=Family.DRIFT,
            measure=measure,
            column=name,
            segment=segment,
            unit=divergence.unit,
            n=current.n,
            verdict=Verdict.UNDEFINED,
            why=value.why,
        )
    whole = ""
    if at_hours is None and this.reference.hourly is not None:
        whole = "compared with the reference as a whole, not with its hours of the week"
    lines = _lines(this, name, segment, divergence, reference, current.n, at_hours, decides=decides)
    verdict = Verdict.INFO
    if decides:
        before = this.verdict_before(measure, name, segment)
        verdict = lines.verdict(value, this.settings.alarm, before)
    recognised, cause = None, ""
    if verdict in (Verdict.ALARM, Verdict.CHANGED):
        recognised = simple_cause(reference, current)
        cause = "; ".join([str(recognised)] * (recognised is not None) + [most_changed(compared, current)])
    bound = divergence.error_bound
    # a p-value takes values for independent, which entries of one list are not
    p_value = None if isinstance(current, ListTally) else divergence.p_value
    p = p_value(value, compared, current.sample) if p_value is not None else math.nan
    return Finding(
        family=Family.DRIFT,
        measure=measure,
        column=name,
        segment=segment,
        value=value,
        unit=divergence.unit,
        n=current.n,
        noise_floor=lines.noise_floor,
        usual_range=lines.usual_range,
        threshold=lines.threshold,
        error_bound=bound(compared, current.sample) or None if bound is not None else None,
        p_value=p if math.isfinite(p) else None,
        verdict=verdict,
        cause=cause,
        why="; ".join(filter(None, (whole, lines.why))),
        change=recognised.change if recognised is not None else "",
    )


def _at_hours(
    this: Round,
    column: str,
    segment: str | None,
    measure: str,
    reference: ColumnTally,
    hours: NDArray[np.int64] | None,
) -> Sample | None:
    """Give the reference at the hours of a window, where it is known by hour."""
    hourly = this.reference.hourly if segment is None else None
    return None if hourly is None else hourly.at(hours, column, measure, reference.sample)


def expected_lines(this: Round, column: Column, rows: int) -> Iterator[tuple[str, Lines]]:
    """Give by divergence the lines of a column in a window of so many rows that are like the reference's."""
    whole = this.reference.tally
    reference = whole.columns[column.name]
    n = round(reference.n * rows / max(1, reference.rows))
    if not n:
        return
    for rank, divergence in enumerate(this.settings.methods.divergences(column)):
        at_hours = _at_hours(this, column.name, None, divergence.name, reference, whole.hours)
        yield (
            divergence.name,
            _lines(this, column.name, None, divergence, reference, n, at_hours, decides=rank == 0),
        )


def _lines(
    this: Round,
    column: str,
    segment: str | None,
    divergence: Divergence,
    reference: ColumnTally,
    n: int,
    at_hours: Sample | None,
    *,
    decides: bool,
) -> Lines:
    """Give the lines that an alarm asks for of a window with ``n`` values."""
    threshold = this.settings.thresholds.get(column)
    if threshold is not None and decides:
        return Lines(threshold=threshold)
    calibration, compared = this.reference.calibration, reference.sample
    if at_hours is not None and this.reference.hourly is not None:
        calibration, compared = this.reference.hourly.calibration, at_hours
    key = (segment or "", column, divergence.name)
    habit = calibration.habits.get(key)
    lines = divergence_lines(
        divergence,
        this.level,
        n,
        float(compared.n),
        calibration.nulls.get(key),
        habit,
        is_constant(reference),
    )
    if habit is None and any((part, name) == (segment or "", column) for part, name, _ in calibration.habits):
        lines = replace(
            lines, why=f"no usual range: the reference was built without one for {divergence.name}"
        )
    return lines.asked_by(this.settings.alarm)


def _dataset(judged: list[Finding], n: int) -> Iterator[Finding]:
    defined = [finding for finding in judged if finding.verdict not in (Verdict.UNDEFINED, Verdict.INFO)]
    alarmed = [finding.column or "" for finding in defined if finding.verdict is Verdict.ALARM]
    changed = any(finding.verdict is Verdict.CHANGED for finding in defined)
    if not defined:
        verdict, why = Verdict.UNDEFINED, "no column of the window can be compared"
    else:
        verdict, why = Verdict.ALARM if alarmed else Verdict.CHANGED if changed else Verdict.OK, ""
    count, share, any_drift = (
        (None, None, None)
        if why
        else (float(len(alarmed)), len(alarmed) / len(defined), float(bool(alarmed)))
    )
    cause = ", ".join(alarmed)
    quiet = Verdict.UNDEFINED if why else Verdict.INFO
    for measure, value, unit, said in (
        ("dataset_drift", any_drift, "", verdict),
        ("drifted_columns", count, "", quiet),
        ("drifted_share", share, "ratio", quiet),
    ):
        yield Finding(
            family=Family.DATASET,
            measure=measure,
            value=value,
            unit=unit,
            n=n,
            verdict=said,
            cause=cause,
            why=why,
        )
