"""Performance of regressions before their labels."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.estimates.driven import driven, trips

from modelvane import Monitor, Reference, Settings
from modelvane.batch import judge
from modelvane.config import Config
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.errors import ConfigError
from modelvane.estimates.learning import loss_kinds
from modelvane.estimates.lines import mean_habit
from modelvane.estimates.losses import LOSSES, LossRuler, LossTally
from modelvane.evaluation.estimating import LEFT_OUT
from modelvane.extras import MissingExtraError
from modelvane.findings import Finding, Verdict
from modelvane.references import load_reference

NAMES = ("mean_absolute_error", "root_mean_squared_error")


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Give a reference of rows without times."""
    return driven()


def found(reference: Reference, data: dict[str, Any], *, labelled: bool = True) -> dict[str, Finding]:
    """Give the findings of all rows by measure."""
    monitor = Monitor("trips", reference, Settings(), window=max(len(data["prediction"]), 1))
    monitor.push(data if labelled else {name: held for name, held in data.items() if name != "duration"})
    return {f.measure: f for f in monitor.findings() if f.column is None and f.label is None}


def ruler_of(reference: Reference) -> LossRuler:
    """Give what counts the losses of all rows."""
    ruler = reference.row_rulers[LOSSES]
    assert isinstance(ruler, LossRuler)
    return ruler


def test_rows_of_which_the_model_knows_little_are_told_of_without_labels(reference: Reference) -> None:
    """Estimates follow the errors up that labels tell later, far from the reference's own, and alarm."""
    now = trips(4000, far=0.7, seed=5)
    blind, seen = found(reference, now, labelled=False), found(reference, now)
    for name in NAMES:
        estimate, realised = blind[f"estimated_{name}"], seen[name].value
        assert estimate.value is not None
        assert estimate.reference is not None
        assert realised is not None
        assert abs(estimate.value - realised) < abs(estimate.reference - realised) / 5
        assert estimate.verdict is Verdict.ALARM
        assert estimate.value > (estimate.noise_floor or np.inf)


def test_better_rows_raise_no_alarm(reference: Reference) -> None:
    """Nor do rows like the reference's, in windows of any size, with labels and without."""
    assert (
        found(reference, trips(2000, far=0.0, seed=6))["estimated_mean_absolute_error"].verdict is Verdict.OK
    )
    for seed, n in enumerate((100, 300, 1000, 3000) * 4):
        told = found(reference, trips(n, seed=100 + seed))
        for name in NAMES:
            for measure in (f"estimated_{name}", f"estimate_error_{name}"):
                assert told[measure].verdict is Verdict.OK, (measure, n)


def test_an_estimate_that_labels_contradict_is_told(reference: Reference) -> None:
    """Where the relation of features and target moved the error of the estimate alarms, and no estimate does."""
    told = found(reference, trips(3000, break_=3.0, seed=7))
    assert told["estimated_mean_absolute_error"].verdict is Verdict.OK
    assert told["estimate_error_mean_absolute_error"].verdict is Verdict.ALARM


def test_standard_errors_are_what_samples_show(reference: Reference) -> None:
    """Over many samples realised values scatter by the standard error."""
    drawn = [found(reference, trips(1000, seed=200 + i)) for i in range(60)]
    for name in NAMES:
        told = np.mean([each[f"estimated_{name}"].standard_error or 0 for each in drawn])
        assert told == pytest.approx(np.std([each[name].value or 0 for each in drawn], ddof=1), rel=0.35)


@given(st.integers(0, 2**32 - 1), st.integers(0, 200))
def test_tallies_add(seed: int, at: int) -> None:
    """Expected losses of rows in two parts add up, bit for bit, whatever is missing, unseen or too large."""
    ruler = ruler_of(_SMALL)
    rng = np.random.default_rng(seed)
    data = trips(200, seed=seed)
    for name in ("distance", "prediction"):
        data[name] = np.where(
            rng.random(200) < 0.1, rng.choice([np.nan, np.inf, 1e300, -5.0], 200), data[name]
        )
    data["zone"] = np.where(rng.random(200) < 0.1, "elsewhere", data["zone"])
    block = _SMALL.encode(data)
    one, other = block.take(slice(0, at)), block.take(slice(at, None))
    assert ruler.count(one) + ruler.count(other) == ruler.count(block)
    assert ruler.count(block).n + ruler.count(block).unusable == 200


_SMALL = driven(1500)


def test_batches_and_windows_are_counted_alike(reference: Reference) -> None:
    """A batch gives the estimates of a live window of the same rows."""
    now = trips(2500, seed=9)
    judged = judge("trips", reference, count(TableSource(now), reference, now=0.0)).findings
    for measure, finding in found(reference, now).items():
        if measure.startswith("estimate"):
            assert judged.get(measure) == finding


