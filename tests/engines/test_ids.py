"""How rows with an id that came before are counted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from modelvane.engines import ids as ids_module
from modelvane.engines.ids import IdCount, hashes_of


def duplicates(ids: list[object], batch: int, most: int = 1 << 22) -> int:
    counted = IdCount(most)
    for at in range(0, len(ids), batch):
        counted.add(ids[at : at + batch])
    return counted.duplicates


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_repeated_ids_are_counted_across_batches(batch: int) -> None:
    """All but the first row of each id count; 74 and "74" are one id, and rows without one are not repeated."""
    assert duplicates([*"abcab", 74, "74", None, None, "", "é" * 40, "é" * 40], batch) == 4


def test_equal_hashes_are_equal_ids() -> None:
    """Ids that differ in one character, or by their length, have different hashes, in every Arrow type."""
    ids = [f"{i:07d}" + "x" * (i % 20) for i in range(50_000)]
    assert len(np.unique(hashes_of(ids))) == len(ids)
    text = pa.chunked_array([ids[:100], ids[100:]])
    assert np.array_equal(hashes_of(text), hashes_of(ids))
    assert np.array_equal(hashes_of(text.dictionary_encode()), hashes_of(ids))
    numbers = pa.chunked_array([pa.array(range(1000))])
    assert np.array_equal(hashes_of(numbers), hashes_of([str(i) for i in range(1000)]))


@pytest.mark.parametrize("batch", [500, 40_000])
def test_beyond_the_bound_some_ids_stand_for_all(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more ids than are remembered the count is an estimate, the same for any batches, and memory is bounded."""
    monkeypatch.setattr(ids_module, "_FEWEST_MERGED", 1000)
    ids = [i % 30_000 for i in range(40_000)]
    found = duplicates(ids, batch, most=2000)
    assert found == pytest.approx(10_000, rel=0.15)
    assert found == duplicates(ids, 1777, most=2000)
    counted = IdCount(2000)
    counted.add(list(ids))
    assert not counted.exact
    assert len(counted._hashes) <= 2000
