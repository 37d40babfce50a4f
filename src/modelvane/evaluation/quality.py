"""Whether the values of the window are usable, and like the reference's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

from modelvane.calibration.calibration import chance_of_constant, is_constant
from modelvane.calibration.lines import Alarm, Lines, share_lines
from modelvane.evaluation.round import Judgement, Round, measured, parts_of
from modelvane.findings import Family, Finding, Verdict
from modelvane.naming import cut_text
from modelvane.schema import Kind
from modelvane.statistics import columns as statistics
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.statistics.lists import QUALITY
from modelvane.statistics.tail_share import TAIL_SHARE, Tails, tail_share_against
from modelvane.stream import Stream
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.dataset import ColumnTally, DatasetTally
from modelvane.tallies.list_tally import ListTally, entries_of
from modelvane.tallies.numerical import NumericalTally

# a window of fewer rows says nothing by being constant
_FEWEST_CONSTANT = 30
# a column may stand still for so many times its reference's longest run: a day may be busier than all before it
_LONGER_RUN = 2


def quality_findings(this: Round, rows: DatasetTally) -> Iterator[Finding]:
    """Measure every column of all rows and of each segment."""
    for segment, part, reference in parts_of(this, rows):
        for name, current in part.columns.items():
            beside = reference.columns.get(name) if reference is not None else None
            yield from _column(this, name, segment, current, beside)


def _column(
    this: Round, name: str, segment: str | None, current: ColumnTally, reference: ColumnTally | None
) -> Iterator[Finding]:
    kind = this.reference.schema[name].kind
    assert kind is not None  # noqa: S101 - a column that was counted is measured
    judge = partial(_judged, this, name, segment, current, reference)
    for statistic in _statistics(kind, reference):
        yield from measured(
            this,
            Family.QUALITY,
            statistic,
            current,
            reference,
            column=name,
            segment=segment,
            n=current.rows,
            judge=judge,
        )


def _statistics(
    kind: Kind, reference: ColumnTally | None
) -> Iterator[Statistic[Any] | LabelledStatistic[Any]]:
    for statistic in QUALITY[kind]:
        if statistic is TAIL_SHARE:
            yield tail_share_against(reference if isinstance(reference, NumericalTally) else None)
        else:
            yield statistic


def _judged(
    this: Round,
    name: str,
    segment: str | None,
    current: ColumnTally,
    reference: ColumnTally | None,
    measure: str,
    value: float,
) -> Judgement | None:
    lines = _lines(this, name, segment, current, reference, measure)
    if lines is None:
        return None
    lines = lines.asked_by(this.settings.alarm)
    before = this.verdict_before(measure, name, segment)
    # a share of nothing is no fault, however low its line
    is_judged = value or lines.threshold is not None
    verdict = lines.verdict(value, this.settings.alarm, before) if is_judged else Verdict.OK
    # who looks for new categories wants their names, however few they are
    is_told = verdict is not Verdict.OK or measure == statistics.UNSEEN_SHARE.name
    cause = _cause(measure, current, reference) if is_told else ""
    return Judgement(lines.noise_floor, lines.usual_range, lines.threshold, verdict, cause, lines.why)


def _lines(
    this: Round,
    name: str,
    segment: str | None,
    current: ColumnTally,
    reference: ColumnTally | None,
    measure: str,
) -> Lines | None:
    threshold = this.threshold(measure, name)
    if threshold is not None:
        return Lines(threshold=threshold)
    if reference is None or not reference.rows:
        return None
    if measure == "constant":
        # nor does one of so few rows that the rare values of the reference may well be missing in it
        is_expected = (
            is_constant(reference)
            or current.n < _FEWEST_CONSTANT
            or chance_of_constant(reference, current.n) > this.level
            or _stands_still(this, (segment or "", name), current.n)
        )
        return None if is_expected else Lines(threshold=0.0)
    counts = _reference_count(measure, reference)
    if counts is None:
        return None
    n = current.rows if measure in _OF_ALL_ROWS else current.n
    out_of = reference.rows if measure in _OF_ALL_ROWS else reference.n
    if isinstance(reference, ListTally) and measure not in _OF_ALL_ROWS and reference.n:
        # new items come together, at worst all of a list: what is counted are lists
        n, counts, out_of = (math.ceil(count / reference.entries_per_list) for count in (n, counts, out_of))
    habit = this.reference.calibration.habits.get((segment or "", name, measure))
    return share_lines(this.level, n, counts, out_of, habit)


def _stands_still(this: Round, column: tuple[str, str], rows: int) -> bool:
    """Whether so many rows may well have one value, as those of a night have one weekday."""
    longest = this.reference.calibration.longest_runs.get(column, 0)
    return this.settings.alarm is Alarm.USUAL and rows <= _LONGER_RUN * longest


_OF_ALL_ROWS = frozenset({"missing_share", "infinite_share", "wrong_type_share"})


def _reference_count(measure: str, reference: ColumnTally) -> int | None:
    """Give how many reference rows a share counts, or what stands for them where they are 0 by construction."""
    match measure:
        case "missing_share":
            return reference.missing
        case "infinite_share":
            return reference.infinite
        case "wrong_type_share":
            return reference.wrong_type
        case "out_of_range_share":
            # values beyond the largest of N are as many as come before the first failure of those draws; below the
            # smallest as many again: before the second failure, as if one had been counted
            return 1
        case TAIL_SHARE.name if isinstance(reference, NumericalTally) and reference.n:
            # likewise: before the second failure more than lie beyond the edges, which are values themselves; where
            # none does, values in the tails are those out of range, which are judged as such
            beyond = sum(Tails.of(reference).counts(reference))
            return beyond + 1 if beyond else None
        case "unseen_share" if isinstance(entries := entries_of(reference), CategoricalTally):
            # Good and Turing, 1953: unseen categories are as common as those seen once
            return int((entries.counts == 1).sum())
    return None


def _cause(measure: str, current: ColumnTally, reference: ColumnTally | None) -> str:
    if measure == "unseen_share" and isinstance(entries := entries_of(current), CategoricalTally):
        return ", ".join(f"{cut_text(name)} ({count})" for name, count in entries.top_unseen())
    if measure == TAIL_SHARE.name and isinstance(current, NumericalTally):
        assert isinstance(reference, NumericalTally)  # noqa: S101 - otherwise it has no value
        return Tails.of(reference).told(current)
    return ""


def dataset_quality(this: Round, rows: DatasetTally, stream: Stream) -> Iterator[Finding]:
    """Measure what concerns rows as a whole."""

    def finding(
        measure: str, value: float | None, unit: str, *, fault: bool = False, cause: str = "", why: str = ""
    ) -> Finding:
        limit = this.threshold(measure, None)
        verdict = Verdict.UNDEFINED if value is None else Verdict.INFO
        if value is not None and (limit is not None or fault):
            verdict = Verdict.ALARM if value > (limit or 0.0) else Verdict.OK
        return Finding(
            family=Family.QUALITY,
            measure=measure,
            value=value,
            unit=unit,
            n=rows.rows,
            threshold=limit,
            verdict=verdict,
            cause=cause,
            why=why if value is None else "",
        )

    yield finding("window_rows", float(rows.rows), "rows")
    yield finding("duplicate_ids", float(stream.duplicates), "rows")
    missing, unexpected = stream.missing, stream.unexpected
    yield finding("missing_columns", float(len(missing)), "", fault=True, cause=_lacking(missing, unexpected))
    yield finding("unexpected_columns", float(len(unexpected)), "", cause=", ".join(unexpected[:10]))
    yield finding("late_rows", float(stream.late), "rows")
    age = None if stream.last_row is None else max(0.0, stream.now - stream.last_row)
    yield finding("last_row_age", age, "seconds", why=statistics.NO_ROWS)
    yield finding("rows_per_second", stream.rows_per_second, "", why=_no_rate(rows, stream))


def _lacking(missing: Sequence[str], unexpected: Sequence[str]) -> str:
    """Name the columns that rows lack, each with the unexpected one that it may have been renamed to."""
    near = {name: get_close_matches(name, unexpected, 1) for name in missing}
    return ", ".join(f"{name} (there is {found[0]})" if found else name for name, found in near.items())


def _no_rate(rows: DatasetTally, stream: Stream) -> str:
    if stream.last_row is None:
        return statistics.NO_ROWS
    return "one row in the window; it takes two" if rows.rows == 1 else "all rows of the window came at once"
