"""Lists in a log: what a recommender served, and what was bought, comes back as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.laws.answers import answers, reference_of
from tests.stores.conftest import Opener

from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.reference import Reference
from modelvane.store import open_log
from modelvane.table import Table
from modelvane.transfer.contents import LogContents
from modelvane.transfer.export import export
from modelvane.transfer.folder import exports_in
from modelvane.transfer.pour import pour

LISTS = ("served", "scores", "origins")


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Two hundred answers."""
    return reference_of(answers(np.random.default_rng(1), 200))


def test_lists_come_back_as_they_were(opener: Opener, reference: Reference, tmp_path: Path) -> None:
    """Lists of every length, broken ones and late lists of items are the same after a restart, an export, an import."""
    rows = answers(np.random.default_rng(2), 60)
    rows[3] |= {"served": None, "scores": [0.5, None], "origins": "popular"}
    rows[4] |= {"served": ["p1", 7, None, 1.5], "scores": [1, 2.5], "origins": []}
    told = {row["id"]: row.pop("bought") for row in rows[:40]}
    for row in rows[40:]:
        del row["bought"]
    told["answer 5"] = []
    log = opener()
    log.open("reco", reference.schema)
    log.append("reco", Table.of(rows), 1.0)
    log.label("reco", ["answer 6"], [["p59"]], None, 2.0)
    log.label("reco", list(told), list(told.values()), None, 3.0)

    log.close()
    again = opener()
    again.open("reco", reference.schema)
    copy = open_log(f"sqlite:///{tmp_path / 'copy.db'}")
    export(LogContents(again, "reco"), tmp_path / "out")
    for contents in exports_in(tmp_path / "out"):
        pour(contents, copy)
    for each in (again, copy):
        (found,) = each.scan("reco")
        for name in LISTS:
            assert found.table.values(name) == [row[name] for row in rows]
        bought = dict(zip(found.ids, found.table.values("bought"), strict=True))
        assert {name: bought[name] for name in told} == told
        assert {bought[row["id"]] is None for row in rows[40:]} == {True}
        counted = count(TableSource(found.table), reference, now=0.0).window
        assert counted.labelled.rows == 40
    copy.close()
