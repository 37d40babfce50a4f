"""Counting in blocks, exact sums and means without a Python number per row."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelvane import fixed
from modelvane.casting import Numbers
from modelvane.ruler import NumericalRuler
from modelvane.tallies import sorting
from modelvane.tallies.codec import dumps
from modelvane.tallies.distinct import KEEP
from modelvane.tallies.numerical import NumericalTally

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def _values(rows: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    far = np.concatenate([rng.normal(size=rows), 10.0 ** rng.uniform(-300, 308, 50), [-1e300, 1.7e308]])
    return {
        "measured": rng.lognormal(1, 0.5, rows),
        "rounded": np.round(rng.lognormal(1, 0.5, rows), 2),
        "codes": rng.integers(0, 9, rows).astype(float),
        "far": rng.permutation(far),
    }


@pytest.mark.parametrize("what", ["measured", "rounded", "codes", "far"])
@pytest.mark.parametrize("block", [64, 1000, 4096])
def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch, what: str, block: int) -> None:
    """The bytes of a tally are the same in blocks of any size, and those of the sum of its parts."""
    values = _values(20_000)[what]
    ruler = NumericalRuler.of(values[:3000], budget=256)
    whole = NumericalTally.of(ruler, Numbers(values, None))
    monkeypatch.setattr(sorting, "BLOCK", block)
    monkeypatch.setattr(sorting, "_WORD_ROWS", 2 * block)
    cut = NumericalTally.of(ruler, Numbers(values, None))
    parts = [NumericalTally.of(ruler, Numbers(part, None)) for part in np.array_split(values, 7)]
    summed = sum(parts[1:], parts[0])
    assert len({dumps("tally", each.facts(), each.arrays()) for each in (whole, cut, summed)}) == 1


def test_counting_leaves_the_values_as_they_are() -> None:
    """Columns are looked at where they are: what is counted is neither sorted nor changed in place."""
    values = np.random.default_rng(1).normal(size=5000)
    before = values.copy()
    NumericalTally.of(NumericalRuler.of(values[:100]), Numbers(values, None))
    assert np.array_equal(values, before)


def test_the_smallest_hashes_are_kept_whatever_came_before() -> None:
    """Distinct values of later blocks count like those of the first, repeated ones not again."""
    values = np.random.default_rng(2).normal(size=300_000)
    ruler = NumericalRuler.of(values[:2000])
    once = NumericalTally.of(ruler, Numbers(values, None)).distinct
    twice = NumericalTally.of(ruler, Numbers(np.concatenate((values, values)), None)).distinct
    assert len(once.hashes) == KEEP
    assert once == twice
    assert once.estimate == pytest.approx(298_000, rel=4 * 0.063)


@given(st.lists(st.integers(-fixed.WORD, fixed.WORD), max_size=50))
def test_sums_of_squares_are_exact(words: list[int]) -> None:
    """Squares of words add up as Python's integers do, near a power of two and far beyond a machine word."""
    assert fixed.sum_of_squares(np.array(words, np.int64)) == sum(word * word for word in words)
    many = np.array(words * 5000, np.int64)
    assert fixed.sum_of_squares(many) == 5000 * sum(word * word for word in words)


@given(st.lists(st.one_of(FINITE, st.sampled_from((5e-324, -5e-324, 1e-310, 0.0, -0.0, 1.7e308, -1.7e308)))))
def test_a_mean_is_that_of_exact_arithmetic(values: list[float]) -> None:
    """The sum of values in order is the float nearest to the exact one, subnormal and huge ones included."""
    distinct, counts = np.unique(np.array([*values, 1.0]), return_counts=True)
    scaled = distinct * 2.0**-20
    exact = sum(
        (Fraction(v) * int(n) for v, n in zip(scaled.tolist(), counts.tolist(), strict=True)), Fraction()
    )
    assert fixed.rounded_sum(scaled, counts) == float(exact)
    assert fixed.rounded_sum(scaled, counts) == math.fsum(np.repeat(scaled, counts))
