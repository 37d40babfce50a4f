"""How the columns of the window hang together, against how those of the reference do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelvane.calibration.habit import Habit
from modelvane.calibration.lines import Lines
from modelvane.evaluation.round import Round
from modelvane.findings import Family, Finding, Verdict
from modelvane.multivariate.correlation import FEWEST, correlations, largest_change, most_changed
from modelvane.multivariate.measures import CORRELATION_CHANGE, MEASURES, RECONSTRUCTION_ERROR, RowMeasure
from modelvane.multivariate.moments import CrossMoments
from modelvane.multivariate.ruler import NAME, MomentsRuler
from modelvane.tallies.dataset import DatasetTally

_NAMED = 3


def multivariate_findings(this: Round, rows: DatasetTally) -> Iterator[Finding]:
    """Give the largest change of a correlation, and the rows' distance from the reference's plane."""
    ruler, current = this.reference.row_rulers.get(NAME), rows.together.get(NAME)
    if NAME in this.reference.left_out:
        return
    if not isinstance(ruler, MomentsRuler) or not isinstance(current, CrossMoments) or current.n < FEWEST:
        for measure in MEASURES:
            yield _undefined(measure, current, _why_none(ruler, current))
        return
    yield _correlation_change(this, ruler, current)
    yield _reconstruction_error(this, ruler, current)


def _undefined(measure: RowMeasure, current: object, why: str) -> Finding:
    return Finding(
        family=Family.MULTIVARIATE,
        measure=measure.name,
        unit=measure.unit,
        n=current.n if isinstance(current, CrossMoments) else 0,
        verdict=Verdict.UNDEFINED,
        why=why,
    )


def _why_none(ruler: object, current: object) -> str:
    if ruler is None:
        return "the reference has not learned it: it takes two columns that vary, in 120 rows"
    n = current.n if isinstance(current, CrossMoments) else 0
    return f"{n} rows; it takes {FEWEST} to tell a correlation"


def _correlation_change(this: Round, ruler: MomentsRuler, current: CrossMoments) -> Finding:
    before, now = ruler.correlations, correlations(current)
    floor = max(ruler.change.exceeded_with(this.level, current.n), 0.0) ** 0.5
    # a fitted tail knows no bound
    lines = _lines(this, CORRELATION_CHANGE, min(floor, 2.0), ruler.usual_change, current.n)
    pairs = [
        f"{ruler.columns[i]} and {ruler.columns[j]} {before[i, j]:.2f} -> {now[i, j]:.2f}"
        for i, j in most_changed(before, now, _NAMED)
    ]
    value = float(largest_change(before, now))
    return _judged(
        this, CORRELATION_CHANGE, value, lines, current.n, None, f"correlation of {', '.join(pairs)}"
    )


def _reconstruction_error(this: Round, ruler: MomentsRuler, current: CrossMoments) -> Finding:
    plane = ruler.plane
    floor = ruler.error.exceeded_with(this.level, current.n)
    lines = _lines(this, RECONSTRUCTION_ERROR, floor, ruler.usual_error, current.n)
    more = plane.error_by_column(current) - plane.error_by_column(ruler.known)
    most = [ruler.columns[at] for at in np.argsort(-more, kind="stable")[:_NAMED] if more[at] > 0]
    value = float(plane.error(float(current.n), current.sums, current.products))
    cause = f"farther from what the other columns say: {', '.join(most)}"
    return _judged(this, RECONSTRUCTION_ERROR, value, lines, current.n, ruler.error.moments[0], cause)


def _lines(this: Round, measure: RowMeasure, floor: float, habit: Habit | None, n: int) -> Lines:
    limit = this.threshold(measure.name, None)
    if limit is not None:
        return Lines(threshold=limit)
    if habit is None:
        why = "no usual range: the reference has no time column, or is too short for one"
        return Lines(floor, None, why=why)
    return Lines(floor, habit.exceeded_with(this.level, n))


def _judged(
    this: Round, measure: RowMeasure, value: float, lines: Lines, n: int, reference: float | None, cause: str
) -> Finding:
    lines = lines.asked_by(this.settings.alarm)
    verdict = lines.verdict(value, this.settings.alarm, this.verdict_before(measure.name, None, None))
    return Finding(
        family=Family.MULTIVARIATE,
        measure=measure.name,
        value=value,
        unit=measure.unit,
        n=n,
        reference=reference,
        noise_floor=lines.noise_floor,
        usual_range=lines.usual_range,
        threshold=lines.threshold,
        verdict=verdict,
        cause=cause if verdict in (Verdict.ALARM, Verdict.CHANGED) else "",
        why=lines.why,
    )
