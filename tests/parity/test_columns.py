"""Statistics of one column against numpy on the raw rows."""

from __future__ import annotations

import numpy as np
import pytest
from tests.laws.regrouping import values_of

from modelvane.casting import Numbers, as_categories, as_numbers
from modelvane.ruler import CategoricalRuler, NumericalRuler
from modelvane.statistics.columns import (
    CATEGORICAL_PREDICTION,
    CATEGORICAL_QUALITY,
    NUMERICAL_QUALITY,
    most_common_excess,
    most_common_share,
)
from modelvane.statistics.quantiles import LEVELS, quantile_error
from modelvane.statistics.quantiles import quantile as quantile_of
from modelvane.tallies.categorical import CategoricalTally, Codes
from modelvane.tallies.numerical import NumericalTally
from modelvane.undefined import Undefined


def _numerical(reference: np.ndarray, rows: np.ndarray) -> dict[str, object]:
    return values_of(NUMERICAL_QUALITY, NumericalTally.of(NumericalRuler.of(reference), Numbers(rows, None)))


def _categorical(names: tuple[str, ...], rows: list[object]) -> dict[str, object]:
    ruler = CategoricalRuler(names)
    tally = CategoricalTally.of(ruler, Codes.of(ruler, as_categories(rows)))
    return values_of((*CATEGORICAL_QUALITY, *CATEGORICAL_PREDICTION), tally)


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_moments_agree_to_the_quantum(shift: float) -> None:
    """Mean and standard deviation equal numpy's to 1e-10, and the extremes are exact, drifted or not."""
    rng = np.random.default_rng(1)
    rows = rng.gamma(2.0, 3.0, 5_000) + shift
    values = _numerical(rng.gamma(2.0, 3.0, 20_000), rows)
    assert values["mean"] == pytest.approx(rows.mean(), rel=1e-10)
    assert values["standard_deviation"] == pytest.approx(rows.std(ddof=1), rel=1e-10)
    assert (values["minimum"], values["maximum"], values["rows"]) == (rows.min(), rows.max(), 5_000.0)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 101, 9_999])
def test_quantiles_are_exact_where_values_are_edges(n: int) -> None:
    """Where every value is an edge, quantiles equal numpy's."""
    rng = np.random.default_rng(2)
    rows = rng.poisson(30.0, n) / 4
    values = _numerical(np.arange(400.0) / 4, rows)
    expected = np.quantile(rows, LEVELS)
    found = [values[f"quantile/{level}"] for level in LEVELS]
    assert found == pytest.approx(expected.tolist(), rel=1e-15)
    assert values["median"] == np.median(rows)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 100, 10_000])
@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_quantiles_of_continuous_values_agree_within_a_cell(n: int, shift: float) -> None:
    """Between the edges, quantiles are within the width of the cell that they fall into."""
    rng = np.random.default_rng(3)
    ruler = NumericalRuler.of(rng.normal(0.0, 1.0, 50_000))
    rows = rng.normal(shift, 1.0, n)
    tally = NumericalTally.of(ruler, Numbers(rows, None))
    for level in LEVELS:
        expected = float(np.quantile(rows, level))
        around = np.searchsorted(
            ruler.edges, [np.quantile(rows, level, method=m) for m in ("lower", "higher")]
        )
        limits = np.concatenate(
            ([min(rows.min(), ruler.edges[0])], ruler.edges, [max(rows.max(), ruler.edges[-1])])
        )
        width = max(limits[at + 1] - limits[at] for at in around.tolist())
        assert quantile_error(tally, level) <= width
        assert quantile_of(tally, level) == pytest.approx(expected, abs=quantile_error(tally, level) + 1e-9)


def test_a_value_alone_in_its_cell_is_known_to_the_quantum() -> None:
    """In a window with fewer rows than cells, quantiles are nearly those of the raw rows."""
    rng = np.random.default_rng(4)
    rows = rng.uniform(0.0, 1.0, 50)
    values = _numerical(np.linspace(0.0, 1.0, 100_000), rows)
    found = [values[f"quantile/{level}"] for level in LEVELS]
    assert found == pytest.approx(np.quantile(rows, LEVELS).tolist(), abs=1e-4)


def test_quantiles_beyond_the_reference_are_between_its_end_and_the_extreme() -> None:
    """Rows above the last edge, or below the first, are spread about their own mean, up to the extreme."""
    values = _numerical(np.arange(10.0), np.array([100.0, 110.0, 120.0, 130.0, 140.0]))
    assert values["median"] == pytest.approx(120.0)
    assert values["out_of_range_share"] == 1.0
    values = _numerical(np.arange(10.0), -np.array([100.0, 110.0, 120.0, 130.0, 140.0]))
    assert values["median"] == pytest.approx(-120.0)


