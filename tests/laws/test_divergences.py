"""What holds for every divergence, whatever the rows."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelvane.casting import Numbers
from modelvane.divergences import DIVERGENCES, Divergence, base, contributions, divergence
from modelvane.errors import UnknownNameError
from modelvane.ruler import CategoricalRuler, NumericalRuler
from modelvane.schema import Kind
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.sample import Sample
from modelvane.undefined import Undefined

ALL = set(DIVERGENCES)

SYMMETRIC = ALL - {"kullback_leibler", "wasserstein_normed"}
BOUNDED = {
    "kolmogorov_smirnov",
    "mann_whitney",
    "jensen_shannon",
    "hellinger",
    "total_variation",
    "l_infinity",
    "fisher",
}
UNBOUNDED = ALL - BOUNDED
# the same shares of more rows: statistics grow, effects stay, estimates correct themselves for few rows
STATISTICS = {"cramer_von_mises", "anderson_darling", "welch_t", "two_proportion_z"}
ESTIMATES = {"wasserstein_normed", "psi", "kullback_leibler"}
EFFECTS = {
    "kolmogorov_smirnov",
    "wasserstein",
    "energy",
    "mann_whitney",
    "jensen_shannon",
    "hellinger",
    "total_variation",
    "l_infinity",
    "chi_square",
    "g_test",
    "fisher",
}
# how a value follows when the column's unit is changed: by the factor to this power
POWER_OF_UNIT = {"wasserstein": 1.0, "energy": 0.5}
SOMETIMES_UNDEFINED = {"wasserstein_normed", "welch_t", "two_proportion_z", "fisher"}
CALIBRATED_TESTS = {
    "kolmogorov_smirnov",
    "cramer_von_mises",
    "mann_whitney",
    "welch_t",
    "chi_square",
    "g_test",
    "two_proportion_z",
}
CONSERVATIVE_TESTS = {"fisher"}

CASES = [(name, kind) for name in DIVERGENCES for kind in DIVERGENCES[name].kinds]
everywhere = pytest.mark.parametrize(("name", "kind"), sorted(CASES))

places = st.integers(-40, 40).map(lambda whole: whole / 4)
beyond = st.integers(-90, 90).map(lambda whole: whole / 8)
counts_of_three = st.lists(st.integers(0, 30), min_size=3, max_size=3).filter(any)


@st.composite
def numerical_sides(draw: st.DrawFn) -> tuple[Sample, Sample]:
    reference = np.array(draw(st.lists(places, min_size=1, max_size=30)))
    current = np.array(draw(st.lists(beyond, min_size=1, max_size=30)))
    ruler = NumericalRuler.of(reference, budget=draw(st.sampled_from([3, 8, 1024])))
    return sample_of(ruler, reference), sample_of(ruler, current)


@st.composite
def categorical_sides(draw: st.DrawFn) -> tuple[Sample, Sample]:
    ruler = CategoricalRuler(("a", "b"))
    return Sample(ruler, np.array(draw(counts_of_three))), Sample(ruler, np.array(draw(counts_of_three)))


def sample_of(ruler: NumericalRuler, rows: NDArray[np.float64]) -> Sample:
    return NumericalTally.of(ruler, Numbers(rows, None)).sample


def sides_of(kind: Kind) -> st.SearchStrategy[tuple[Sample, Sample]]:
    return numerical_sides() if kind is Kind.NUMERICAL else categorical_sides()


def times(sample: Sample, factor: int) -> Sample:
    slack = None if sample.slack is None else sample.slack * factor
    return Sample(sample.ruler, sample.counts * factor, slack, sample.mean, sample.variance)


def stack(samples: list[Sample]) -> Sample:
    def of(name: str) -> Any:
        parts = [getattr(sample, name) for sample in samples]
        return None if parts[0] is None else np.stack(parts)

    return Sample(samples[0].ruler, of("counts"), of("slack"), of("mean"), of("variance"))


def test_every_divergence_has_its_properties_stated() -> None:
    """A new divergence cannot be added without saying which laws it obeys."""
    assert ALL == STATISTICS | ESTIMATES | EFFECTS
    assert len(STATISTICS) + len(ESTIMATES) + len(EFFECTS) == len(ALL)
    assert {name for name, each in DIVERGENCES.items() if each.unit == "ratio"} == BOUNDED
    assert {
        name for name, each in DIVERGENCES.items() if each.p_value
    } == CALIBRATED_TESTS | CONSERVATIVE_TESTS
    assert {name for name, each in DIVERGENCES.items() if each.unit == "column"} <= POWER_OF_UNIT.keys()
    assert {name for name, each in DIVERGENCES.items() if each.undefined} >= SOMETIMES_UNDEFINED


@pytest.mark.parametrize("each", DIVERGENCES.values(), ids=lambda each: each.name)
def test_every_divergence_documents_itself(each: Divergence) -> None:
    """Name, title, source with a year and what happens to zero cells are there to be shown."""
    assert DIVERGENCES[each.name] is each
    assert each.title
    assert any(word.strip(";,.").isdigit() and len(word.strip(";,.")) == 4 for word in each.source.split())
    assert each.zero_cells.endswith(".")
    assert each.unit in {"", "ratio", "column", "nats"}


@everywhere
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_defined_and_never_negative(name: str, kind: Kind, data: st.DataObject) -> None:
    """With rows on both sides a value is finite and not negative, or undefined for a stated reason."""
    sides = data.draw(sides_of(kind))
    value = DIVERGENCES[name].between(*sides)
    if isinstance(value, Undefined):
        assert name in SOMETIMES_UNDEFINED
        assert value.why == DIVERGENCES[name].undefined
    else:
        assert 0.0 <= value < np.inf
        assert value <= 1.0 or name in UNBOUNDED


@everywhere
@given(data=st.data(), factor=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_zero_between_equal_samples(name: str, kind: Kind, data: st.DataObject, factor: int) -> None:
    """Equal shares give 0 whatever the numbers of rows: exactly for equal rows, to 1e-7 for a multiple of them."""
    one, _ = data.draw(sides_of(kind))
    each = DIVERGENCES[name]
    equal, multiple = each.between(one, one), each.between(one, times(one, factor))
    if isinstance(equal, Undefined):
        assert name in SOMETIMES_UNDEFINED
    else:
        assert equal == 0.0
        assert multiple == pytest.approx(0.0, abs=1e-7)


@everywhere
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_symmetry(name: str, kind: Kind, data: st.DataObject) -> None:
    """What is called symmetric gives the same with the sides exchanged."""
    one, other = data.draw(sides_of(kind))
    kernel = DIVERGENCES[name].kernel
    forth, back = kernel(one, other), kernel(other, one)
    if name in SYMMETRIC:
        assert forth == pytest.approx(back, rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", sorted(ALL - SYMMETRIC))
def test_asymmetry(name: str) -> None:
    """What is not called symmetric is not."""
    ruler = NumericalRuler.of(np.arange(40.0))
    one, other = (sample_of(ruler, np.array(rows)) for rows in ([1.0, 2.0, 39.0, 39.0], [1.0, 1.0, 2.0]))
    kernel = DIVERGENCES[name].kernel
    assert float(kernel(one, other)) != pytest.approx(float(kernel(other, one)), rel=1e-3)


@everywhere
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_more_of_the_same_rows(name: str, kind: Kind, data: st.DataObject) -> None:
    """Three times the rows on both sides leave an effect where it is and never lower a statistic."""
    one, other = data.draw(sides_of(kind))
    kernel = DIVERGENCES[name].kernel
    once, thrice = kernel(one, other), kernel(times(one, 3), times(other, 3))
    between_edges = kind is Kind.NUMERICAL and (one.counts[::2].any() or other.counts[::2].any())
    if name in STATISTICS:
        assert np.isnan(once) or thrice >= once * (1 - 1e-9)
    elif name in EFFECTS and not (between_edges and name == "energy"):
        assert thrice == pytest.approx(once, rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", sorted(n for n in ALL if Kind.NUMERICAL in DIVERGENCES[n].kinds))
@given(reference=st.lists(places, min_size=2, max_size=30), current=st.lists(beyond, min_size=1, max_size=30))
@settings(max_examples=25, deadline=None)
def test_order_and_unit(name: str, reference: list[float], current: list[float]) -> None:
    """The order of rows changes nothing, and a column in another unit changes values by the unit's power only."""
    each, factor = DIVERGENCES[name], 16.0
    r, c = np.array(reference), np.array(current)
    ruler, scaled = NumericalRuler.of(r), NumericalRuler.of(r * factor)
    value = each.kernel(sample_of(ruler, r), sample_of(ruler, c))
    assert np.array_equal(
        each.kernel(sample_of(ruler, r[::-1]), sample_of(ruler, c[::-1])), value, equal_nan=True
    )
    in_other_unit = each.kernel(sample_of(scaled, r * factor), sample_of(scaled, c * factor))
    power = factor ** POWER_OF_UNIT.get(name, 0.0)
    assert in_other_unit == pytest.approx(value * power, rel=1e-9, abs=1e-9, nan_ok=True)


