"""What the report and the live page show of contributions is what was found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.report import samples

from modelvane import Monitor, Reference, Settings
from modelvane.attribution.kinds import LinearAttribution
from modelvane.batch import judge
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.report.attribution import SHOWN, attribution_table
from modelvane.report.document import render_report
from modelvane.service.page import DatasetView
from modelvane.service.page.render import render_dataset
from modelvane.settings import Window

WEIGHTS = {"far": 3.0, samples.HOSTILE: 1.0, "zone": {"a": 1.0}}


def trips(seed: int, near: float = 1.0, rows: int = 400) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "far": rng.normal(5, 1, rows),
        samples.HOSTILE: rng.normal(0, near, rows),
        "zone": rng.choice(["a", "b"], rows),
    }


def reference(**more: Any) -> Reference:
    return Reference.of(trips(0), also=[LinearAttribution({**WEIGHTS, **more})])


def findings_of(known: Reference, rows: dict[str, Any]) -> Any:
    monitor = Monitor("trips", known, Settings(window=Window(rows=400)))
    if rows:
        monitor.push(rows)
    return monitor.findings()


def test_features_are_in_the_order_of_the_reference() -> None:
    """Ranks and shares are those of the mean sizes; the shares of a side add up to all."""
    found = findings_of(reference(), trips(1, near=9.0))
    table = attribution_table(found)
    assert table is not None
    assert [row.size.column for row in table.rows] == ["far", samples.HOSTILE, "zone"]
    assert [row.reference_rank for row in table.rows] == [1, 2, 3]
    assert [row.rank for row in table.rows] == [2, 1, 3]
    assert sum(row.share or 0 for row in table.rows) == pytest.approx(1)
    assert sum(row.reference_share or 0 for row in table.rows) == pytest.approx(1)
    sizes = [row.size.value or 0 for row in table.rows]
    assert [row.share for row in table.rows] == pytest.approx([size / sum(sizes) for size in sizes])


def test_what_is_unknown_has_neither_share_nor_rank() -> None:
    """Without rows only the reference is drawn."""
    table = attribution_table(findings_of(reference(), {}))
    assert table is not None
    assert {(row.share, row.rank) for row in table.rows} == {(None, None)}
    assert table.bars is not None


def test_only_what_contributes_most_is_shown() -> None:
    """Of many features the others are counted."""
    names = [f"x{i}" for i in range(SHOWN + 5)]
    rows = {name: np.random.default_rng(i).normal(0, 1 + i, 200) for i, name in enumerate(names)}
    known = Reference.of(rows, also=[LinearAttribution(dict.fromkeys(names, 1.0))])
    table = attribution_table(findings_of(known, rows))
    assert table is not None
    assert (len(table.rows), table.more) == (SHOWN, 5)


def test_a_report_and_a_page_show_them() -> None:
    """Both have the section, the names escaped and a bar for each side; without contributions neither has one."""
    known = reference()
    report = render_report(judge("trips", known, count(TableSource(trips(1, 9.0)), known, now=samples.NOW)))
    page = render_dataset(DatasetView(name="trips", findings=findings_of(known, trips(1, 9.0))))
    for text in (report, page):
        assert 'id="attribution"' in text
        assert samples.HOSTILE not in text
        assert "was 2" in text
        assert "Share of all contributions by feature" in text
    plain = Reference.of(trips(0))
    assert attribution_table(findings_of(plain, trips(1))) is None
    assert 'id="attribution"' not in render_report(
        judge("trips", plain, count(TableSource(trips(1)), plain, now=samples.NOW))
    )
