"""Laws of samples of rows, and of what is found in them."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelvane.config import Config
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.errors import ConfigError, TallyMismatchError
from modelvane.faults import Mispair, inject
from modelvane.findings import Finding, Verdict
from modelvane.monitor import Monitor
from modelvane.multivariate import domain_habit
from modelvane.multivariate import sample as sampling
from modelvane.multivariate.learning import RowSampleKind
from modelvane.multivariate.sample import RowSample, smallest
from modelvane.multivariate.sample_ruler import NAME, SampleRuler
from modelvane.reference import Reference
from modelvane.references import load_reference
from modelvane.settings import Multivariate, Settings, Window

MEASURES = ("maximum_mean_discrepancy", "domain_classifier_auc")


def sample(hashes: list[int]) -> RowSample:
    """Give the sample of rows whose scores follow from their hash."""
    drawn = np.array(hashes, np.uint64)
    scores = np.stack([drawn % 7, drawn % 5], axis=1).astype(np.int8)
    at = smallest(drawn)
    return RowSample.of(len(drawn), drawn[at], scores[at])


@pytest.fixture
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST_ROWS", 5)


@pytest.mark.usefixtures("_few")
@given(st.lists(st.lists(st.integers(0, 40), max_size=30), max_size=5))
def test_samples_of_parts_add_up(parts: list[list[int]]) -> None:
    """Samples of parts of the rows, in any order, are that of all rows, bit for bit; rows that are alike count."""
    total = sample([])
    for part in reversed(parts):
        total = sample(part) + total
    rows = list(itertools.chain(*parts))
    assert total == sample(rows)
    expected = sorted(set(rows))[: sampling.MOST_ROWS]
    assert total.hashes.tolist() == expected
    assert total.counts.tolist() == [rows.count(each) for each in expected]
    assert total.n == len(rows)


@given(st.integers(1, 30), st.integers(0, 3))
def test_candidates_are_enough_where_rows_are_alike(distinct: int, seed: int) -> None:
    """Of many rows, all alike or few of them different, no hash that belongs to the sample is overlooked."""
    drawn = np.random.default_rng(seed).integers(0, distinct * 400, 9000).astype(np.uint64)
    at = smallest(drawn)
    top = np.unique(drawn)[: sampling.MOST_ROWS]
    assert np.array_equal(np.unique(drawn[at])[: sampling.MOST_ROWS], top)


def test_samples_of_other_columns_do_not_add() -> None:
    """Samples of two and of three columns are an error."""
    nothing = (0, np.empty(0, np.uint64), np.empty(0, np.int64))
    with pytest.raises(TallyMismatchError, match="one reference"):
        RowSample(*nothing, np.empty((0, 2), np.int8)) + RowSample(*nothing, np.empty((0, 3), np.int8))


def rows(seed: int, n: int) -> dict[str, list[Any]]:
    """Give rows of three columns that belong together, and one that does not."""
    rng = np.random.default_rng(seed)
    distance = rng.lognormal(0, 0.6, n)
    fare = 3 + 2.5 * distance + rng.normal(0, 0.5, n)
    zone = np.where(distance > np.exp(rng.normal(0, 0.3, n)), "far", "near")
    return {
        "at": (1.6e9 + 60.0 * np.arange(n)).tolist(),
        "distance": distance.tolist(),
        "fare": [None if i % 40 == 3 else value for i, value in enumerate(fare.tolist())],
        "zone": zone.tolist(),
        "hour": rng.uniform(0, 24, n).tolist(),
    }


@cache
def reference() -> Reference:
    """Give one with rows for the classifier; how well these are usually told apart is learned from fewer windows."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(domain_habit, "_TRIED", 12)
        return Reference.of(rows(0, 6000), time="at", also=[RowSampleKind(classifier=True)])


def ruler() -> SampleRuler:
    found = reference().row_rulers[NAME]
    assert isinstance(found, SampleRuler)
    return found


def watch(n: int, **more: Any) -> Monitor:
    settings = Settings(window=Window(rows=n), multivariate=Multivariate(classifier=True), **more)
    return Monitor("trips", reference(), settings, clock=lambda: 2e9)