def test_shares_of_unusable_rows() -> None:
    """Missing, infinite and wrong-type rows are shares of all rows; the rest is judged without them."""
    ruler = NumericalRuler.of(np.arange(5.0))
    rows = [0.0, 1.0, 1.0, 9.0, None, float("nan"), float("inf"), "broken"]
    values = values_of(NUMERICAL_QUALITY, NumericalTally.of(ruler, as_numbers(rows)))
    assert values["rows"] == 8.0
    assert values["missing_share"] == 2 / 8
    assert values["infinite_share"] == values["wrong_type_share"] == 1 / 8
    assert values["out_of_range_share"] == 1 / 4
    assert values["most_common_share"] == 2 / 4
    assert values["distinct"] == 3.0
    assert values["constant"] == 0.0


@pytest.mark.parametrize("value", [2.0, 2.5, 77.0])
def test_a_constant_window_is_constant_on_an_edge_or_off_it(value: float) -> None:
    """Equal values are constant, with one distinct value and no spread, wherever they lie on the ruler."""
    values = _numerical(np.arange(5.0), np.full(30, value))
    assert values["constant"] == values["distinct"] == values["most_common_share"] == 1.0
    assert values["standard_deviation"] == 0.0
    assert values["median"] == value


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4])
def test_the_share_of_a_stuck_value_is_within_its_bound(share: float) -> None:
    """A value that became common between the edges is not overlooked: the bound on the share reaches its own."""
    rng = np.random.default_rng(8)
    rows = rng.normal(size=5_000)
    rows[: int(share * len(rows))] = 0.123456789
    tally = NumericalTally.of(NumericalRuler.of(rng.normal(size=20_000)), Numbers(rows, None))
    least, excess = most_common_share(tally), most_common_excess(tally)
    true = np.unique(rows, return_counts=True)[1].max() / len(rows)
    assert isinstance(least, float)
    assert 1 / len(rows) <= least <= true <= least + excess
    assert least + excess < true + 0.05


def test_few_values_between_the_edges_share_the_rows() -> None:
    """Of two values in ten rows one has five or more, and none has more than the rows that the other leaves."""
    ruler = NumericalRuler.of(np.arange(5.0))
    tally = NumericalTally.of(ruler, Numbers(np.array([0.5] * 8 + [0.6] * 2), None))
    assert most_common_share(tally) == 5 / 10
    assert most_common_excess(tally) == pytest.approx(4 / 10)
    different = NumericalTally.of(ruler, Numbers(np.linspace(0.1, 0.9, 10), None))
    assert (most_common_share(different), most_common_excess(different)) == (1 / 10, 0.0)


def test_one_value_tells_neither_spread_nor_constancy() -> None:
    """One row has a mean but no standard deviation, and is not called constant."""
    values = _numerical(np.arange(5.0), np.array([3.0]))
    assert values["mean"] == values["median"] == 3.0
    assert isinstance(values["standard_deviation"], Undefined)
    assert isinstance(values["constant"], Undefined)


@pytest.mark.parametrize(("new", "tolerance"), [(100, 0.0), (20_000, 0.2)])
def test_distinct_is_exact_while_few_are_new(new: int, tolerance: float) -> None:
    """Distinct values are counted exactly on edges and, while they are few, between them; then estimated."""
    rows = np.concatenate([np.arange(5.0), np.linspace(0.001, 3.999, new)])
    assert _numerical(np.arange(5.0), rows)["distinct"] == pytest.approx(new + 5, rel=tolerance)


def test_categories_are_judged_without_missing_rows() -> None:
    """Unseen, most common and each category's share are of the rows that have a category."""
    values = _categorical(
        ("a", "b"), ["a", "a", "b", "new", "newer", "newer", "newer", None, [1], float("nan")]
    )
    assert values["rows"] == 10.0
    assert values["missing_share"] == 2 / 10
    assert values["wrong_type_share"] == 1 / 10
    assert values["unseen_share"] == 4 / 7
    assert values["most_common_share"] == 3 / 7
    assert values["distinct"] == 4.0
    assert values["constant"] == 0.0
    assert (values["category_share/a"], values["category_share/b"]) == (2 / 7, 1 / 7)


@pytest.mark.parametrize("rows", [["a", "a", None], ["new", "new"]])
def test_one_category_is_constant_seen_or_not(rows: list[object]) -> None:
    """A window of one category is constant, whether the reference has it or not; of two unseen ones it is not."""
    assert _categorical(("a", "b"), rows)["constant"] == 1.0
    assert _categorical(("a", "b"), ["new", "newer"])["constant"] == 0.0


@pytest.mark.parametrize(("new", "tolerance"), [(63, 0.0), (5_000, 0.4)])
def test_distinct_categories_are_exact_while_few_are_new(new: int, tolerance: float) -> None:
    """Distinct categories are exact while few are unseen, and estimated beyond."""
    values = _categorical(("a", "b"), ["a", *(f"new {i}" for i in range(new))])
    assert values["distinct"] == pytest.approx(new + 1, rel=tolerance)
