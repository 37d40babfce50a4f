"""What a run leaves in Prefect: a table of verdicts, and a link to the report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from modelvane.catalogue import titles
from modelvane.findings import Finding, Findings, Verdict
from modelvane.formatting import value_text
from modelvane.report.history import unit_of
from modelvane.report.order import SEVERITY
from modelvane.report.wording import WORDS, title_of

MOST_ROWS = 200
"""Rows of the table: Prefect keeps it in its database, once for each run."""

_JUDGED = (Verdict.ALARM, Verdict.CHANGED, Verdict.OK)


def key_of(dataset: str, what: str) -> str:
    """Give an artifact's key, by which Prefect tells its versions from those of others.

    >>> key_of("Taxi_NYC", "verdicts")
    'taxi-nyc-verdicts'
    """
    return "-".join(part for part in (re.sub(r"[^a-z0-9]+", "-", dataset.lower()).strip("-"), what) if part)


def verdict_table(findings: Findings) -> list[dict[str, str]]:
    """Give one row for each finding that was judged, the worst first, segments last; no column that says nothing."""
    judged = [finding for finding in findings if finding.verdict in _JUDGED]
    judged.sort(key=lambda finding: (SEVERITY[finding.verdict], finding.segment is not None))
    names = titles()
    rows = [dict(_row(finding, names)) for finding in judged[:MOST_ROWS]]
    said = {name for row in rows for name, text in row.items() if text}
    return [{name: text for name, text in row.items() if name in said} for row in rows]


def _row(finding: Finding, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    unit = unit_of(finding)
    yield "verdict", WORDS[finding.verdict]
    yield "column", finding.column or ""
    yield "what", title_of(finding.measure, names)
    yield "segment", finding.segment or ""
    yield "value", value_text(finding.value, unit)
    for line in ("noise_floor", "usual_range", "threshold"):
        limit = getattr(finding, line)
        yield line.replace("_", " "), "" if limit is None else value_text(limit, unit)
    yield "cause", finding.cause


def link_of(report: Path, folder_url: str | None) -> str:
    """Give where the report can be opened: below the URL at which its folder is served, or as a file.

    >>> link_of(Path("/srv/reports/taxi-2022-01-05.html"), "https://reports.example.org/")
    'https://reports.example.org/taxi-2022-01-05.html'
    >>> link_of(Path("/srv/reports/taxi-2022-01-05.html"), None)
    'file:///srv/reports/taxi-2022-01-05.html'
    """
    if folder_url is None:
        return report.resolve().as_uri()
    return f"{folder_url.rstrip('/')}/{quote(report.name)}"
