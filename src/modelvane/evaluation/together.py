"""What findings of rows as a whole share: their lines, and how they are put together."""

from __future__ import annotations

from modelvane.calibration.habit import Habit
from modelvane.calibration.lines import Lines
from modelvane.calibration.mean_habit import MeanHabit
from modelvane.evaluation.round import Round
from modelvane.findings import Family, Finding, Verdict
from modelvane.multivariate.measures import RowMeasure

NOT_LEARNED = (
    "the reference has not learned it: it takes two columns that vary, in 120 rows, and not left out"
)


def undefined_joint(measure: RowMeasure, n: int, why: str, column: str | None = None) -> Finding:
    """Give a finding without a value."""
    return Finding(
        family=Family.MULTIVARIATE,
        measure=measure.name,
        column=column,
        unit=measure.unit,
        n=n,
        verdict=Verdict.UNDEFINED,
        why=why,
    )


def joint_lines(
    this: Round,
    measure: RowMeasure,
    floor: float,
    habit: Habit | MeanHabit | None,
    n: int,
    column: str | None = None,
) -> Lines:
    """Give the limit from the config, or what was learned, for a window of ``n`` rows."""
    limit = this.threshold(measure.name, column)
    if limit is not None:
        return Lines(threshold=limit)
    if habit is None:
        why = "no usual range: the reference has no time column, or is too short for one"
        return Lines(floor, None, why=why)
    return Lines(floor, habit.exceeded_with(this.level, n))


def joint_finding(
    this: Round,
    measure: RowMeasure,
    value: float,
    lines: Lines,
    n: int,
    *,
    column: str | None = None,
    reference: float | None = None,
    cause: str = "",
) -> Finding:
    """Judge a value; ``cause`` is told where it is beyond noise."""
    lines = lines.asked_by(this.settings.alarm)
    verdict = lines.verdict(value, this.settings.alarm, this.verdict_before(measure.name, column, None))
    return Finding(
        family=Family.MULTIVARIATE,
        measure=measure.name,
        column=column,
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
