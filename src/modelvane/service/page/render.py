"""Views in, HTML out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from modelvane.findings import Family, Findings, Verdict
from modelvane.formatting import ago_text, value_text
from modelvane.periods import period_text
from modelvane.report import tables, wording
from modelvane.report.attribution import attribution_table
from modelvane.report.charts import sparkline
from modelvane.report.concept import concept_tables
from modelvane.report.estimates import estimate_rows
from modelvane.report.history import Point, series_of, thin
from modelvane.report.order import SEVERITY, SHOWN_COLUMNS, shown_columns, worst
from modelvane.report.svg import printable
from modelvane.report.templating import environment
from modelvane.service.page import sections
from modelvane.service.page.view import DatasetView

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REFRESH_SECONDS = 5.0
_NO_TITLES: Mapping[str, str] = {}


def render_overview(
    views: Iterable[DatasetView],
    *,
    titles: Mapping[str, str] = _NO_TITLES,
    fragment: bool = False,
    root: str = "",
    refresh_seconds: float = REFRESH_SECONDS,
) -> str:
    """Write the page of all datasets, what is worst on top.

    Parameters
    ----------
    views
        One per dataset.
    titles
        Measure to title.
    fragment
        Write only what changes from round to round, for the page's own script.
    root
        Path that the service is mounted at, such as ``"/monitor"``.
    refresh_seconds
        How often the page fetches its fragment.
    """
    rows = sorted(
        (_overview_row(view, titles) for view in views), key=lambda row: (row["order"], row["name"])
    )
    overall = worst(row["verdict"] for row in rows)
    return _render(
        "overview",
        fragment,
        root,
        refresh_seconds,
        titles,
        page_title="All datasets",
        rows=rows,
        verdict=overall,
        sentences=[_overview_sentence([row["verdict"] for row in rows])],
    )


def render_dataset(
    view: DatasetView,
    *,
    titles: Mapping[str, str] = _NO_TITLES,
    fragment: bool = False,
    all_columns: bool = False,
    root: str = "",
    refresh_seconds: float = REFRESH_SECONDS,
) -> str:
    """Write the page of one dataset.

    Parameters
    ----------
    view
        The dataset.
    all_columns
        Draw the charts of all columns instead of the most drifted ones.

    The other parameters are those of `render_overview`.
    """
    findings = view.findings
    shown = shown_columns(findings, None if all_columns else SHOWN_COLUMNS)
    series = series_of(view.history)
    quality = tables.of_family(findings, Family.QUALITY)
    drift = tables.drift_rows(findings, shown)
    predictions = tables.of_family(findings, Family.PREDICTION)
    drift_reason = tables.shared_reason(row.finding for row in drift)
    performance = tables.of_family(findings, Family.PERFORMANCE)
    first = tables.headline(findings, view.headline)
    return _render(
        "dataset",
        fragment,
        root,
        refresh_seconds,
        titles,
        page_title=view.name,
        view=view,
        findings=findings,
        verdict=_verdict(findings),
        sentences=wording.verdict_sentences(findings, titles),
        facts=_facts(view, titles),
        drift=drift,
        drift_reason=drift_reason,
        has_cause=any(row.finding.cause or row.finding.why not in ("", drift_reason) for row in drift),
        has_limit=any(row.finding.threshold is not None for row in drift),
        cards=sections.column_cards(view, shown, series, titles),
        column_count=len(shown_columns(findings, None)),
        more_quality=len({f.column for f in quality} - {None}) - SHOWN_COLUMNS if not all_columns else 0,
        all_columns=all_columns,
        trends=sections.trends(view, series, titles),
        timeline=sections.timeline(view),
        answers=tables.of_family(findings, Family.RECOMMENDATION),
        estimates=estimate_rows(findings),
        concept=concept_tables(findings),
        fairness=tables.fairness_rows(findings),
        versions=tables.version_rows(findings),
        attribution=attribution_table(findings),
        changes=tables.of_family(findings, Family.CHANGE),
        performance=[finding for finding in performance if finding.label is None],
        performance_by_label=[finding for finding in performance if finding.label is not None],
        predictions=tables.matrix(f for f in predictions if f.label is None),
        predictions_by_label=[f for f in predictions if f.label is not None],
        faults=tables.faults(findings),
        quality=tables.matrix(quality, None if all_columns else SHOWN_COLUMNS),
        quality_of_dataset=[finding for finding in quality if finding.column is None],
        segments=tables.segment_rows(findings, first.name if first else view.headline),
        off_of=lambda row: wording.off_text(row.off, titles),
        segment_measure=wording.title_of(first.name, titles) if first else None,
    )


def _render(
    name: str, fragment: bool, root: str, refresh_seconds: float, titles: Mapping[str, str], **context: Any
) -> str:
    template = environment("modelvane.service.page").get_template(
        f"{name}_parts.html" if fragment else f"{name}.html"
    )
    text = template.render(
        root=root,
        refresh_seconds=refresh_seconds,
        title_of=lambda measure: wording.title_of(measure, titles),
        **context,
    )
    return printable(text)


def _verdict(findings: Findings | None) -> Verdict:
    return findings.verdict if findings is not None else Verdict.UNDEFINED


def _facts(view: DatasetView, titles: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Give the figures under the verdict: what, value, note."""
    findings = view.findings
    if findings is None:
        return []
    columns, drifted = tables.drifted(findings)
    facts = [
        ("Drifted columns", f"{drifted} of {columns}", value_text(drifted / columns, "ratio"))
        if columns
        else ("Drifted columns", "–", ""),
        ("Rows in the window", value_text(findings.rows), view.service.window),
    ]
    if view.service.compared_with and findings.compared_with is not None:
        facts.append(("Compared with", period_text(findings.compared_with), view.service.compared_with))
    age = findings.get("last_row_age")
    if age is not None:
        facts.append(("Last row", ago_text(age.value) if age.value is not None else "–", age.why))
    first = tables.headline(findings, view.headline)
    if first is not None:
        note = first.why if first.value is None else f"on {value_text(first.n)} labelled rows"
        facts.append((wording.title_of(first.name, titles), tables.text_of(first), note))
    coverage, lag = findings.get(tables.COVERAGE), findings.get(tables.LAG)
    if coverage is not None:
        late = (
            f"labels {tables.text_of(lag)} late"
            if lag is not None and lag.value is not None
            else coverage.why
        )
        facts.append((wording.title_of(coverage.measure, titles), tables.text_of(coverage), late))
    return facts


