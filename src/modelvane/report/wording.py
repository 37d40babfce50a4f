"""Verdicts in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelvane.estimates.estimate import ERROR
from modelvane.findings import JUDGED, Family, Finding, Findings, Verdict, split_limit, verdict_of
from modelvane.naming import cut_text
from modelvane.report.concept import concept_sentences
from modelvane.report.order import SEVERITY, drift_order
from modelvane.report.tables import segment_rows

WORDS = {
    Verdict.ALARM: "Alarm",
    Verdict.CHANGED: "Changed",
    Verdict.OK: "OK",
    Verdict.UNDEFINED: "No verdict",
    Verdict.INFO: "Info",
}
_NAMED = 4
_FEW = 2


def title_of(measure: str, titles: Mapping[str, str]) -> str:
    """Give a measure's title; its own name made readable when the titles do not have it.

    >>> title_of("ndcg@5", {"ndcg": "NDCG at k"}), title_of("empty_share", {})
    ('NDCG at 5', 'Empty share')
    """
    name, label = split_limit(measure)
    title = titles.get(name) or name.replace("_", " ").capitalize()
    return title if label is None else f"{title.removesuffix(' at k')} at {label}"


def listed(names: Sequence[str], most: int = _NAMED) -> str:
    """Join names, the first few in full; a single one more is named, too.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"], most=2), listed(["a", "b", "c", "d"], most=2)
    ('a', 'a, b and c', 'a, b and 2 more')
    >>> listed(["F1, estimated", "outliers", "R²"])
    'F1, estimated; outliers and R²'
    """
    comma = "; " if any(", " in name for name in names) else ", "
    if len(names) > most + 1:
        return f"{comma.join(names[:most])} and {len(names) - most} more"
    return " and ".join([comma.join(names[:-1]), names[-1]] if len(names) > 1 else names)


def counted(count: int, noun: str) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> counted(1, "column"), counted(3000, "row")
    ('1 column', '3,000 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def verdict_sentences(findings: Findings | None, titles: Mapping[str, str]) -> list[str]:
    """Say what a round found: what alarms first, then what changed; otherwise drift, then every other family."""
    if findings is None:
        return ["Nothing has been evaluated yet."]
    whole = [finding for finding in findings if finding.segment is None]
    drift = [finding for finding in whole if finding.family is Family.DRIFT]
    said = [
        (
            verdict_of(finding.verdict for finding in drift),
            drift_sentence(drift) if findings.rows else "No rows in the window.",
        )
    ]
    with_words = (Family.DRIFT, Family.DATASET, Family.CONCEPT)
    others = [finding for finding in whole if finding.family not in with_words]
    for verdict in (Verdict.ALARM, Verdict.CHANGED):
        off = [finding for finding in others if finding.verdict is verdict]
        named = [_named(finding, titles) for finding in off if finding.family is not Family.ESTIMATE]
        named += _estimates([finding for finding in off if finding.family is Family.ESTIMATE], titles)
        if named:
            said.append((verdict, f"{WORDS[verdict]}: {listed(named)}."))
    said += concept_sentences(whole)
    alarmed = [cut_text(row.name) for row in segment_rows(findings, None) if row.verdict is Verdict.ALARM]
    if alarmed:
        said.append((Verdict.ALARM, f"Alarm in {counted(len(alarmed), 'segment')}: {listed(alarmed)}."))
    return [text for _, text in sorted(said, key=lambda one: SEVERITY[one[0]])]


def off_text(findings: Sequence[Finding], titles: Mapping[str, str]) -> str:
    """Name the first few findings that are off: the columns that drift, then the others by title and column."""
    drift = [finding for finding in findings if finding.family is Family.DRIFT]
    names = [f"drift of {cut_text(str(finding.column))}" for finding in sorted(drift, key=drift_order)]
    names += [_named(finding, titles) for finding in findings if finding.family is not Family.DRIFT]
    return listed(list(dict.fromkeys(names)), most=3)


def drift_sentence(drift: Sequence[Finding]) -> str:
    """Say how many columns drifted beyond what, and which."""
    columns = {finding.column: None for finding in drift}
    if not columns:
        return "Drift is not measured yet."
    alarms = _columns(drift, Verdict.ALARM)
    changed = [name for name in _columns(drift, Verdict.CHANGED) if name not in alarms]
    measured = {finding.column for finding in drift if finding.verdict in JUDGED}
    if alarms:
        beyond = _beyond([finding for finding in drift if finding.verdict is Verdict.ALARM])
        return (
            f"{len(alarms)} of {counted(len(columns), 'column')} changed beyond {beyond}: {listed(alarms)}."
        )
    if not measured:
        reasons = list(dict.fromkeys(finding.why for finding in drift if finding.why))
        return f"No verdict yet: {listed(reasons, 2)}." if reasons else "No verdict yet."
    if changed:
        return (
            f"{len(changed)} of {counted(len(columns), 'column')} changed beyond sampling noise, "
            f"within this stream's habit: {listed(changed)}."
        )
    if len(measured) < len(columns):
        return f"No drift in {len(measured)} of {counted(len(columns), 'column')}; no verdict on the rest."
    return "No drift: every column looks like the reference."


def _beyond(alarms: Sequence[Finding]) -> str:
    if any(finding.usual_range is not None for finding in alarms):
        return "this stream's habit"
    if any(finding.threshold is not None for finding in alarms):
        return "the configured limit"
    return "sampling noise"


def _columns(drift: Sequence[Finding], verdict: Verdict) -> list[str]:
    """Name the columns of a verdict, the farthest beyond its line first."""
    found = sorted((finding for finding in drift if finding.verdict is verdict), key=drift_order)
    return list(dict.fromkeys(cut_text(str(finding.column)) for finding in found))


def _estimates(found: Sequence[Finding], titles: Mapping[str, str]) -> list[str]:
    """Name a few estimates; of many, which move together, only their number."""
    if len(found) <= _FEW:
        return [_named(finding, titles) for finding in found]
    wrong = sum(finding.measure.startswith(ERROR) for finding in found)
    expected = len(found) - wrong
    said = [f"{counted(wrong, 'error')} of estimates"] if wrong else []
    return [*said, f"{counted(expected, 'estimate')} before labels"] if expected else said


def _named(finding: Finding, titles: Mapping[str, str]) -> str:
    title = title_of(finding.measure, titles)
    return title if finding.column is None else f"{title} ({cut_text(finding.column)})"
