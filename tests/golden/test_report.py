"""The report of one batch, as it was last looked at: ``python -m tests.golden.test_report`` writes it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.report import samples
from tests.report.test_report_html import Outline

from modelvane.report.document import report_json

FOLDER = Path(__file__).parent
TWIN, OUTLINE = FOLDER / "report.json", FOLDER / "report.outline"
# these change with every release
_ABOUT_THE_RUN = ("version", "versions")


def twin() -> Any:
    """Give the JSON twin, its numbers to five digits: what a library rounds otherwise is no change of ours."""
    found = report_json(samples.regression())
    for name in _ABOUT_THE_RUN:
        del found[name]
    # they have tests of their own, and are many
    found["findings"] = len(found["findings"])
    # follows from bits that a library of mathematics may round
    found["reference"]["digest"] = found["source"]["digest"] = ""
    return _rounded(found)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return value


def outline() -> str:
    """Give the headings, the sections and the heads of tables, in order, without numbers."""
    found = Outline(samples.rendered(samples.regression))
    texts = {tag: iter(found.texts[tag]) for tag in ("h1", "h2", "h3", "th")}
    lines = []
    for tag, attributes in found.found:
        if tag in texts:
            text = " ".join(next(texts[tag]).split())
            if tag != "th" or attributes.get("scope") == "col":
                lines.append(f"{tag} {text}")
        elif tag in ("section", "table", "figure", "article", "details"):
            named = attributes.get("id") or attributes.get("class") or ""
            lines.append(f"{tag} {named}".rstrip())
        elif tag == "svg" and attributes.get("role") == "img":
            lines.append(f"svg {attributes['class']}")
    return "\n".join(lines) + "\n"


def test_the_twin_is_as_it_was() -> None:
    """Every value of the twin is that of the golden file, to four digits."""
    expected = json.loads(TWIN.read_text(encoding="utf-8"))
    _compare(twin(), expected, "")


def _compare(found: Any, expected: Any, where: str) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name, part in expected.items():
            _compare(found[name], part, f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for i, part in enumerate(expected):
            _compare(found[i], part, f"{where}[{i}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-9), where
    else:
        assert found == expected, where


def test_the_document_is_built_as_it_was() -> None:
    """Sections, headings, charts and heads of tables come in the order of the golden file."""
    assert outline() == OUTLINE.read_text(encoding="utf-8")


if __name__ == "__main__":
    TWIN.write_text(json.dumps(twin(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    OUTLINE.write_text(outline(), encoding="utf-8")
