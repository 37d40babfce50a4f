"""A report: one HTML file that opens offline, from the live page's own components."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from modelvane.batch import Judged
from modelvane.catalogue import titles
from modelvane.findings import Family, Finding, Verdict
from modelvane.formatting import slice_text, span_text
from modelvane.report import outcomes, tables, wording
from modelvane.report.attribution import attribution_table
from modelvane.report.cards import Card, Trend, cards_of, slice_series, trends_of
from modelvane.report.concept import concept_tables
from modelvane.report.contents import Contents, contents_of
from modelvane.report.estimates import estimate_rows
from modelvane.report.history import unit_of
from modelvane.report.order import SHOWN_COLUMNS
from modelvane.report.small import mini_bars
from modelvane.report.strip import strip_of
from modelvane.report.summary import key_figures
from modelvane.report.svg import printable
from modelvane.report.templating import environment
from modelvane.report.twin import report_json

__all__ = ["content_security_policy", "render_report", "report_json"]

_STYLES = ("base.css", "charts.css", "report.css")
_SCRIPT = "report.js"
# of a regression, what a segment is told beside its headline
_REGRESSION_BESIDE = (
    ("mean_error", None),
    ("estimation_group_share", "under"),
    ("estimation_group_share", "over"),
)


def render_report(judged: Judged, *, shown: int = SHOWN_COLUMNS) -> str:
    """Write the report of a judged batch.

    Parameters
    ----------
    judged
        What was found, and what it was found from.
    shown
        Columns with full charts, the most drifted ones; the others have a row in every table.

    Returns
    -------
    str
        A whole HTML document without any outside address: its style, drawings and script are in it.
    """
    contents, known, series = contents_of(judged), titles(), slice_series(judged)
    text = (
        environment()
        .get_template("report.html")
        .render(
            contents=contents,
            style=Markup(_text(*_STYLES)),  # noqa: S704 - our own files
            script=Markup(_text(_SCRIPT)),  # noqa: S704 - our own files
            policy=content_security_policy(),
            title_of=lambda measure: wording.title_of(measure, known),
            slice_text=slice_text,
            span_text=span_text,
            limits_text=outcomes.limits_text,
            group_names=outcomes.GROUPS,
            shown=shown,
            figures=key_figures(judged.findings, contents.columns, known),
            span=_span(contents),
            **_columns(judged, contents, cards_of(contents.columns[:shown], series, known)),
            **_performance(contents, trends_of(judged, series, known)),
            **_rest(judged, contents, shown),
        )
    )
    return printable(text)


@cache
def content_security_policy() -> str:
    """Give the policy of a report: nothing runs and nothing styles but what was written into it."""
    style, script = (_hash(_text(*names)) for names in (_STYLES, (_SCRIPT,)))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _text(*names: str) -> str:
    folder = files("modelvane.report").joinpath("static")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _span(contents: Contents) -> str:
    source = contents.source
    if contents.period is not None:
        return span_text(*contents.period)
    if source.first is not None and source.last is not None:
        return span_text(source.first, source.last)
    return ""


def _columns(judged: Judged, contents: Contents, cards: Sequence[Card]) -> dict[str, Any]:
    columns = contents.columns
    rows = [(part, tables.drift_row(part.finding), mini_bars(part.distribution)) for part in columns]
    reason = tables.shared_reason(part.finding for part in columns)
    decided = {part.finding.key for part in columns}
    drift = tables.of_family(judged.findings, Family.DRIFT)
    first = tables.headline(judged.findings)
    return {
        "strip": strip_of(columns, contents.slices, unit_of(first) if first is not None else ""),
        "drift": rows,
        "drift_reason": reason,
        "also": [finding for finding in drift if finding.key not in decided],
        "has_limit": any(part.finding.threshold is not None for part in columns),
        "cards": cards,
    }


def _performance(contents: Contents, trends: Sequence[Trend]) -> dict[str, Any]:
    part = contents.performance
    if part is None:
        return {"performance": None, "segments": _segments(contents, None, ())}
    beside = _REGRESSION_BESIDE if part.regression is not None else ()
    return {
        "performance": part,
        "trends": trends,
        "measured": [f for f in part.findings if f.label is None and not _says_nothing(f)],
        "by_label": [finding for finding in part.findings if finding.label is not None],
        "regression": outcomes.regression_charts(part.regression) if part.regression is not None else None,
        "confusion": outcomes.confusion_rows(part.confusion) if part.confusion is not None else None,
        "curves": outcomes.curve_charts(part.curves),
        "segments": _segments(contents, part.headline, beside),
    }


def _segments(
    contents: Contents, headline: str | None, beside: tuple[tuple[str, str | None], ...]
) -> dict[str, Any]:
    return {"rows": outcomes.segment_table(contents.segments, headline, beside), "beside": beside}


def _rest(judged: Judged, contents: Contents, shown: int) -> dict[str, Any]:
    predictions = tables.of_family(judged.findings, Family.PREDICTION)
    quality = tables.of_family(judged.findings, Family.QUALITY)
    named = {part.name for part in contents.columns[:shown]}
    return {
        "answers": tables.of_family(judged.findings, Family.RECOMMENDATION),
        "estimates": estimate_rows(judged.findings),
        "concept": concept_tables(judged.findings),
        "fairness": tables.fairness_rows(judged.findings),
        "versions": tables.version_rows(judged.findings),
        "attribution": attribution_table(judged.findings),
        "changes": tables.of_family(judged.findings, Family.CHANGE),
        "predictions": tables.matrix(finding for finding in predictions if finding.label is None),
        "predictions_by_label": [finding for finding in predictions if finding.label is not None],
        "quality": tables.matrix(f for f in quality if f.column in named and f.label is None),
        "quality_of_dataset": [finding for finding in quality if finding.column is None],
        "is_off": _is_off,
    }


def _says_nothing(finding: Finding) -> bool:
    # a table that does not say when its labels became known has no lag, and that is nobody's fault
    return finding.measure == tables.LAG and finding.value is None and finding.n > 0


def _is_off(finding: Finding | None) -> bool:
    return finding is not None and finding.verdict in (Verdict.ALARM, Verdict.CHANGED)
