"""How many rows of the window are unlike those of the reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from modelvane.calibration.lines import Lines, share_lines
from modelvane.evaluation.round import Round
from modelvane.evaluation.scoring import why_unscored
from modelvane.findings import Family, Finding, Verdict
from modelvane.outliers.reference import MEASURE, habit_key
from modelvane.row_rulers import OUTLIERS
from modelvane.statistics.columns import NO_ROWS
from modelvane.tallies.dataset import DatasetTally
from modelvane.tallies.outliers import OutlierTally

_NAMED = 5


def outlier_findings(this: Round, rows: DatasetTally) -> Iterator[Finding]:
    """Give the share of rows above the reference's own quantile, against what is expected."""
    if OUTLIERS in this.reference.left_out and this.reference.forest is None:
        return
    known, current = (this.reference.outliers_of(tally) for tally in (this.reference.tally, rows))
    if known is None or current is None or not current.rows:
        yield Finding(
            family=Family.QUALITY,
            measure=MEASURE,
            unit="ratio",
            verdict=Verdict.UNDEFINED,
            why=_why_none(this, known, current),
        )
        return
    level = this.settings.outliers.quantile
    threshold = known.quantile(level)
    expected, found = known.above(threshold), current.above(threshold)
    value = found / current.rows
    lines = _lines(this, current.rows, expected, known.rows).asked_by(this.settings.alarm)
    is_judged = found or lines.threshold is not None
    before = this.verdict_before(MEASURE, None, None)
    verdict = lines.verdict(value, this.settings.alarm, before) if is_judged else Verdict.OK
    yield Finding(
        family=Family.QUALITY,
        measure=MEASURE,
        value=value,
        unit="ratio",
        n=current.rows,
        reference=expected / known.rows,
        noise_floor=lines.noise_floor,
        usual_range=lines.usual_range,
        threshold=lines.threshold,
        verdict=verdict,
        cause=_cause(this, current, threshold) if verdict in (Verdict.ALARM, Verdict.CHANGED) else "",
        why=lines.why,
    )


def _why_none(this: Round, known: OutlierTally | None, current: OutlierTally | None) -> str:
    if known is None:
        return why_unscored(this.reference)
    return NO_ROWS if current is None or not current.rows else ""


def _lines(this: Round, n: int, expected: int, out_of: int) -> Lines:
    limit = this.threshold(MEASURE, None)
    if limit is not None:
        return Lines(threshold=limit)
    level, forest = this.settings.outliers.quantile, this.reference.forest
    by_cells = this.reference.calibration.habits.get(habit_key(level))
    habit = by_cells if forest is None else forest.habits.get(level)
    return share_lines(this.level, n, expected, out_of, habit)


def _cause(this: Round, current: OutlierTally, threshold: int) -> str:
    """Name the columns with rare cells, or those that set a row apart, in most of the most outlying rows."""
    outliers = [row for row in current.top if row.score > threshold]
    named = Counter(cell.column for row in outliers for cell in row.cells)
    told = ", ".join(f"{column} ({rows})" for column, rows in named.most_common(_NAMED))
    what = "rare cells in" if this.reference.forest is None else "what sets apart"
    return f"{what} the {len(outliers)} most outlying rows: {told}" if told else ""
