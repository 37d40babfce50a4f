"""Numerical divergences against scipy and plain formulas on the raw rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.stats._morestats import _anderson_ksamp_midrank

from modelvane.casting import Numbers
from modelvane.divergences import DIVERGENCES
from modelvane.divergences.kolmogorov_smirnov import exact_p_value
from modelvane.ruler import NumericalRuler
from modelvane.schema import Kind
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.sample import Sample

Rows = NDArray[np.float64]


def sample_of(ruler: NumericalRuler, rows: Rows) -> Sample:
    return NumericalTally.of(ruler, Numbers(rows, None)).sample


def distribution_functions(r: Rows, c: Rows) -> tuple[Rows, Rows, Rows]:
    at = np.sort(np.concatenate([r, c]))
    F = np.searchsorted(np.sort(r), at, "right") / len(r)
    G = np.searchsorted(np.sort(c), at, "right") / len(c)
    return at, F, G


def anderson_darling(r: Rows, c: Rows) -> float:
    # scipy publishes the statistic only after it has been normalised
    pooled = np.sort(np.concatenate([r, c]))
    distinct = np.unique(pooled)
    if len(distinct) < 2:
        return 0.0
    sizes = np.array([len(r), len(c)])
    return float(_anderson_ksamp_midrank([r, c], pooled, distinct, 2, sizes, len(pooled)))


def cramer_von_mises(r: Rows, c: Rows) -> float:
    _, F, G = distribution_functions(r, c)
    n, N = len(c), len(r)
    return float(n * N / (n + N) ** 2 * ((F - G) ** 2).sum())


def rank_biserial(r: Rows, c: Rows) -> float:
    u = stats.mannwhitneyu(c, r, method="asymptotic").statistic
    return float(abs(2 * u / (len(r) * len(c)) - 1))


RAW: dict[str, Callable[[Rows, Rows], float]] = {
    "kolmogorov_smirnov": lambda r, c: float(stats.ks_2samp(c, r, method="asymp").statistic),
    "wasserstein": lambda r, c: float(stats.wasserstein_distance(r, c)),
    "wasserstein_normed": lambda r, c: float(stats.wasserstein_distance(r, c) / r.std(ddof=1)),
    "energy": lambda r, c: float(stats.energy_distance(r, c)),
    "cramer_von_mises": cramer_von_mises,
    "anderson_darling": anderson_darling,
    "mann_whitney": rank_biserial,
    "welch_t": lambda r, c: float(abs(stats.ttest_ind(c, r, equal_var=False).statistic)),
}

BINNED: dict[str, Callable[[Rows, Rows], float]] = {
    "jensen_shannon": lambda p, q: float(
        np.sqrt((stats.entropy(p, (p + q) / 2, base=2) + stats.entropy(q, (p + q) / 2, base=2)) / 2)
    ),
    "psi": lambda p, q: float(((q - p) * np.log(q / p)).sum()),
    "kullback_leibler": lambda p, q: float(stats.entropy(q, p)),
    "hellinger": lambda p, q: float(np.sqrt(1 - np.sqrt(p * q).sum())),
    "total_variation": lambda p, q: float(np.abs(p - q).sum() / 2),
}


def discrete(rng: np.random.Generator) -> tuple[Rows, Rows]:
    return rng.poisson(6, 900).astype(float), rng.poisson(7, 317).astype(float)


def decimals(rng: np.random.Generator) -> tuple[Rows, Rows]:
    return rng.gamma(2, 3, 1200).round(1), rng.gamma(2.2, 3, 256).round(1)


def untied(rng: np.random.Generator) -> tuple[Rows, Rows]:
    return rng.normal(size=600), rng.normal(0.3, 1.2, size=400)


def lopsided(rng: np.random.Generator) -> tuple[Rows, Rows]:
    return rng.integers(0, 2, 5000).astype(float), np.array([0.0, 1.0, 1.0])


ON_EDGES = [discrete, decimals, untied, lopsided]


def normal(rng: np.random.Generator) -> tuple[Rows, Rows]:
    return rng.normal(size=6000), rng.normal(0.05, 1.1, size=1500)


def same_normal(rng: np.random.Generator) -> tuple[Rows, Rows]:
    return rng.normal(size=20000), rng.normal(size=10000)


def heavy_tail(rng: np.random.Generator) -> tuple[Rows, Rows]:
    return rng.lognormal(0, 2, 5000), rng.lognormal(0.1, 2, 2000)


def spikes(rng: np.random.Generator) -> tuple[Rows, Rows]:
    r = np.where(rng.random(5000) < 0.4, 0.0, rng.exponential(5, 5000))
    c = np.where(rng.random(1000) < 0.3, 0.0, rng.exponential(5, 1000))
    return r, np.where(rng.random(1000) < 0.1, 2.5, c)


def outside(rng: np.random.Generator) -> tuple[Rows, Rows]:
    return rng.uniform(0, 1, 4000), rng.normal(0.5, 1.0, 700)


def in_gaps(rng: np.random.Generator) -> tuple[Rows, Rows]:
    return rng.integers(0, 40, 3000).astype(float), rng.uniform(0, 39, 500)


# statistics that grow with the rows are not near 0 when nothing changes
WITHOUT_CHANGE = {"cramer_von_mises": 1 / 6, "anderson_darling": 1.0}
CONTINUOUS = [normal, same_normal, heavy_tail, spikes, outside, in_gaps]


def name_of(make: Callable[..., object]) -> str:
    return make.__name__


def test_every_numerical_divergence_has_a_raw_counterpart() -> None:
    """No numerical divergence escapes the comparison with scipy or a plain formula."""
    numerical = {name for name, each in DIVERGENCES.items() if Kind.NUMERICAL in each.kinds}
    assert numerical == RAW.keys() | BINNED.keys()


@pytest.mark.parametrize("make", ON_EDGES, ids=name_of)
@pytest.mark.parametrize("name", RAW)
def test_exact_on_edges(name: str, make: Callable[..., tuple[Rows, Rows]]) -> None:
    """Where every distinct value of both is an edge, the value is that of the raw rows, and says so."""
    r, c = make(np.random.default_rng(7))
    ruler = NumericalRuler.of(np.concatenate([r, c]))
    assert ruler.exact
    sides = sample_of(ruler, r), sample_of(ruler, c)
    each = DIVERGENCES[name]
    assert each.between(*sides) == pytest.approx(RAW[name](r, c), rel=1e-9)
    assert each.error_bound is None or each.error_bound(*sides) == 0.0


@pytest.mark.parametrize("make", CONTINUOUS, ids=name_of)
@pytest.mark.parametrize("name", RAW)
def test_within_the_error_bound_between_edges(name: str, make: Callable[..., tuple[Rows, Rows]]) -> None:
    """The value is within its computed bound of the raw rows' one, and the bound is of use."""
    r, c = make(np.random.default_rng(11))
    ruler = NumericalRuler.of(r)
    sides = sample_of(ruler, r), sample_of(ruler, c)
    each, raw = DIVERGENCES[name], RAW[name](r, c)
    bound = each.error_bound(*sides) if each.error_bound else 0.0
    assert each.between(*sides) == pytest.approx(raw, abs=bound + 1e-9 * max(1.0, raw))
    assert bound <= 0.45 * max(raw, WITHOUT_CHANGE.get(name, 0.02))


