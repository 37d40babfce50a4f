"""The preview of dashboards at the width of a telephone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.browser.conftest import Browser

from modelvane.dashboards.model import Dashboard, Panel, Query
from modelvane.dashboards.preview import Answer, Shown, render
from modelvane.dashboards.preview.prometheus import Series


@pytest.mark.parametrize(("width", "abreast"), [(390, [1, 1, 1]), (800, [2, 2, 1]), (1280, [3, 3, 1])])
def test_tiles_are_as_many_abreast_as_can_be_read(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, abreast: list[int]
) -> None:
    """A third of a wide page is half of a narrow one, and all of a telephone's; what is as wide as a page stays so."""
    query = Query(expression="x", legend="x")
    answer = Answer(query, "x", (Series({}, ((0.0, 1.0), (10.0, 2.0))),))
    panels = [Panel(title="x", description="x.", queries=(query,), width=cells) for cells in (8, 8, 8, 24)]
    shown = [Shown(panel, "x", (answer,)) for panel in panels]
    dashboard = Dashboard(uid="x", title="x", description="x.", rows=())
    (tmp_path / "preview.html").write_text(render([(dashboard, [("x", shown)])], 0.0, 10.0), encoding="utf-8")
    monkeypatch.setattr(browser.site, "address", tmp_path.as_uri())
    browser.open("/preview.html", width=width)
    tops = browser.run(
        "return [...document.querySelectorAll('.tile')].map(tile => Math.round(tile.getBoundingClientRect().top))"
    )
    assert [tops.count(tops[at]) for at in (0, 1, 3)] == abreast
    assert browser.run("return document.documentElement.scrollWidth") <= width
