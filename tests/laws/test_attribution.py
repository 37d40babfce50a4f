"""Attribution: what is counted of contributions, what is said of them, and how often it alarms on nothing."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from modelvane import Monitor, Reference, Settings
from modelvane.attribution.kinds import LinearAttribution
from modelvane.attribution.noise import PairNoise
from modelvane.attribution.ranking import ndcg, rank_distance
from modelvane.attribution.ruler import NAME, AttributionRuler
from modelvane.attribution.tally import ContributionTally, Scale
from modelvane.calibration.lines import Alarm
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.errors import ConfigError, ModelvaneError, TallyMismatchError, UnknownNameError
from modelvane.findings import Family, Finding, Verdict
from modelvane.settings import Window

SCALE = Scale(("a", "b", "c"), (2.0**-40, 2.0**-10, 2.0**3))
ANY = st.floats(allow_nan=True, allow_infinity=True, width=64)
contributions = st.integers(0, 40).flatmap(lambda rows: arrays(np.float64, (3, rows), elements=ANY))
sizes = st.integers(2, 9).flatmap(
    lambda n: st.tuples(*[arrays(np.float64, n, elements=st.floats(0, 1e6, width=32))] * 2)
)

ROWS = 600
WEIGHTS: dict[str, Any] = {"far": 3.0, "near": 1.0, "zone": {"a": 1.0, "b": -2.0}, "zone:day": {"a:0": 0.5}}


def trips(seed: int, rows: int = ROWS, near: float = 1.0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "at": (1.6e9 + 60.0 * np.arange(rows)).tolist(),
        "far": rng.normal(5, 1, rows).tolist(),
        "near": rng.normal(0, near, rows).tolist(),
        "zone": rng.choice(["a", "b", "c"], rows).tolist(),
        "day": rng.integers(0, 7, rows).tolist(),
    }


def known(rows: int = ROWS, **more: Any) -> Reference:
    return Reference.of(trips(0, rows), time="at", also=[LinearAttribution(WEIGHTS)], **more)


def ruler_of(reference: Reference) -> AttributionRuler:
    ruler = reference.row_rulers[NAME]
    assert isinstance(ruler, AttributionRuler)
    return ruler


def told(reference: Reference, rows: Any, settings: Settings | None = None) -> dict[Any, Finding]:
    monitor = Monitor("trips", reference, settings or Settings(window=Window(rows=ROWS)))
    if rows:
        monitor.push(rows)
    found = (each for each in monitor.findings() if each.family is Family.ATTRIBUTION)
    return {each.measure if each.column is None else (each.measure, each.column): each for each in found}


# ------------------------------------------------------------------- tallies


@given(contributions, st.lists(st.integers(0, 40), max_size=3))
def test_parts_add_up_to_the_whole(found: np.ndarray, cuts: list[int]) -> None:
    """Tallies of parts add up to that of all rows, bit for bit, whatever a contribution is."""
    limits = sorted({0, found.shape[1], *(cut for cut in cuts if cut < found.shape[1])})
    parts = [ContributionTally.of(SCALE, found[:, start:end]) for start, end in pairwise(limits)]
    assert reduce(add, parts, ContributionTally.of(SCALE, found[:, :0])) == ContributionTally.of(SCALE, found)


@given(contributions)
def test_a_tally_comes_back_from_its_facts(found: np.ndarray) -> None:
    """Facts hold the whole tally."""
    tally = ContributionTally.of(SCALE, found)
    assert ContributionTally.read(SCALE, tally.facts()) == tally


@given(contributions)
def test_a_tally_has_the_means_of_what_is_known(found: np.ndarray) -> None:
    """Sums are exact but for half a quantum a row, and means are their nearest floats; others change no sum."""
    tally = ContributionTally.of(SCALE, found)
    for row, sums, quantum in zip(found, tally.sums, SCALE.quanta, strict=True):
        some = [Fraction(value) for value in row[np.isfinite(row)].tolist()]
        assert sums.n == len(some)
        if some:
            for mean, total, of in (
                (sums.mean(quantum), sums.total, some),
                (sums.mean_absolute(quantum), sums.absolute, [*map(abs, some)]),
            ):
                exact = total * Fraction(quantum) / len(of)
                assert abs(exact - sum(of) / len(of)) <= Fraction(quantum) / 2
                assert mean == float(exact)
    assert tally.complete == np.isfinite(found).all(axis=0).sum()


def test_tallies_of_two_references_do_not_add() -> None:
    """Quanta of one reference are not those of another."""
    other = Scale(SCALE.features, (1.0, 1.0, 1.0))
    with pytest.raises(TallyMismatchError, match="same reference"):
        ContributionTally.of(SCALE, np.ones((3, 1))) + ContributionTally.of(other, np.ones((3, 1)))


# ------------------------------------------------------------------ distance


@given(sizes)
def test_the_distance_is_between_nothing_and_one(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """It is 0 for the same order, whatever the sizes are, and never more than 1."""
    gains, scores = pair
    if gains.any():
        assert 0 <= rank_distance(gains, scores) <= 1
        assert rank_distance(gains, gains) == 0
        assert rank_distance(gains, np.sqrt(gains)) == pytest.approx(0, abs=1e-9)


@given(sizes, st.randoms())
def test_the_distance_does_not_depend_on_the_order_of_columns(
    pair: tuple[np.ndarray, np.ndarray], random: Any
) -> None:
    """Features have no order of their own."""
    gains, scores = pair
    if gains.any():
        order = list(range(len(gains)))
        random.shuffle(order)
        assert ndcg(gains[order], scores[order]) == pytest.approx(ndcg(gains, scores))


@given(arrays(np.float64, 5, elements=st.floats(0.1, 10)), st.floats(1e-9, 0.4), st.integers(1, 10_000))
def test_the_noise_floor_holds_every_order_that_noise_may_make(
    means: np.ndarray, level: float, n: int
) -> None:
    """No order that swaps only pairs that may swap is further away than the floor."""
    rng = np.random.default_rng(n)
    noise = PairNoise.of(np.abs(rng.normal(size=(5, 200)) * means[:, None]))
    floor, may = noise.floor(means, level, n), noise.swappable(means, level, n)
    for _ in range(20):
        scores = means + rng.normal(size=5) * means.std()
        ahead = (means[:, None] > means[None, :]) & (scores[:, None] <= scores[None, :])
        if not (ahead & ~may).any():
            assert rank_distance(means, scores) <= floor


@given(arrays(np.float64, 4, elements=st.floats(0.1, 10)))
def test_the_one_swap_that_noise_may_make_is_within_the_floor(means: np.ndarray) -> None:
    """Where only the first two features may swap, an order that swaps them is no further away than the floor."""
    means = np.sort(means)[::-1] * (1, 1, 1e-3, 1e-6)
    if means[0] > means[1]:
        std = np.zeros((4, 4))
        std[:2, :2] = means[0]
        noise = PairNoise(std, np.zeros((4, 4)), 10)
        assert rank_distance(means, means[[1, 0, 2, 3]]) <= noise.floor(means, 1e-3, 10)


def test_fewer_rows_and_a_lower_level_raise_the_floor() -> None:
    """What noise may do grows as rows are fewer, and as fewer false alarms are allowed."""
    sizes_of = np.abs(np.random.default_rng(3).normal(size=(6, 4000)) * np.linspace(1, 1.5, 6)[:, None])
    noise, means = PairNoise.of(sizes_of), sizes_of.mean(axis=1)
    by_rows = [noise.floor(means, 1e-5, n) for n in (30, 300, 3000, 30_000)]
    assert by_rows == sorted(by_rows, reverse=True)
    assert by_rows[0] > by_rows[-1]
    by_level = [noise.floor(means, level, 300) for level in (1e-8, 1e-4, 0.1)]
    assert by_level == sorted(by_level, reverse=True)


def test_held_out_windows_keep_to_the_budget() -> None:
    """Rows like the reference's, of features nearly as important as each other, exceed the floor as rarely as asked."""
    rng = np.random.default_rng(11)
    scale = np.array([1.0, 1.02, 1.05, 0.4, 0.41, 0.1])[:, None]
    reference = np.abs(rng.standard_t(5, size=(6, 3000)) * scale)
    noise, means = PairNoise.of(reference), reference.mean(axis=1)
    level, draws = 0.02, 1000
    for n in (20, 200, 2000):
        windows = np.abs(rng.standard_t(5, size=(draws, 6, n)) * scale)
        floor = noise.floor(means, level, n)
        distances = [rank_distance(means, window.mean(axis=1)) for window in windows]
        assert max(distances) > 0
        assert sum(distance > floor for distance in distances) <= level * draws


