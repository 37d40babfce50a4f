"""Where Evidently 0.7 computes the same statistic of the same rows, the numbers agree.

What it says was recorded (see `evidently_cases`), for it needs other versions than these tests. Not compared, since
they are other statistics: PSI, Jensen-Shannon, Hellinger and Kullback-Leibler of numbers (it bins reference and
current together by Sturges' rule, modelvane by the reference alone), Student's t (Welch's here), one-sided
Mann-Whitney, and the permutation test of total variation.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special
from tests.engines import evidently_cases as cases

from modelvane.batch import Judged, judge
from modelvane.divergences import divergence
from modelvane.divergences.kolmogorov_smirnov import exact_p_value, p_value
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.schema import Kind
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.sample import Sample

SAID: dict[str, dict[str, Any]] = json.loads(cases.GOLDEN.read_text())
Shares = NDArray[np.float64]

every_window = pytest.mark.parametrize("window", SAID)


@pytest.fixture(scope="module")
def judged(taxi_data: Path) -> dict[str, Judged]:
    """Give what modelvane finds in the same rows."""
    reference = cases.reference_of(cases.january(taxi_data))
    return {
        name: judge("taxi", reference, count(TableSource(rows), reference, now=0.0))
        for name, rows in cases.windows(taxi_data).items()
    }


def samples(judged: Judged, column: str) -> tuple[Sample, Sample]:
    now = judged.counted.window
    tally = (now.labelled if column == "target" else now.rows).columns[column]
    return judged.reference.tally.columns[column].sample, tally.sample


def numerical_columns() -> tuple[str, ...]:
    return (*cases.NUMERICAL, "prediction", "target")


@every_window
def test_distances_between_numbers(judged: dict[str, Judged], window: str) -> None:
    """Wasserstein in standard deviations and the energy distance are within the error bound that modelvane states."""
    for method, name in (("wasserstein", "wasserstein_normed"), ("ed", "energy")):
        measure = divergence(name, Kind.NUMERICAL)
        assert measure.error_bound is not None
        for column in numerical_columns():
            before, now = samples(judged[window], column)
            theirs = SAID[window][f"ValueDrift {column} {method}"]
            # theirs is divided by the deviation of a population, ours by that of a sample
            N = int(before.n)
            norm = math.sqrt(N / (N - 1)) if method == "wasserstein" else 1.0
            ours, bound = measure.between(before, now), measure.error_bound(before, now)
            assert isinstance(ours, float)
            assert abs(ours * norm - theirs) <= bound * norm + 1e-9, (column, method)


@every_window
def test_kolmogorov_smirnov(judged: dict[str, Judged], window: str) -> None:
    """Its p-value is that of a statistic within the error bound, by the exact law or 2 % beside it."""
    measure = divergence("kolmogorov_smirnov", Kind.NUMERICAL)
    assert measure.error_bound is not None
    for column in numerical_columns():
        before, now = samples(judged[window], column)
        value = measure.between(before, now)
        assert isinstance(value, float)
        n, N = int(now.n), int(before.n)
        probability = exact_p_value if n < 1000 else p_value
        most = probability(value, n, N)
        least = probability(value + measure.error_bound(before, now), n, N)
        theirs = SAID[window][f"ValueDrift {column} ks"]
        assert least * 0.98 <= theirs <= most * 1.02, column


@every_window
def test_distances_between_categories(judged: dict[str, Judged], window: str) -> None:
    """Jensen-Shannon (theirs in nats, ours in bits) and Hellinger are equal: unseen categories add up in both."""
    for column in cases.CATEGORICAL:
        before, now = samples(judged[window], column)
        for method, name, unit in (
            ("jensenshannon", "jensen_shannon", math.sqrt(math.log(2))),
            ("hellinger", "hellinger", 1.0),
        ):
            ours = divergence(name, Kind.CATEGORICAL).between(before, now)
            assert isinstance(ours, float)
            theirs = SAID[window][f"ValueDrift {column} {method}"]
            assert ours * unit == pytest.approx(theirs, rel=1e-9), (column, method)


def filled(shares: Shares) -> Shares:
    """Fill empty categories as Evidently does, where modelvane has half a row."""
    least = shares[shares > 0].min()
    return np.where(shares == 0, least / 10**6 if least <= 0.0001 else 0.0001, shares)


def psi(before: Shares, now: Shares) -> float:
    return float(np.sum((filled(before) - filled(now)) * np.log(filled(before) / filled(now))))


def kullback_leibler(before: Shares, now: Shares) -> float:
    # scipy's entropy makes shares of what it is given
    p, q = (filled(side) / filled(side).sum() for side in (before, now))
    return float(special.rel_entr(p, q).sum())


def by_category(judged: Judged, column: str) -> tuple[Shares, Shares, int]:
    """Give the shares of every category on either side, those unseen in the reference one by one."""
    before, now = judged.reference.tally.columns[column], judged.counted.window.rows.columns[column]
    assert isinstance(before, CategoricalTally)
    assert isinstance(now, CategoricalTally)
    unseen = [rows for _, rows in now.top_unseen(1000)]
    counts = np.array([[*before.counts[:-1], *[0] * len(unseen)], [*now.counts[:-1], *unseen]], np.float64)
    counts = counts[:, counts.any(axis=0)]
    return counts[0] / counts[0].sum(), counts[1] / counts[1].sum(), int(counts[1].sum())


@every_window
@pytest.mark.parametrize(("method", "formula"), [("psi", psi), ("kl_div", kullback_leibler)])
def test_shares_differ_in_empty_categories_only(
    judged: dict[str, Judged], window: str, method: str, formula: Callable[[Shares, Shares], float]
) -> None:
    """PSI and Kullback-Leibler of our shares are theirs once empty categories are filled as they fill them."""
    for column in cases.CATEGORICAL:
        before, now, _ = by_category(judged[window], column)
        assert formula(before, now) == pytest.approx(SAID[window][f"ValueDrift {column} {method}"], rel=1e-9)


@every_window
def test_chi_square_differs_in_the_expected(judged: dict[str, Judged], window: str) -> None:
    """Their chi-square takes the reference as exact; of our counts that gives their p-value."""
    for column in cases.CATEGORICAL:
        before, now, n = by_category(judged[window], column)
        with np.errstate(divide="ignore"):
            statistic = float(n * np.sum((now - before) ** 2 / before))
        theirs = SAID[window][f"ValueDrift {column} chisquare"]
        assert special.chdtrc(len(now) - 1, statistic) == pytest.approx(theirs, rel=1e-6, abs=1e-12)


def summaries(judged: Judged) -> Iterator[tuple[str, float | None, Any, float]]:
    """Give what both say of columns and errors: name, ours, theirs, relative tolerance."""
    found = judged.findings
    said = SAID[next(name for name in SAID if SAID[name]["RowCount"] == found.rows)]

    def ours(measure: str, column: str | None = None) -> float | None:
        finding = found.get(measure, column)
        assert finding is not None, measure
        return finding.value

    for column in (*numerical_columns(), *cases.CATEGORICAL):
        share = ours("missing_share", column) if column != "target" else 0.0
        yield f"missing {column}", share, said[f"MissingValueCount {column}"]["share"], 1e-12
    for column in (*cases.NUMERICAL, "prediction"):
        # means and deviations are exact but for the quantum of their sums
        for measure, metric in (("mean", "MeanValue"), ("standard_deviation", "StdValue")):
            yield f"{measure} {column}", ours(measure, column), said[f"{metric} {column}"], 1e-6
        for measure, metric in (("minimum", "MinValue"), ("maximum", "MaxValue")):
            yield f"{measure} {column}", ours(measure, column), said[f"{metric} {column}"], 1e-12
        # both are type 7 of Hyndman and Fan; between edges a quantile is interpolated
        yield f"median {column}", ours("median", column), said[f"QuantileValue {column} 0.5"], 2e-3
    yield "MAE", ours("mean_absolute_error"), said["MAE"]["mean"], 1e-6
    yield "RMSE", ours("root_mean_squared_error"), said["RMSE"], 1e-6
    yield "mean error", ours("mean_error"), said["MeanError"]["mean"], 1e-6
    yield "MAPE", ours("mean_absolute_percentage_error"), said["MAPE"]["mean"] / 100, 1e-6
    yield "R2", ours("r_squared"), said["R2Score"], 1e-6
    yield "largest error", ours("max_error"), said["AbsMaxError"], 1e-9


@every_window
def test_summaries_and_errors(judged: dict[str, Judged], window: str) -> None:
    """Missing shares, moments, extremes, medians and errors of regression are equal, each within its tolerance."""
    for name, ours, theirs, tolerance in summaries(judged[window]):
        assert ours == pytest.approx(theirs, rel=tolerance, abs=1e-9), name
