"""What an engine counts of a batch."""

from __future__ import annotations

import random

import pytest

from modelvane.batch import judge
from modelvane.engines.count import count
from modelvane.engines.log import LogSource
from modelvane.engines.source import TableSource
from modelvane.findings import Family, Finding
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.settings import Settings, Window
from modelvane.store import open_log


def trips(rows: int, seed: int) -> list[dict[str, object]]:
    draw = random.Random(seed)  # noqa: S311 - made-up trips
    return [
        {
            "id": f"{seed}-{i}",
            "time": 1_000_000.0 + 60 * i,
            "distance": draw.expovariate(1.0),
            "zone": draw.choice("abc"),
            "prediction": draw.gauss(10, 2),
            "target": None if i % 5 == 0 else draw.gauss(10, 3),
        }
        for i in range(rows)
    ]


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.of([row for row in trips(2000, 1) if row["target"] is not None], segments=["zone"])


def test_a_batch_finds_what_a_window_of_the_same_rows_finds(reference: Reference) -> None:
    """Drift, predictions, performance, quality and outliers are equal, value for value, live and in a batch."""
    rows = trips(1000, 2)
    monitor = Monitor("taxi", reference, Settings(window=Window(rows=1000)), clock=lambda: 5e6)
    monitor.push(rows)
    judged = judge("taxi", reference, count(TableSource(rows), reference, now=5e6))

    def is_of_rows(found: Finding) -> bool:
        # what concerns their arrival is another thing in a batch
        return (
            found.column is not None or found.family is not Family.QUALITY or found.measure == "outlier_share"
        )

    live = [f for f in monitor.findings() if is_of_rows(f)]
    batch = [f for f in judged.findings if is_of_rows(f)]
    assert len(live) > 100
    assert [f for f in batch if f.measure != "label_lag"] == [f for f in live if f.measure != "label_lag"]


def test_the_slices_of_a_batch_add_up_to_it(reference: Reference) -> None:
    """Each row is in one slice of the period, and the slices' columns add up to those of all rows."""
    counted = count(TableSource(trips(1000, 3)), reference, slices=7, now=0.0)
    assert len(counted.slices) == 7
    whole = counted.slices[0].rows
    for one in counted.slices[1:]:
        whole = whole + one.rows
    assert whole.columns == counted.window.rows.columns
    assert whole.outliers is not None
    assert whole.outliers.rows == 1000
    assert len(whole.outliers.top) == 10
    assert whole.outliers == counted.window.rows.outliers


def test_the_log_is_a_source(reference: Reference) -> None:
    """Rows that were logged, with labels that came later, are counted as the rows themselves."""
    rows = trips(500, 4)
    with open_log("sqlite://") as log:
        log.open("taxi", reference.schema)
        unlabelled = [{k: v for k, v in row.items() if k != "target"} for row in rows]
        from modelvane.table import Table

        log.append("taxi", Table.of(unlabelled), 1_000_000.0)
        told = [row for row in rows if row["target"] is not None]
        log.label("taxi", [r["id"] for r in told], [r["target"] for r in told], None, 2_000_000.0)
        counted = count(LogSource(log, "taxi"), reference, now=0.0)
    beside = count(TableSource(rows), reference, now=0.0)
    assert counted.window.rows == beside.window.rows
    assert counted.window.labelled == beside.window.labelled
    assert counted.provenance.digest == beside.provenance.digest