# ---------------------------------------------------------------- linear terms


def test_contributions_of_a_linear_model_are_what_plain_loops_give() -> None:
    """Weight times value minus its mean; the weight of a category, of a pair, or nothing, minus the mean weight."""
    reference, rows = known(), trips(1)
    ruler = ruler_of(reference)

    def terms(of: dict[str, Any], i: int) -> list[float]:
        zone, day = of["zone"][i], of["day"][i]
        return [
            3.0 * of["far"][i],
            of["near"][i],
            {"a": 1.0, "b": -2.0}.get(zone, 0.0),
            0.5 if (zone, day) == ("a", 0) else 0.0,
        ]

    means = np.mean([terms(trips(0), i) for i in range(ROWS)], axis=0)
    expected = np.array([terms(rows, i) for i in range(ROWS)]) - means
    found = ruler.source.contributions(reference.encode(rows)).T
    assert found == pytest.approx(expected)


def test_contributions_add_up_to_the_difference_of_predictions() -> None:
    """Together they are the prediction minus the reference's mean prediction."""
    reference = Reference.of(trips(0), also=[LinearAttribution({"far": 2.0, "near": -1.0})])
    rows = trips(1)
    predicted = 2 * np.array(rows["far"]) - np.array(rows["near"])
    mean = float(np.mean(2 * np.array(trips(0)["far"]) - np.array(trips(0)["near"])))
    found = ruler_of(reference).source.contributions(reference.encode(rows)).sum(axis=0)
    assert found == pytest.approx(predicted - mean)


