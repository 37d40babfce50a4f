"""What a batch says, in the words of whoever has to decide something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.formatting import share_text, slice_text, value_text
from modelvane.report.history import unit_of
from modelvane.report.parts.columns import ColumnPart, first_alarms
from modelvane.report.parts.performance import SlicePart
from modelvane.report.tables import COVERAGE, drifted, faults, headline
from modelvane.report.wording import counted, title_of, verdict_sentences

# a smaller difference to the reference is told as none
_SAME = 0.02


def opening(findings: Findings) -> str:
    """Say in one sentence what to think of it."""
    if not findings.rows:
        return "There are no rows to judge."
    found = [f for f in findings if f.verdict is Verdict.ALARM and f.segment is None]
    alarms = {finding.family for finding in found}
    if Family.DRIFT in alarms:
        has_habit = any(f.usual_range is not None for f in found if f.family is Family.DRIFT)
        return f"The data has changed, {'beyond what this stream usually does' if has_habit else 'and not by chance'}."
    if Family.PERFORMANCE in alarms:
        return "The predictions are worse than their limit."
    if Family.QUALITY in alarms:
        return "The data has faults that somebody should look at."
    if Family.MULTIVARIATE in alarms:
        return "Columns do not belong together as they did, whatever each of them shows alone."
    return {
        Verdict.ALARM: "Something is off in some segments, not in the whole.",
        Verdict.CHANGED: "Something has changed, within what this stream usually does.",
        Verdict.OK: "Nothing unusual.",
        Verdict.UNDEFINED: "There is not enough to judge.",
    }[findings.verdict]


def summary(
    findings: Findings,
    columns: Sequence[ColumnPart],
    slices: Sequence[SlicePart],
    titles: Mapping[str, str],
) -> tuple[str, ...]:
    """Say what was found, since when, and what became of the predictions."""
    if not findings.rows:
        return (opening(findings),)
    said = [
        opening(findings),
        *verdict_sentences(findings, titles),
        *_began(columns, slices),
        *_performance(findings, titles),
    ]
    return tuple(dict.fromkeys(said))


def _began(columns: Sequence[ColumnPart], slices: Sequence[SlicePart]) -> Iterator[str]:
    since = first_alarms(tuple(columns))
    filled = [one for one in slices if one.rows]
    if not since or not filled:
        return
    name, at = next(iter(since.items()))
    if at <= filled[0].since:
        yield "Slice by slice, there are alarms from the beginning of the period on."
    else:
        yield f"Slice by slice, the first alarm is that of {name}, at {slice_text(at)}."


def _performance(findings: Findings, titles: Mapping[str, str]) -> Iterator[str]:
    first = headline(findings)
    if first is None:
        return
    coverage = findings.get(COVERAGE)
    known = coverage.value if coverage is not None else None
    labelled = f", on the {share_text(known)} of rows whose truth is known" if known and known < 1 else ""
    title = title_of(first.name, titles)
    if first.value is None:
        yield f"How good the predictions are is not known: {first.why}."
    else:
        yield f"{title} is {value_text(first.value, unit_of(first))}{_beside(first)}{labelled}."


def _beside(finding: Finding) -> str:
    before, now = finding.reference, finding.value
    if before is None or now is None:
        return ""
    text = value_text(before, unit_of(finding))
    if before == now or (before and abs(now / before - 1) < _SAME):
        return f", as in the reference ({text})"
    if not before:
        return f" ({text} in the reference)"
    more = "higher" if now > before else "lower"
    if finding.unit == "ratio":
        # a percentage of a percentage is misread
        return f", {abs(now - before) * 100:.1f} points {more} than in the reference ({text})"
    return f", {share_text(abs(now / before - 1))} {more} than in the reference ({text})"


def key_figures(
    findings: Findings, columns: Sequence[ColumnPart], titles: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Give the figures under the verdict: what, value, note."""
    compared, alarmed = drifted(findings)
    since = first_alarms(tuple(columns))
    figures = [
        ("Drifted columns", f"{alarmed} of {compared}" if compared else "–", ""),
        (
            "First alarm",
            slice_text(next(iter(since.values())), year=False) if since else "–",
            next(iter(since), ""),
        ),
        ("Rows", value_text(findings.rows), f"{value_text(findings.labelled)} with a target"),
    ]
    if not columns or not columns[0].moments:
        del figures[1]
    first = headline(findings)
    if first is None:
        figures[-1] = ("Rows", value_text(findings.rows), "")
    else:
        before = "" if first.reference is None else value_text(first.reference, unit_of(first))
        note = f"{before} in the reference" if before and first.value is not None else first.why
        figures.append((title_of(first.name, titles), value_text(first.value, unit_of(first)), note))
    off = faults(findings)
    alarms = sum(finding.verdict is Verdict.ALARM for finding in off)
    figures.append(("Faults of quality", value_text(len(off)), counted(alarms, "alarm") if off else ""))
    return figures