@everywhere
def test_many_samples_at_once(name: str, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack of samples gives the values of its samples one by one, also when it is cut into blocks."""
    monkeypatch.setattr(base, "BLOCK", 200)
    rng = np.random.default_rng(5)
    if kind is Kind.NUMERICAL:
        ruler = NumericalRuler.of(rng.normal(size=200), budget=16)
        samples = [sample_of(ruler, rng.normal(size=40)) for _ in range(24)]
    else:
        pair = CategoricalRuler(("a", "b"))
        samples = [Sample(pair, rng.multinomial(30, [0.7, 0.3, 0.0])) for _ in range(24)]
    kernel = DIVERGENCES[name].kernel
    left, right = samples[:12], samples[12:]
    one_by_one = [float(kernel(one, other)) for one, other in zip(left, right, strict=True)]
    assert kernel(stack(left), stack(right)) == pytest.approx(np.array(one_by_one), rel=1e-12)
    assert kernel(left[0], stack(right))[3] == pytest.approx(float(kernel(left[0], right[3])), rel=1e-12)
    assert kernel(stack(left), right[0])[3] == pytest.approx(float(kernel(left[3], right[0])), rel=1e-12)
    grid = stack([stack(left[:6]), stack(left[6:])])
    assert kernel(grid, right[0]).shape == (2, 6)
    assert kernel(grid, right[0])[1, 2] == pytest.approx(float(kernel(left[8], right[0])), rel=1e-12)


@pytest.mark.parametrize("name", ["welch_t", "wasserstein_normed"])
def test_moments_of_a_draw_come_from_its_cells(name: str) -> None:
    """A sample of counts alone has nearly the moments of its rows, exactly those where all rows are on edges."""
    rng = np.random.default_rng(6)
    rows, other = rng.normal(size=3000), rng.normal(0.1, 1.0, size=500)
    kernel = DIVERGENCES[name].kernel
    for r, c, within in ((rows, other, 1e-4), (rows.round(1), other.round(1), 1e-9)):
        ruler = NumericalRuler.of(np.concatenate([r, c]))
        one, two = sample_of(ruler, r), sample_of(ruler, c)
        drawn = [Sample(ruler, side.counts, side.slack) for side in (one, two)]
        assert kernel(*drawn) == pytest.approx(kernel(one, two), rel=within)


@pytest.mark.parametrize("size", [1e300, 1e308])
@pytest.mark.parametrize("name", sorted(n for n in ALL if Kind.NUMERICAL in DIVERGENCES[n].kinds))
def test_huge_values_stay_finite_or_undefined(name: str, size: float) -> None:
    """Values near the largest float give a finite value or a reason, without a warning."""
    ruler = NumericalRuler.of(np.arange(3.0))
    current = Sample(
        ruler,
        np.array([1, 0, 0, 1, 0, 0, 1]),
        np.array([size, 0.0, 0.0, size]),
        np.float64(size),
        np.float64(np.inf),
    )
    value = DIVERGENCES[name].between(sample_of(ruler, np.arange(3.0)), current)
    assert isinstance(value, Undefined) or 0 <= value < np.inf


@pytest.mark.parametrize("each", DIVERGENCES.values(), ids=lambda each: each.name)
def test_no_rows_are_undefined_with_the_reason(each: Divergence) -> None:
    """Without rows on one side there is no value, and the finding can say which side."""
    ruler = NumericalRuler.of(np.arange(3.0))
    some, none = sample_of(ruler, np.arange(3.0)), sample_of(ruler, np.empty(0))
    if Kind.NUMERICAL not in each.kinds:
        pair = CategoricalRuler(("a", "b"))
        some, none = Sample(pair, np.array([1, 2, 0])), Sample(pair, np.zeros(3, np.int64))
    assert each.between(some, none) == Undefined("no usable values in the window")
    assert each.between(none, some) == Undefined("no usable values in the reference")


@pytest.mark.parametrize("name", ["two_proportion_z", "fisher"])
def test_tests_of_one_share_refuse_three_categories(name: str) -> None:
    """With rows in a third category, the unseen ones among them, there is no single share to compare."""
    pair = CategoricalRuler(("a", "b"))
    value = DIVERGENCES[name].between(Sample(pair, np.array([4, 5, 0])), Sample(pair, np.array([4, 5, 1])))
    assert value == Undefined(DIVERGENCES[name].undefined or "")


def null_sides(kind: Kind, seed: int) -> tuple[Sample, Sample]:
    rng = np.random.default_rng(seed)
    if kind is Kind.NUMERICAL:
        rows = rng.normal(size=500)
        ruler = NumericalRuler.of(rows)
        return sample_of(ruler, rows), sample_of(ruler, rng.normal(size=150))
    pair = CategoricalRuler(("a", "b"))
    shares = [0.6, 0.4, 0.0]
    return Sample(pair, rng.multinomial(5000, shares)), Sample(pair, rng.multinomial(1500, shares))


def null_p_values(each: Divergence, runs: int = 500) -> NDArray[np.float64]:
    assert each.p_value is not None
    (kind,) = each.kinds
    drawn = (null_sides(kind, seed) for seed in range(runs))
    return np.array([each.p_value(float(each.kernel(*sides)), *sides) for sides in drawn])


@pytest.mark.parametrize("name", sorted(CALIBRATED_TESTS))
def test_p_values_are_uniform_without_change(name: str) -> None:
    """Of 500 comparisons without change about a tenth have p below 0.1, a half below 0.5."""
    p = null_p_values(DIVERGENCES[name])
    assert ((p >= 0) & (p <= 1)).all()
    assert (p < 0.1).mean() == pytest.approx(0.1, abs=0.04)
    assert (p < 0.5).mean() == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("name", sorted(CONSERVATIVE_TESTS))
def test_exact_p_values_never_promise_too_much(name: str) -> None:
    """An exact test of a table rejects at most as often as it says."""
    p = null_p_values(DIVERGENCES[name], runs=200)
    assert ((p >= 0) & (p <= 1)).all()
    assert (p < 0.1).mean() <= 0.14


@pytest.mark.parametrize("name", sorted(n for n in ALL if DIVERGENCES[n].critical))
@pytest.mark.parametrize("level", [0.2, 1e-3, 1e-6])
def test_critical_values_invert_p_values(name: str, level: float) -> None:
    """At its critical value a test has the probability that was asked for."""
    each = DIVERGENCES[name]
    sides = null_sides(next(iter(each.kinds)), 1)
    assert each.critical is not None
    assert each.p_value is not None
    limit = each.critical(level, float(sides[1].n), float(sides[0].n))
    # Welch's degrees of freedom are those of the sample's variances, not of equal ones
    within = 0.2 if name == "welch_t" else 1e-6
    assert each.p_value(limit, *sides) == pytest.approx(level, rel=within)


def test_a_single_row_never_exceeds_a_critical_t() -> None:
    """One row has no variance, so no t can be too large for it."""
    critical = DIVERGENCES["welch_t"].critical
    assert critical is not None
    assert critical(0.1, 1.0, 50.0) == np.inf


@everywhere
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_p_values_are_probabilities(name: str, kind: Kind, data: st.DataObject) -> None:
    """Whatever the rows, a defined value has a probability between 0 and 1, or NaN in place of a wrong one."""
    each = DIVERGENCES[name]
    sides = data.draw(sides_of(kind))
    value = each.between(*sides)
    if each.p_value and not isinstance(value, Undefined):
        p = each.p_value(value, *sides)
        assert 0.0 <= p <= 1.0 or (np.isnan(p) and name in ("chi_square", "g_test"))


@pytest.mark.parametrize("kind", list(Kind))
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_contributions_share_out_the_change(kind: Kind, data: st.DataObject) -> None:
    """Contributions add up to 1 in size and balance in direction; between equal samples all are 0."""
    one, other = data.draw(sides_of(kind))
    parts = contributions(one, other)
    assert parts.shape == one.bins.shape
    assert np.abs(parts).sum() == pytest.approx(1.0) or not parts.any()
    assert (np.sign(parts) * (other.bins * one.n - one.bins * other.n) >= 0).all()
    assert not contributions(one, times(one, 2)).any()


def test_lookup_by_kind() -> None:
    """A divergence is found by name and kind; a name that is unknown, or of the other kind, lists what there is."""
    assert divergence("psi", Kind.NUMERICAL) is DIVERGENCES["psi"]
    with pytest.raises(UnknownNameError, match="categorical divergence") as raised:
        divergence("wasserstein", Kind.CATEGORICAL)
    assert "chi_square" in raised.value.available
    assert "energy" not in raised.value.available


def test_import_is_light() -> None:
    """Importing the divergences does not import scipy.stats, which takes longer than all the rest."""
    code = "import sys, modelvane.divergences; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