numbers = st.integers(-700, 700).map(lambda whole: whole / 7)


@pytest.mark.parametrize("name", [name for name in RAW if DIVERGENCES[name].error_bound])
@given(
    reference=st.lists(numbers, min_size=2, max_size=40, unique=True),
    current=st.lists(numbers.map(lambda x: 1.3 * x), min_size=1, max_size=40),
)
@settings(max_examples=80, deadline=None)
def test_the_bound_holds_on_a_coarse_ruler(name: str, reference: list[float], current: list[float]) -> None:
    """With four edges and wide open cells between them, the raw rows' value still is within the bound."""
    r, c = np.array(reference), np.array(current)
    ruler = NumericalRuler.of(r, budget=4)
    sides = sample_of(ruler, r), sample_of(ruler, c)
    each, raw = DIVERGENCES[name], RAW[name](r, c)
    assert each.error_bound is not None
    assert each.between(*sides) == pytest.approx(raw, abs=each.error_bound(*sides) + 1e-7 * max(1.0, raw))


def test_wasserstein_is_exact_in_gaps() -> None:
    """Values that the reference never had move Wasserstein by exactly their distance, since sums are kept."""
    r, c = in_gaps(np.random.default_rng(3))
    c += 9.7
    ruler = NumericalRuler.of(r)
    sides = sample_of(ruler, r), sample_of(ruler, c)
    each = DIVERGENCES["wasserstein"]
    assert each.between(*sides) == pytest.approx(stats.wasserstein_distance(r, c), rel=1e-9)
    assert each.error_bound is not None
    assert each.error_bound(*sides) < 1e-9


def test_energy_is_exact_for_single_rows_in_cells() -> None:
    """One row between two edges lies where the sum says, so the energy distance is exact, and its bound nothing."""
    r, c = np.array([0.0, 1.0, 4.0, 9.0, 9.0]), np.array([-2.0, 0.25, 3.0, 5.5, 12.0])
    ruler = NumericalRuler.of(r)
    sides = sample_of(ruler, r), sample_of(ruler, c)
    each = DIVERGENCES["energy"]
    assert each.between(*sides) == pytest.approx(stats.energy_distance(r, c), rel=1e-9)
    assert each.error_bound is not None
    assert each.error_bound(*sides) < 1e-9


