"""Categorical divergences against scipy and plain formulas on tables of counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from modelvane.casting import as_categories
from modelvane.divergences import DIVERGENCES, contributions
from modelvane.ruler import CategoricalRuler
from modelvane.schema import Kind
from modelvane.tallies.categorical import CategoricalTally, Codes
from modelvane.tallies.sample import Sample

Counts = NDArray[np.int64]


def sides_of(reference: list[str], current: list[str]) -> tuple[Sample, Sample]:
    ruler = CategoricalRuler.of(as_categories(reference))
    before, after = (
        CategoricalTally.of(ruler, Codes.of(ruler, as_categories(rows))).sample
        for rows in (reference, current)
    )
    return before, after


def table_of(reference: list[str], current: list[str]) -> Counts:
    known = set(reference)
    both = [row if row in known else "unseen" for row in current]
    names = sorted(known | set(both))
    return np.array([[rows.count(name) for name in names] for rows in (reference, both)])


def rows_of(rng: np.random.Generator, size: int, shares: dict[str, float]) -> list[str]:
    return [str(name) for name in rng.choice(list(shares), size, p=list(shares.values()))]


def many(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    before = {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}
    return rows_of(rng, 700, before), rows_of(rng, 150, {"a": 0.3, "b": 0.35, "c": 0.25, "d": 0.1})


def with_unseen(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    return rows_of(rng, 500, {"a": 0.7, "b": 0.2, "c": 0.1}), rows_of(
        rng, 120, {"a": 0.6, "b": 0.2, "x": 0.15, "y": 0.05}
    )


def two(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    return rows_of(rng, 400, {"yes": 0.8, "no": 0.2}), rows_of(rng, 90, {"yes": 0.7, "no": 0.3})


def two_rare(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    return ["yes"] * 30 + ["no"], rows_of(rng, 20, {"yes": 0.6, "no": 0.4})


def one_and_unseen(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    return ["yes"] * 50, rows_of(rng, 40, {"yes": 0.9, "new": 0.1})


def m_of(table: Counts) -> float:
    N, n = table.sum(axis=1)
    return float(n * N / (n + N))


def shares_of(table: Counts) -> NDArray[np.float64]:
    return table / table.sum(axis=1, keepdims=True)


def with_half_a_row(table: Counts) -> NDArray[np.float64]:
    return np.maximum(table, 0.5) / table.sum(axis=1, keepdims=True)


def z_of(table: Counts) -> float:
    (x, y), (N, n) = table[:, 0], table.sum(axis=1)
    h = (x + y) / (n + N)
    return float(abs(x / N - y / n) / np.sqrt(h * (1 - h) * (1 / n + 1 / N)))


def psi_of(table: Counts) -> float:
    p, q = with_half_a_row(table)
    return float(((q - p) * np.log(q / p)).sum())


def chi_square_of(table: Counts) -> float:
    return float(np.sqrt(stats.chi2_contingency(table, correction=False).statistic / m_of(table)))


def g_of(table: Counts) -> float:
    found = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    return float(np.sqrt(found.statistic / m_of(table)))


def jensen_shannon_of(table: Counts) -> float:
    p, q = shares_of(table)
    m = (p + q) / 2
    return float(np.sqrt((stats.entropy(p, m, base=2) + stats.entropy(q, m, base=2)) / 2))


ANY: dict[str, Callable[[Counts], float]] = {
    "jensen_shannon": jensen_shannon_of,
    "psi": psi_of,
    "kullback_leibler": lambda t: float(stats.entropy(shares_of(t)[1], with_half_a_row(t)[0])),
    "hellinger": lambda t: float(np.sqrt(1 - np.sqrt(shares_of(t).prod(axis=0)).sum())),
    "total_variation": lambda t: float(np.abs(np.diff(shares_of(t), axis=0)).sum() / 2),
    "l_infinity": lambda t: float(np.abs(np.diff(shares_of(t), axis=0)).max()),
    "chi_square": chi_square_of,
    "g_test": g_of,
}
OF_TWO: dict[str, Callable[[Counts], float]] = {
    "two_proportion_z": z_of,
    "fisher": lambda t: float(np.abs(np.diff(shares_of(t)[:, 0]))[0]),
}
P_VALUES: dict[str, Callable[[Counts], float]] = {
    "chi_square": lambda t: float(stats.chi2_contingency(t, correction=False).pvalue),
    "g_test": lambda t: float(stats.chi2_contingency(t, correction=False, lambda_="log-likelihood").pvalue),
    "two_proportion_z": lambda t: float(2 * stats.norm.sf(z_of(t))),
    "fisher": lambda t: float(stats.fisher_exact(t).pvalue),
}
OF_TWO_CATEGORIES = [two, two_rare, one_and_unseen]
CASES = [(name, make) for name in ANY for make in (many, with_unseen, *OF_TWO_CATEGORIES)]
CASES += [(name, make) for name in OF_TWO for make in OF_TWO_CATEGORIES]
P_CASES = [(name, make) for name, make in CASES if name in P_VALUES]


def test_every_categorical_divergence_has_a_counterpart() -> None:
    """No categorical divergence escapes the comparison with scipy or a plain formula."""
    categorical = {name for name, each in DIVERGENCES.items() if Kind.CATEGORICAL in each.kinds}
    assert categorical == ANY.keys() | OF_TWO.keys()
    assert {n for n in categorical if DIVERGENCES[n].p_value} == P_VALUES.keys()


@pytest.mark.parametrize(("name", "make"), CASES, ids=lambda part: getattr(part, "__name__", part))
def test_values(name: str, make: Callable[..., tuple[list[str], list[str]]]) -> None:
    """Values are those of scipy or of the textbook on a table that was counted independently."""
    reference, current = make(np.random.default_rng(23))
    value = DIVERGENCES[name].between(*sides_of(reference, current))
    assert value == pytest.approx((ANY | OF_TWO)[name](table_of(reference, current)), rel=1e-9)


@pytest.mark.parametrize(("name", "make"), P_CASES, ids=lambda part: getattr(part, "__name__", part))
def test_p_values(name: str, make: Callable[..., tuple[list[str], list[str]]]) -> None:
    """Probabilities are scipy's, without a continuity correction; NaN where Cochran's rule forbids chi-square."""
    reference, current = make(np.random.default_rng(29))
    sides = sides_of(reference, current)
    each = DIVERGENCES[name]
    assert each.p_value is not None
    p = each.p_value(float(each.kernel(*sides)), *sides)
    table = table_of(reference, current)
    expected = stats.contingency.expected_freq(table)
    if name in ("chi_square", "g_test") and (expected.min() < 1 or (expected < 5).mean() > 0.2):
        assert np.isnan(p)
    else:
        assert p == pytest.approx(P_VALUES[name](table), rel=1e-9)


@pytest.mark.parametrize("name", ["chi_square", "g_test"])
@pytest.mark.parametrize(
    ("rare", "is_known"),
    [([], True), ([20], True), ([2], False), ([20] * 3, False)],
    ids=str,
)
def test_sparse_categories_have_no_probability(name: str, rare: list[int], is_known: bool) -> None:
    """A cell below one expected row, or a fifth below five, takes the probability away; fewer sparse ones do not."""
    counts = np.array([1000, 1000, 1000, *rare, 0])
    ruler = CategoricalRuler(tuple(map(str, range(len(counts) - 1))))
    sides = Sample(ruler, counts), Sample(ruler, counts // 10)
    p_value = DIVERGENCES[name].p_value
    assert p_value is not None
    assert np.isfinite(p_value(0.1, *sides)) == is_known


def test_contributions_are_the_terms_of_jensen_shannon() -> None:
    """Contributions are each category's term over their sum, signed by where current has more."""
    reference, current = with_unseen(np.random.default_rng(31))
    before, after = sides_of(reference, current)
    p, q = before.counts / before.counts.sum(), after.counts / after.counts.sum()
    m = (p + q) / 2
    terms = [
        sum(side[k] * np.log(side[k] / m[k]) for side in (p, q) if side[k]) * np.sign(q[k] - p[k])
        for k in range(len(p))
    ]
    assert contributions(before, after) == pytest.approx(np.array(terms) / np.abs(terms).sum(), rel=1e-9)
