"""Tallies of concept drift add in any grouping, are counted right, and come back from a file."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.regrouping import regrouped, slices

from modelvane.concept import NAME, ConceptRuler, timeline
from modelvane.concept.timeline import MOST_BUCKETS, Timeline
from modelvane.errors import TallyMismatchError
from modelvane.reference import Reference
from modelvane.times import NO_TIME

MONTH = 31 * 86_400.0


def rows(kind: str, seed: int, n: int = 400, *, hostile: bool = False) -> dict[str, Any]:
    """Give rows of a model of one kind, some of them with what clients get wrong."""
    draw = np.random.default_rng(seed)
    distance, zone = draw.gamma(2.0, 2.0, n), draw.choice(["north", "south", "west"], n)
    if kind == "regression":
        guess: Any = 3 * distance
        truth: Any = 3 * distance + draw.normal(0, 1 + (zone == "west"), n)
    elif kind == "classes":
        truth = draw.choice(["cat", "dog", "owl"], n).astype(object)
        guess = np.where(draw.random(n) < 0.8, truth, "cat")
    else:
        guess = draw.random(n)
        truth = (draw.random(n) < guess).astype(int).astype(object)
    found = {
        "at": 1.6e9 + np.sort(draw.random(n)) * MONTH,
        "distance": distance,
        "zone": zone.astype(object),
        "guess": guess.astype(object),
        "truth": truth.astype(object),
    }
    if hostile:
        for name, values in (
            ("distance", [np.nan, np.inf, 1e300]),
            ("zone", [None, "moon", "mars"]),
            ("guess", [None, 1e300, -1e300] if kind == "regression" else [None, "eel", 7.0]),
            ("truth", [None, -1e300, 1e308] if kind == "regression" else ["eel", None, "cat"]),
        ):
            found[name] = found[name].copy()
            found[name][draw.integers(0, n, len(values))] = values
    return {name: values.tolist() for name, values in found.items()}


@cache
def reference(kind: str) -> Reference:
    """Give the reference of a kind."""
    task = "regression" if kind == "regression" else "classification"
    return Reference.of(rows(kind, 0), prediction="guess", target="truth", time="at", task=task)


def ruler(kind: str) -> ConceptRuler:
    """Give its ruler."""
    found = reference(kind).row_rulers[NAME]
    assert isinstance(found, ConceptRuler)
    return found


KINDS = pytest.mark.parametrize("kind", ["regression", "classes", "scores"])


@KINDS
@given(seed=st.integers(0, 10**6), random=st.randoms(use_true_random=False))
def test_parts_add_up_to_the_whole(kind: str, seed: int, random: Random) -> None:
    """Whatever rows are cut into, and in whatever order the parts are added, the tally is that of all rows."""
    block = reference(kind).encode(rows(kind, seed, 60, hostile=True))
    whole = ruler(kind).count(block)
    parts = [ruler(kind).count(block.take(part)) for part in slices(60, random)]
    assert regrouped(parts, random) == whole
    assert whole.n + whole.unusable == 60
    assert ruler(kind).nothing() + whole == whole


@KINDS
@pytest.mark.filterwarnings("ignore:overflow encountered in divide")
def test_what_is_counted_is_what_a_loop_counts(kind: str) -> None:
    """Rows and sums of a bin are those that one row after the other gives."""
    known = ruler(kind)
    block = reference(kind).encode(rows(kind, 5, 300, hostile=True))
    tally = known.count(block)
    for i in range(300):
        one = known.count(block.take(slice(i, i + 1)))
        for place in known.places.values():
            assert one.counts[place].sum() == one.n
    usable, values = known.reader.read(block)
    codes = known.codes(block.take(np.flatnonzero(usable)))
    for signal, scale in enumerate(known.scales):
        left = np.clip(np.rint(values[signal] / scale.quantum), -scale.limit, scale.limit)
        left -= known.base[signal]
        for code, place in zip(codes, known.places.values(), strict=True):
            left -= known.expected[signal, place][code]
        for code, place in zip(codes, known.places.values(), strict=True):
            for at in range(place.stop - place.start):
                assert tally.sums[signal, place][at] == left[code == at].sum()
                assert tally.counts[place][at] == (code == at).sum()


@KINDS
def test_it_comes_back_from_a_file(kind: str) -> None:
    """A reference's file holds the ruler and its tally, and is written again byte by byte."""
    written = reference(kind).to_bytes()
    read = Reference.from_bytes(written)
    assert read.to_bytes() == written
    found = read.row_rulers[NAME]
    block = reference(kind).encode(rows(kind, 9, 50))
    assert found.count(block) == ruler(kind).count(block)
    assert read.tally.together[NAME] == reference(kind).tally.together[NAME]


def test_tallies_of_other_rulers_do_not_add() -> None:
    """What is counted on another reference is refused."""
    one, other = (ruler(kind).nothing() for kind in ("regression", "classes"))
    with pytest.raises(TallyMismatchError, match="different rulers"):
        one + other


@given(
    times=st.lists(
        st.one_of(
            st.just(NO_TIME),
            st.integers(-(10**6), 10**6),
            st.integers(10**15, 2 * 10**15),
            st.integers(-(2**62), 2**62),
        ),
        max_size=40,
    ),
    most=st.sampled_from([2, 8, MOST_BUCKETS]),
    random=st.randoms(use_true_random=False),
)
def test_a_timeline_follows_from_its_rows_alone(times: list[int], most: int, random: Random) -> None:
    """Buckets are as wide as all rows together ask for, whatever was added first, and no wider than need be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline, "MOST_BUCKETS", most)
        _follows_from_its_rows(times, most, random)


def _follows_from_its_rows(times: list[int], most: int, random: Random) -> None:
    at = np.array(times, np.int64)
    values = np.arange(2 * len(at), dtype=np.int64).reshape(2, -1) - 7
    whole = Timeline.of(at, values, values[0] > 3)
    parts = [Timeline.of(at[part], values[:, part], values[0, part] > 3) for part in slices(len(at), random)]
    assert regrouped(parts, random) == whole
    known = at[at != NO_TIME]
    assert whole.n == len(known)
    assert whole.untimed == len(at) - len(known)
    assert len(whole.rows) <= most
    assert np.array_equal(whole.buckets, np.unique(known >> whole.exponent))
    if whole.exponent:
        assert len(np.unique(known >> (whole.exponent - 1))) > most
    assert whole.sums.sum(axis=1).tolist() == values[:, at != NO_TIME].sum(axis=1).tolist()
    assert Timeline.from_arrays(whole.facts(), whole.arrays()) == whole