def _overview_row(view: DatasetView, titles: Mapping[str, str]) -> dict[str, Any]:
    findings, verdict = view.findings, _verdict(view.findings)
    columns, drifted = tables.drifted(findings) if findings is not None else (0, 0)
    first = tables.headline(findings, view.headline)
    return {
        "name": view.name,
        "verdict": verdict,
        "order": SEVERITY[verdict],
        "sentence": wording.verdict_sentences(findings, titles)[0],
        "columns": columns,
        "drifted": drifted,
        "trend": _trend(view),
        "rows": findings.rows if findings is not None else None,
        "age": findings.get("last_row_age") if findings is not None else None,
        "performance": first,
        "coverage": findings.get(tables.COVERAGE) if findings is not None else None,
    }


def _trend(view: DatasetView) -> Any:
    largest = tuple(_largest(findings) for findings in thin(view.history))
    if not any(value is not None for value in largest):
        return "–"
    return sparkline(largest, f"{view.name}: largest drift in units of its line, over time", line=1.0)


def _largest(findings: Findings) -> float | None:
    drift = tables.of_family(findings, Family.DRIFT)
    times = (Point.of(finding, 0.0).times_its_line for finding in drift)
    # beyond a line of 0 is no height that could be drawn
    return max((value for value in times if value is not None and value < math.inf), default=None)


def _overview_sentence(verdicts: list[Verdict]) -> str:
    if not verdicts:
        return "No dataset is configured."
    alarms, changed = verdicts.count(Verdict.ALARM), verdicts.count(Verdict.CHANGED)
    of_all = f"of {wording.counted(len(verdicts), 'dataset')}"
    if alarms:
        return f"{alarms} {of_all} {'raises' if alarms == 1 else 'raise'} an alarm."
    if changed:
        return f"No alarm. {changed} {of_all} changed within {'its' if changed == 1 else 'their'} habit."
    if set(verdicts) == {Verdict.UNDEFINED}:
        return "No verdict yet."
    return "No alarm."