def found(data: Any, n: int, **more: Any) -> list[Finding]:
    monitor = watch(n, **more)
    monitor.push(data)
    findings = monitor.findings()
    return [each for name in MEASURES if (each := findings.get(name)) is not None]


@pytest.mark.parametrize("window", [Window(rows=3000), Window(seconds=1e7, panes=7)])
def test_live_batch_and_parts_are_one(window: Window) -> None:
    """A live window, a batch and its slices have one sample, bit for bit."""
    data = rows(5, 3000)
    monitor = Monitor("trips", reference(), Settings(window=window), clock=lambda: 1.6e9 + 60 * 3000)
    for part in (slice(0, 100), slice(100, 101), slice(101, 3000)):
        monitor.push({name: column[part] for name, column in data.items()})
    live = monitor.tally().rows.together[NAME]
    batch = count(TableSource(data), reference(), slices=5, now=0.0)
    assert live == batch.window.rows.together[NAME]
    first, *others = (one.rows.together[NAME] for one in batch.slices)
    for other in others:
        first += other
    assert first == live
    assert isinstance(live, RowSample)
    assert (live.n, len(live.hashes)) == (3000, sampling.MOST_ROWS)


def test_the_sample_is_even() -> None:
    """Every row is as likely as any other to be among the sampled: their mean place and scores are those of all."""
    block = reference().encode(rows(6, 20_000))
    sampled = ruler().count(block)
    everything = [scores.of_column(block.columns[name]) for name, scores in ruler().scores.items()]
    for column, all_rows in enumerate(everything):
        error = all_rows.std() / sampling.MOST_ROWS**0.5
        assert abs(sampled.scores[:, column].mean() - all_rows.mean()) < 4 * error


def test_a_value_changes_the_hash_in_whatever_column() -> None:
    """Rows that differ in one value, or in whether there is one, have different hashes; their time is no value."""
    base = {"at": 1.6e9, "distance": 1.0, "fare": 5.0, "zone": "far", "hour": 3.0}
    others = [
        {**base, "distance": 2.0},
        {**base, "fare": None},
        {**base, "fare": float("inf")},
        {**base, "zone": "near"},
        {**base, "zone": "unseen"},
        {**base, "zone": "unseen, too"},
        {**base, "hour": 5.0, "distance": 3.0},
        {**base, "hour": 3.0, "distance": 5.0},
    ]
    sampled = ruler().count(
        reference().encode([base, *others, {**base, "at": 1.7e9}, {**base, "distance": 1}])
    )
    assert len(sampled.hashes) == len(others) + 1
    assert sorted(sampled.counts.tolist()) == [1] * len(others) + [3]


def test_the_file_keeps_rows_where_they_were_asked_for() -> None:
    """With the classifier a reference keeps scores of rows, neither their values nor hashes; else it keeps none."""
    assert NAME not in reference().tally.together
    assert ruler().rows is not None
    assert ruler().rows.dtype == np.int8
    plain = Reference.of(rows(0, 6000), time="at")
    sampled = plain.row_rulers[NAME]
    assert isinstance(sampled, SampleRuler)
    assert sampled.rows is None
    assert NAME not in plain.tally.together
    assert np.array_equal(sampled.mean, ruler().mean)
    read = Reference.from_bytes(reference().to_bytes())
    assert read.to_bytes() == reference().to_bytes()
    again = read.row_rulers[NAME]
    block = reference().encode(rows(9, 500))
    assert again.count(block) == ruler().count(block)
    assert isinstance(again, SampleRuler)
    assert again.discrepancy(again.count(block)) == ruler().discrepancy(ruler().count(block))


def test_a_joint_swap_is_found() -> None:
    """Distances of other rows are told by the discrepancy and by the classifier, which names the column."""
    for seed in range(2):
        both = found(inject(rows(50 + seed, 3000), Mispair(column="distance", lag=7)), 3000)
        assert [each.verdict for each in both] == [Verdict.ALARM] * 2
        assert "distance" in both[1].cause
    alarmed = found(inject(rows(60, 3000), Mispair(column="distance", lag=7)), 3000, alarm="noise")
    assert [each.verdict for each in alarmed] == [Verdict.ALARM] * 2