def test_cramer_von_mises_is_scipys_without_ties() -> None:
    """Without ties the sum over rows and scipy's formula for ranks are one."""
    r, c = untied(np.random.default_rng(5))
    ruler = NumericalRuler.of(np.concatenate([r, c]))
    value = DIVERGENCES["cramer_von_mises"].between(sample_of(ruler, r), sample_of(ruler, c))
    assert value == pytest.approx(stats.cramervonmises_2samp(r, c).statistic, rel=1e-9)


@pytest.mark.parametrize("make", ON_EDGES + CONTINUOUS, ids=name_of)
@pytest.mark.parametrize("name", BINNED)
def test_plain_formula_on_bins(name: str, make: Callable[..., tuple[Rows, Rows]]) -> None:
    """Divergences of bins are the textbook's, of rows that numpy put into the same bins."""
    r, c = make(np.random.default_rng(13))
    ruler = NumericalRuler.of(r)
    limits = [upper for _, upper in ruler.bin_limits()[:-1]]
    p, q = (
        np.bincount(np.searchsorted(limits, rows, "left"), minlength=len(limits) + 1) / len(rows)
        for rows in (r, c)
    )
    assert (p > 0).all()
    assert (q > 0).all()
    value = DIVERGENCES[name].between(sample_of(ruler, r), sample_of(ruler, c))
    assert value == pytest.approx(BINNED[name](p, q), rel=1e-9)


P_VALUES: dict[str, Callable[[Rows, Rows], float]] = {
    "cramer_von_mises": lambda r, c: float(stats.cramervonmises_2samp(r, c, method="asymptotic").pvalue),
    "mann_whitney": lambda r, c: float(stats.mannwhitneyu(c, r, method="asymptotic").pvalue),
    "welch_t": lambda r, c: float(stats.ttest_ind(c, r, equal_var=False).pvalue),
}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", P_VALUES)
def test_p_values_are_scipys(name: str, seed: int) -> None:
    """Probabilities are scipy's asymptotic ones, with and without a shift."""
    rng = np.random.default_rng(seed)
    r, c = rng.normal(size=600), rng.normal(0.1 * seed, 1.0, size=200)
    ruler = NumericalRuler.of(np.concatenate([r, c]))
    sides = sample_of(ruler, r), sample_of(ruler, c)
    each = DIVERGENCES[name]
    assert each.p_value is not None
    p = each.p_value(float(each.kernel(*sides)), *sides)
    assert p == pytest.approx(P_VALUES[name](r, c), rel=1e-7, abs=1e-14)


@pytest.mark.parametrize("make", [discrete, decimals], ids=name_of)
def test_mann_whitney_p_value_corrects_for_ties(make: Callable[..., tuple[Rows, Rows]]) -> None:
    """With ties the probability is scipy's, tie correction and continuity included."""
    r, c = make(np.random.default_rng(2))
    ruler = NumericalRuler.of(np.concatenate([r, c]))
    sides = sample_of(ruler, r), sample_of(ruler, c)
    each = DIVERGENCES["mann_whitney"]
    assert each.p_value is not None
    p = each.p_value(float(each.kernel(*sides)), *sides)
    assert p == pytest.approx(P_VALUES["mann_whitney"](r, c), rel=1e-9)


@pytest.mark.parametrize("sizes", [(2500, 3001), (2000, 73_908)], ids=str)
def test_kolmogorov_smirnov_p_value_is_near_the_exact_one(sizes: tuple[int, int]) -> None:
    """The corrected limit law is within 2 % of the exact one from n N / (n + N) = 1000 on."""
    n, N = sizes
    rng = np.random.default_rng(n)
    r, c = rng.random(N), rng.random(n) ** 1.06
    each = DIVERGENCES["kolmogorov_smirnov"]
    ruler = NumericalRuler.of(r)
    sides = sample_of(ruler, r), sample_of(ruler, c)
    value = float(stats.ks_2samp(c, r, method="asymp").statistic)
    assert each.p_value is not None
    assert each.p_value(value, *sides) == pytest.approx(exact_p_value(value, n, N), rel=0.02)


@pytest.mark.parametrize("sizes", [(7, 5), (50, 80), (64, 64), (300, 1000), (500, 7321)], ids=str)
def test_exact_kolmogorov_smirnov_is_scipys(sizes: tuple[int, int]) -> None:
    """From the statistic and two sizes alone comes the probability that scipy gives for the rows."""
    n, N = sizes
    rng = np.random.default_rng(1)
    r, c = rng.random(N), rng.random(n) ** 1.2
    scipys = stats.ks_2samp(c, r, method="exact")
    assert exact_p_value(float(scipys.statistic), n, N) == pytest.approx(scipys.pvalue, rel=1e-9)
