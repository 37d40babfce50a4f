"""Shuffles that columns share: windows are draws without replacement, and nothing depends on whether they were kept."""

from __future__ import annotations

import numpy as np
import pytest

from modelvane.calibration import shuffles
from modelvane.calibration.null import null_moments
from modelvane.calibration.shuffles import Shuffle, Shuffles
from modelvane.divergences import DIVERGENCES
from modelvane.ruler import CategoricalRuler
from modelvane.tallies.sample import Sample

UNITS = 3000
RULER = CategoricalRuler(("a", "b", "c"))


def _drawn(kept: Shuffles, n: int, rng: np.random.Generator, *, one_by_one: bool) -> list[Shuffle]:
    return list(kept.draw(UNITS, n, 64, rng, one_by_one=one_by_one))


@pytest.mark.parametrize("n", [7, 1000])
def test_windows_one_by_one_have_each_unit_once(n: int) -> None:
    """Blocks are windows of n units, as many together as were asked for, and share no unit."""
    found = _drawn(Shuffles(), n, np.random.default_rng(1), one_by_one=True)
    assert sum(each.blocks for each in found) == 64
    for each in found:
        assert each.windows is None
        np.testing.assert_array_equal(np.bincount(each.places)[: each.blocks], n)


def test_unions_are_of_whole_blocks() -> None:
    """Windows that are unions are each of as many blocks, and the blocks of as many units."""
    found = _drawn(Shuffles(), 460, np.random.default_rng(1), one_by_one=False)
    assert sum(len(each.windows) for each in found if each.windows is not None) == 64
    for each in found:
        assert each.windows is not None
        np.testing.assert_array_equal(each.windows.sum(axis=1), 20)
        np.testing.assert_array_equal(np.bincount(each.places)[: each.blocks], UNITS // each.blocks)


@pytest.mark.parametrize("one_by_one", [True, False])
def test_what_was_kept_is_what_would_be_drawn(one_by_one: bool) -> None:
    """At the same seed with as many units the same windows come again, and the generator goes on as after drawing."""
    kept, first, again = Shuffles(), np.random.default_rng(3), np.random.default_rng(3)
    found = _drawn(kept, 100, first, one_by_one=one_by_one)
    once_more = _drawn(kept, 100, again, one_by_one=one_by_one)
    assert all(one is other for one, other in zip(found, once_more, strict=True))
    assert first.random() == again.random()
    other = _drawn(kept, 100, np.random.default_rng(4), one_by_one=one_by_one)
    assert any((one.places != each.places).any() for one, each in zip(found, other, strict=True))


def test_the_oldest_shuffles_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more shuffles than may be kept those go that nobody asked for longest, and what is too large never stays."""
    monkeypatch.setattr(shuffles, "_KEPT", 3 * UNITS + 1000)
    kept = Shuffles()

    def first_of(seed: int, n: int = 1000) -> Shuffle:
        return _drawn(kept, n, np.random.default_rng(seed), one_by_one=True)[0]

    # a hundred shuffles are too large
    assert next(iter(kept.draw(UNITS, UNITS, 100, np.random.default_rng(0), one_by_one=True)))
    held = [first_of(seed, 40) for seed in range(3)]
    assert first_of(0, 40) is held[0]
    first_of(3, 40)
    assert first_of(0, 40) is held[0]
    assert first_of(1, 40) is not held[1]


def test_a_column_has_the_same_noise_beside_others() -> None:
    """Null moments of a column do not depend on which columns were drawn before."""
    method, kept = DIVERGENCES["jensen_shannon"], Shuffles()
    for counts in ([900, 500, 100, 0], [400, 400, 700, 0], [900, 500, 99, 0]):
        sample = Sample(RULER, np.array(counts))
        beside = null_moments(method, sample, shuffles=kept).to_array()
        np.testing.assert_array_equal(beside, null_moments(method, sample).to_array())