def test_undrifted_rows_raise_no_alarm() -> None:
    """On rows like the reference's neither measure exceeds its noise floor, whatever the size."""
    for seed in range(5):
        for n in (120, 700):
            assert all(each.verdict is Verdict.OK for each in found(rows(100 + seed, n), n, alarm="noise"))


def test_the_noise_floor_is_exceeded_as_often_as_it_says() -> None:
    """Of held-out samples about 5 % exceed the discrepancy's floor at a level of 5 %."""
    windows, n = 300, 300
    block, floor = reference().encode(rows(77, n * windows)), ruler().noise_floor(0.05, n)
    above = [
        ruler().discrepancy(ruler().count(block.take(slice(at * n, (at + 1) * n)))) > floor
        for at in range(windows)
    ]
    assert 0.015 * windows <= sum(above) <= 0.09 * windows


def test_few_rows_are_no_sample() -> None:
    """Rows that are too few are undefined with the reason; of rows that are all alike nothing can be learned."""
    assert [each.why for each in found(rows(1, 20), 20)] == ["20 rows; it takes 30", "20 rows; it takes 100"]
    alike = {name: column[:1] * 500 for name, column in rows(1, 1).items()}
    discrepancy, auc = found(alike, 500)
    assert discrepancy.verdict is Verdict.ALARM
    assert auc.why == "500 rows, that say as much as 1 which differ; it takes 100"


def test_a_sample_says_of_a_mean_what_its_rows_do() -> None:
    """Rows that are alike count as any while none is left out; those that are left out are as unsure as the sampled."""
    few = sample(list(range(100)) * 20)
    assert (few.size, few.different) == (pytest.approx(2000), pytest.approx(100))
    many = sample(list(range(30_000)))
    assert (many.size, many.different) == (pytest.approx(sampling.MOST_ROWS),) * 2
    assert sample([]).size == 0


def test_few_kinds_of_rows_are_told_apart() -> None:
    """Of eight kinds of rows alone, a window of 2000 has the noise of 2000 rows, and its shift is found."""
    draw = np.random.default_rng(9)

    def kinds(n: int, share: float) -> dict[str, Any]:
        first, second, third = draw.random((3, n)) < [[share], [0.5], [0.5]]
        return {"a": first, "b": first ^ (draw.random(n) < 0.3), "c": second & third}

    known = Reference.of(kinds(4000, 0.5))
    verdicts = []
    for share in (0.5, 0.4):
        monitor = Monitor("kinds", known, window=2000)
        monitor.push(kinds(2000, share))
        finding = monitor.findings().get("maximum_mean_discrepancy")
        verdicts.append(finding and finding.verdict)
    assert verdicts == [Verdict.OK, Verdict.ALARM]


def test_the_classifier_is_asked_now_and_then() -> None:
    """Its value stands for ten evaluations, says how old it is, and is measured again; others are always new."""
    monitor = watch(400)
    monitor.push(rows(1, 400))
    first = monitor.findings()
    monitor.push(inject(rows(2, 400), Mispair(column="distance", lag=3)))
    for age in range(1, 10):
        later = monitor.findings()
        auc, new = (later.get(name) for name in reversed(MEASURES))
        assert auc is not None
        assert auc.value == first.get(MEASURES[1]).value  # type: ignore[union-attr] # it is there, or auc were None
        assert auc.why.startswith(f"measured {age} evaluation")
        assert new != first.get(MEASURES[0])
    again = monitor.findings().get(MEASURES[1])
    assert again is not None
    assert not again.why.startswith("measured")
    assert again.value != first.get(MEASURES[1]).value  # type: ignore[union-attr] # as above


def breathing(seed: int, n: int) -> dict[str, list[Any]]:
    """Give rows whose fares, at the same distances, go up and down with the hours."""
    data = rows(seed, n)
    tide = np.sin(2 * np.pi * np.arange(n) / 700).tolist()
    data["fare"] = [None if fare is None else fare + up for fare, up in zip(data["fare"], tide, strict=True)]
    return data