def test_a_reference_keeps_its_trees_and_no_rows(reference: Reference) -> None:
    """Read from its bytes it estimates the same; it is no larger than trees are."""
    kept = reference.to_bytes()
    now = trips(700, seed=10)
    read = found(Reference.from_bytes(kept), now)
    for measure, finding in found(reference, now).items():
        assert not measure.startswith("estimate") or read[measure] == finding
    without = driven(12_000).leaving_out(["losses"])
    assert len(kept) < 400_000
    assert found(without, now)["estimated_mean_absolute_error"].why == LEFT_OUT


def test_habits_are_of_trees_that_had_not_seen_the_rows() -> None:
    """Trees that saw errors which nothing explains explain some of them all the same: their habit would flatter."""
    rng = np.random.default_rng(3)
    n = 2000
    noise = {f"f{i}": rng.normal(size=n) for i in range(8)}
    data = {**noise, "prediction": np.zeros(n), "duration": rng.normal(size=n), "at": trips(n)["at"]}
    learned = Reference.of(data, target="duration", prediction="prediction", time="at", also=loss_kinds())
    ruler = ruler_of(learned)
    errors = np.abs(data["duration"])
    absolute, _ = ruler.expected(learned.encode(data))
    flattered = mean_habit(errors - absolute * ruler.quanta[0])
    promise = ruler.promises["mean_absolute_error"]
    assert promise.value == pytest.approx(errors.mean(), rel=1e-6)
    assert promise.error_habit is not None
    assert flattered is not None
    for size in (10, 30, 100):
        assert promise.error_habit.exceeded_with(0.1, size) > 1.1 * flattered.exceeded_with(0.1, size)


def test_the_habit_of_the_stream_is_a_line() -> None:
    """A reference with times has a usual range of estimates and of their errors."""
    told = found(driven(6000, has_times=True), trips(600, seed=11, start=7000))
    for measure in ("estimated_mean_absolute_error", "estimate_error_root_mean_squared_error"):
        assert told[measure].usual_range is not None
        assert told[measure].verdict is Verdict.OK


def test_without_losses_there_is_no_estimate(reference: Reference) -> None:
    """A reference that was not asked to learn its losses, or has too few rows, says nothing; no rows say so."""
    plain = trips(800)
    bare = Reference.of(plain, target="duration", prediction="prediction", id="id", time="at")
    few = driven(200)
    for known in (bare, few):
        assert not [name for name in found(known, plain) if name.startswith("estimate")]
    empty = found(reference, {"prediction": [], "id": []})["estimated_mean_absolute_error"]
    assert (empty.value, empty.why) == (None, "no rows with a prediction in the window")


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed, the error says what to install."""
    monkeypatch.setattr("modelvane.extras.find_spec", lambda _: None)
    assert importlib.util.find_spec("sklearn") is not None
    with pytest.raises(MissingExtraError, match=r"modelvane\[scikit-learn\]"):
        loss_kinds()


def test_a_feature_without_values_and_a_huge_error_stop_nothing() -> None:
    """A feature that nobody has tells no rows apart; errors whose powers are no numbers any more are not learned of."""
    data = trips(1000, seed=3)
    roles: dict[str, Any] = {"target": "duration", "prediction": "prediction", "id": "id", "time": "at"}
    data["empty"] = [None] * 1000
    built = Reference.of(data, **roles, numerical=["distance", "empty"], also=loss_kinds())
    assert ruler_of(built).promises["mean_absolute_error"].value > 0
    data["duration"] = np.append(data["duration"][:-1], 1e200)
    assert LOSSES not in Reference.of(data, **roles, also=loss_kinds()).row_rulers


def test_a_reference_without_the_losses_that_a_config_asks_for_is_refused(tmp_path: Path) -> None:
    """Whether it was built without them or from too few rows: a silent watch would be no watch."""
    data = trips(300)
    Reference.of(data, target="duration", prediction="prediction", id="id", time="at").save(
        tmp_path / "bare.mv"
    )
    pq.write_table(pa.table(data), tmp_path / "few.parquet")
    roles = {"target": "duration", "prediction": "prediction", "id": "id", "datetime": "at"}
    for file in ("bare.mv", "few.parquet"):
        section = {"reference_file": file, "column_mapping": roles}
        load_reference(Config.of({"datasets": {"trips": section}}, tmp_path), "trips")
        config = Config.of({"datasets": {"trips": section | {"estimates": True}}}, tmp_path)
        with pytest.raises(ConfigError, match=r"estimates: true.*500 rows or more"):
            load_reference(config, "trips")


def test_nothing_is_learned_of_classes() -> None:
    """Of a classifier the kinds want no column."""
    data = {"score": [0.2, 0.8] * 50, "y": ["a", "b"] * 50}
    known = Reference.of(data, target="y", prediction="score", also=loss_kinds())
    assert LOSSES not in known.row_rulers
    assert LossTally(1, 2, 3, 4, 5, 6) + LossTally(1, 1, 1, 1, 1, 1) == LossTally(2, 3, 4, 5, 6, 7)
