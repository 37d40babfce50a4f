"""From any store to any other: what comes back is what was there."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from tests.stores.conftest import STORES
from tests.transfer.compare import content
from tests.transfer.conftest import Opener
from tests.transfer.test_round_trip import fill, through_folder

from modelvane.store import Log, open_log
from modelvane.transfer.contents import LogContents
from modelvane.transfer.pour import pour


@pytest.mark.parametrize("store", STORES)
def test_there_and_back(
    log: Log, opener: Opener, tmp_path: Path, request: pytest.FixtureRequest, store: str
) -> None:
    """A log that is copied into another store, and exported from there into a third, is what it was."""
    fill(log)
    (tmp_path / "other").mkdir()
    back = opener("back")
    with STORES[store](request, tmp_path / "other") as url, closing(open_log(url)) as other:
        pour(LogContents(log, "taxi"), other)
        through_folder(other, back, tmp_path / "out")
        there = content(other)
    assert content(back) == content(log)
    assert there == content(log)