@pytest.mark.parametrize("categorical", [["code"], []])
def test_a_weight_finds_its_category_however_it_is_written(categorical: list[str]) -> None:
    """74, 74.0 and "74" are one category, whether the column is measured by category or on edges."""
    codes = [74.0, 75.0, 76.0, 1.5] * 50
    for weights in ({74: 1.0, 75: 2.0}, {"74": 1.0, "75": 2.0}, {74.0: 1.0, 75.0: 2.0}):
        reference = Reference.of(
            {"code": codes},
            numerical=[] if categorical else ["code"],
            categorical=categorical,
            also=[LinearAttribution({"code": weights})],
        )
        found = ruler_of(reference).source.contributions(reference.encode({"code": [74, 75.0, 99, None]}))[0]
        assert found == pytest.approx([0.25, 1.25, -0.75, np.nan], nan_ok=True)


def test_a_number_weighs_categories_that_are_numbers() -> None:
    """A feature of few whole numbers is measured by category, and has a weight all the same."""
    reference = Reference.of({"riders": [1, 2, 3, 2] * 50}, also=[LinearAttribution({"riders": 10.0})])
    found = ruler_of(reference).source.contributions(reference.encode({"riders": [1, 5, "many", None]}))[0]
    assert found == pytest.approx([-10.0, 30.0, np.nan, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("weights", "error", "said"),
    [
        ({"fare": 1.0}, UnknownNameError, "far"),
        ({"far:zoo": {"a:b": 1.0}}, UnknownNameError, "zone"),
        ({"far": "much"}, ConfigError, "a number"),
        ({"far": float("nan")}, ConfigError, "a number"),
        ({"zone:day": 1.0}, ConfigError, "each combination"),
        ({"zone:day": {"a": 1.0}}, ConfigError, "2 categories"),
        ({"zone": {}}, ConfigError, "a weight for each category"),
        ({"zone": {74: 1.0, "74": 2.0}}, ConfigError, "2 weights"),
        ({"far": 1.7e308}, ConfigError, "too large"),
        ({"far": 1e307}, ConfigError, "too large"),
        ({}, ConfigError, "Name the features"),
    ],
)
def test_weights_that_say_nothing_are_refused(
    weights: dict[str, Any], error: type[ModelvaneError], said: str
) -> None:
    """An error says which weight, and what was expected."""
    with pytest.raises(error, match=said):
        Reference.of(trips(0), time="at", also=[LinearAttribution(weights)])


# --------------------------------------------------------- the same everywhere


@pytest.mark.parametrize("window", [Window(rows=ROWS), Window(seconds=1e6, panes=7)])
def test_live_batch_and_parts_count_the_same(window: Window) -> None:
    """A live window, a batch, its slices together and a reference from a file give one tally."""
    reference, rows = known(), trips(1)
    monitor = Monitor("trips", Reference.from_bytes(reference.to_bytes()), Settings(window=window))
    for part in (slice(0, 7), slice(7, 300), slice(300, ROWS)):
        monitor.push({name: column[part] for name, column in rows.items()})
    live = monitor.tally().rows.together[NAME]
    batch = count(TableSource(rows), reference, slices=4, now=0.0)
    assert live == batch.window.rows.together[NAME]
    assert live == reduce(add, (each.rows.together[NAME] for each in batch.slices))
    assert live == ContributionTally.of(
        ruler_of(reference).scale, ruler_of(reference).source.contributions(reference.encode(rows))
    )


def test_a_reference_is_kept_whole() -> None:
    """Source, scale, noise and habit come back from a file, which is written again byte by byte."""
    written = known().to_bytes()
    read = Reference.from_bytes(written)
    assert read.to_bytes() == written
    assert told(read, trips(1)) == told(known(), trips(1))


# -------------------------------------------------------------------- findings


def test_the_same_model_on_the_same_world_is_ok() -> None:
    """Rows like the reference's have the same order, with both lines beside."""
    found = told(known(), trips(1))
    assert found["rank_distance"].value == 0
    assert found["rank_distance"].verdict is Verdict.OK
    assert found["rank_distance"].noise_floor is not None
    assert found["rank_distance"].usual_range is not None
    assert found["contribution_coverage"].value == 1
    assert found["mean_absolute_contribution", "far"].value == pytest.approx(3 * np.sqrt(2 / np.pi), rel=0.1)
    assert found["mean_contribution", "far"].reference == pytest.approx(0, abs=1e-9)


def test_another_order_alarms_and_names_what_moved() -> None:
    """A feature that spreads five times as wide comes first, and the cause says so."""
    found = told(known(), trips(1, near=5.0))["rank_distance"]
    assert found.verdict is Verdict.ALARM
    assert found.cause.startswith("near is number 1, was 3 (")


def test_missing_contributions_lower_the_coverage_alone() -> None:
    """Rows without a value have no contribution of it, and take part in the others."""
    rows = trips(1)
    rows["far"][:60] = [None] * 60
    found = told(known(), rows)
    assert found["contribution_coverage"].value == pytest.approx(0.9)
    assert found["mean_contribution", "far"].n == ROWS - 60
    assert found["mean_contribution", "near"].n == ROWS
    assert found["rank_distance"].verdict is Verdict.OK


@pytest.mark.parametrize(
    ("rows", "why"),
    [({}, "no rows"), ({**trips(1), "far": [None] * ROWS}, "no row has a contribution of far")],
)
def test_what_is_not_known_is_undefined(rows: dict[str, Any], why: str) -> None:
    """A distance without contributions has a reason, not a value."""
    found = told(known(), rows)["rank_distance"]
    assert (found.value, found.verdict) == (None, Verdict.UNDEFINED)
    assert why in found.why


def test_limits_of_the_config_replace_the_lines() -> None:
    """A limit judges the distance from above, and the coverage from below."""
    limits = {"rank_distance": 0.9, "contribution_coverage": 0.95}
    rows = trips(1, near=5.0)
    rows["far"][:60] = [None] * 60
    found = told(known(), rows, Settings(window=Window(rows=ROWS), thresholds=limits))
    assert (found["rank_distance"].threshold, found["rank_distance"].verdict) == (0.9, Verdict.OK)
    assert found["contribution_coverage"].verdict is Verdict.ALARM


def test_without_times_there_is_no_usual_range() -> None:
    """The finding says so, and at noise asks for none."""
    rows = {name: column for name, column in trips(0).items() if name != "at"}
    reference = Reference.of(rows, also=[LinearAttribution(WEIGHTS)])
    assert "no time column" in told(reference, trips(1))["rank_distance"].why
    at_noise = Settings(window=Window(rows=ROWS), alarm=Alarm.NOISE)
    assert told(reference, trips(1), at_noise)["rank_distance"].why == ""


def test_one_feature_has_no_order() -> None:
    """A model of one feature has means, and no distance."""
    reference = Reference.of(trips(0), also=[LinearAttribution({"far": 1.0})])
    found = told(reference, trips(1))
    assert found["rank_distance"].why == "one feature has no order"
    assert found["mean_absolute_contribution", "far"].value is not None


def test_what_is_left_out_says_nothing() -> None:
    """A reference that leaves attribution out has no finding of it."""
    assert told(known().leaving_out([NAME]), trips(1)) == {}