def test_a_stream_that_breathes_is_told_from_its_past_and_does_not_alarm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """How well windows in time order are told from the rest is learned where asked for, and kept in the file."""
    monkeypatch.setattr(domain_habit, "_TRIED", 12)
    learned = Reference.of(breathing(0, 6000), time="at", also=[RowSampleKind(classifier=True)])
    known = Reference.from_bytes(learned.to_bytes())
    verdicts = []
    for fault in (None, Mispair(column="distance", lag=7)):
        settings = Settings(window=Window(rows=300), multivariate=Multivariate(classifier=True))
        monitor = Monitor("trips", known, settings, clock=lambda: 2e9)
        high_tide = {name: column[25:325] for name, column in breathing(9, 325).items()}
        monitor.push(high_tide if fault is None else inject(high_tide, fault))
        told = monitor.findings().get(MEASURES[1])
        assert told is not None
        assert told.usual_range is not None
        assert told.noise_floor is not None
        assert told.noise_floor < told.usual_range < 1
        verdicts.append(told.verdict)
    assert verdicts == [Verdict.CHANGED, Verdict.ALARM]


def test_without_times_it_is_told_and_does_not_alarm() -> None:
    """Where nobody knows how well a stream is usually told from its past, that it is told is no alarm."""
    untimed = {name: column for name, column in rows(0, 3000).items() if name != "at"}
    known = Reference.of(untimed, also=[RowSampleKind(classifier=True)])
    settings = Settings(window=Window(rows=2000), multivariate=Multivariate(classifier=True))
    monitor = Monitor("trips", known, settings)
    monitor.push(inject(rows(50, 2000), Mispair(column="distance", lag=7)))
    told = monitor.findings().get(MEASURES[1])
    assert told is not None
    assert (told.verdict, told.usual_range) == (Verdict.CHANGED, None)
    assert "the reference has no times" in told.why


def test_a_reference_that_kept_no_rows_says_so() -> None:
    """The classifier is undefined beside a reference that was not built for it, and the setting that asks is named."""
    settings = Settings(window=Window(rows=400), multivariate=Multivariate(classifier=True))
    monitor = Monitor("trips", Reference.of(rows(0, 1000)), settings)
    monitor.push(rows(1, 400))
    discrepancy, told = (monitor.findings().get(name) for name in MEASURES)
    assert discrepancy is not None
    assert discrepancy.value is not None
    assert told is not None
    assert told.verdict is Verdict.UNDEFINED
    assert "multivariate: {classifier: true}" in told.why


def test_it_is_asked_for() -> None:
    """Without the setting there is no classifier; left out, there is no sample."""
    plain = Monitor("trips", reference(), window=400)
    plain.push(rows(1, 400))
    assert plain.findings().get(MEASURES[1]) is None
    lean = Monitor("trips", reference().leaving_out([NAME]), window=400)
    lean.push(rows(1, 400))
    assert lean.findings().get(MEASURES[0]) is None
    with pytest.raises(ConfigError, match="1 or more"):
        Multivariate(every=0)


def test_a_config_asks_for_the_classifier(tmp_path: Path) -> None:
    """`multivariate: {classifier: true}` keeps rows in the reference that it builds; a saved one without is refused."""
    data = rows(0, 1000)
    Reference.of(data).save(tmp_path / "plain.mv")
    pq.write_table(
        pa.table({name: data[name] for name in ("distance", "fare", "zone")}), tmp_path / "rows.parquet"
    )

    def kept(file: str) -> Reference:
        section = {"reference_file": file, "multivariate": {"classifier": True}}
        return load_reference(Config.of({"datasets": {"trips": section}}, tmp_path), "trips")

    sampled = kept("rows.parquet").row_rulers[NAME]
    assert isinstance(sampled, SampleRuler)
    assert sampled.rows is not None
    with pytest.raises(ConfigError, match="keeps no rows"):
        kept("plain.mv")
