"""Performance of classifiers before their labels."""

from __future__ import annotations

import numpy as np
import pytest
from tests.estimates.scored import estimates, rows, scored

from modelvane import Monitor, Reference, Settings
from modelvane.batch import judge
from modelvane.calibration.lines import level_of
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.estimates.classification import CLASSIFIER
from modelvane.estimates.lines import LEAST_ROWS, error_lines
from modelvane.estimates.promise import Promise
from modelvane.estimates.scores import calibrated, cell_of
from modelvane.findings import Family, Verdict
from modelvane.settings import Window

MEASURES = [each for each in CLASSIFIER if each.has_error]
_LEVEL = level_of(Settings().budget, 2 * len(MEASURES))


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Give a reference of rows without times."""
    return scored()


def test_inputs_that_move_are_told_of_without_labels(reference: Reference) -> None:
    """Every estimate is near the value that labels give later, where the reference's own value is far off."""
    now = rows(20_000, shift=1.5, seed=5)
    blind, seen = estimates(reference, now, labelled=False), estimates(reference, now)
    for each in MEASURES:
        estimate, realised = blind[each.name], seen[each.of.name].value
        assert estimate.value is not None
        assert realised is not None
        assert estimate.standard_error is not None
        assert abs(estimate.value - realised) < 5 * estimate.standard_error, each.name
    for name in ("accuracy", "recall_macro", "f1_macro", "cohen_kappa", "brier_score", "log_loss"):
        known, realised = seen[f"estimated_{name}"].reference, seen[name].value
        off = blind[f"estimated_{name}"].value
        assert known is not None
        assert realised is not None
        assert off is not None
        assert abs(off - realised) < abs(known - realised) / 3, name


def test_a_score_that_is_no_probability_loses_nothing_else(reference: Reference) -> None:
    """One of 1e308 is left out, and the estimates are those of the other rows."""
    now = rows(2000, seed=6)
    without = estimates(reference, now, labelled=False)["estimated_accuracy"].value
    assert without is not None
    now["score"] = now["score"].copy()
    now["score"][7] = 1e308
    assert estimates(reference, now, labelled=False)["estimated_accuracy"].value == pytest.approx(
        without, abs=0.01
    )


def test_what_is_worse_alarms_before_labels(reference: Reference) -> None:
    """Rows that move to where the model is unsure alarm without any label; surer ones do not."""
    unsure, sure = rows(5000, seed=7), rows(5000, seed=7)
    unsure["score"], sure["score"] = (
        0.5 + (unsure["score"] - 0.5) / 4,
        np.where(sure["score"] > 0.5, 0.97, 0.03),
    )
    found = estimates(reference, unsure, labelled=False)["estimated_accuracy"]
    assert found.verdict is Verdict.ALARM
    assert found.noise_floor is not None
    assert found.value is not None
    assert found.value < found.noise_floor
    assert estimates(reference, sure, labelled=False)["estimated_accuracy"].verdict is Verdict.OK


def test_rows_like_the_references_raise_no_alarm(reference: Reference) -> None:
    """Windows of any size without a change stay within the noise floor, with labels and without."""
    for seed, n in enumerate((30, 100, 300, 1000, 3000) * 4):
        found = estimates(reference, rows(n, seed=100 + seed))
        assert (found["estimated_accuracy"].noise_floor is None) == (n < LEAST_ROWS)
        alarms = [f for f in found.values() if f.family is Family.ESTIMATE and f.verdict is Verdict.ALARM]
        assert not alarms


def test_a_calibration_from_few_rows_is_known_to_be_too_sure() -> None:
    """By as much as estimates are too good because few labels were learned from, errors may be larger."""
    misses, gaps, beyond_chance = [], [], []
    for seed in range(16):
        small = scored(300, seed=1000 + seed)
        known = small.tally
        promise = Promise.of(
            known.performance["confusion"], known.performance["scores"], known.columns["score"]
        )
        assert isinstance(promise, Promise)
        found = estimates(small, rows(2000, seed=2000 + seed))
        error = found["estimate_error_log_loss"]
        assert error.noise_floor is not None
        gaps.append(promise.gaps["estimated_log_loss"])
        misses.append((found["log_loss"].value or 0.0) - (found["estimated_log_loss"].value or 0.0))
        chance = error_lines(_LEVEL, 2000, 300, error.standard_error or 0.0, None).noise_floor
        beyond_chance.append(error.noise_floor - (chance or 0.0))
    assert np.mean(misses) > 2 * np.std(misses) / 4
    assert np.mean(gaps) == pytest.approx(np.mean(misses), abs=2 * np.std(misses) / 4)
    assert beyond_chance == pytest.approx(gaps)


def test_an_estimate_that_labels_contradict_is_told(reference: Reference) -> None:
    """Where the relation of inputs and labels moved, no estimate can know; its error says so once labels are there."""
    found = estimates(reference, rows(5000, break_=2.0, seed=8))
    assert found["estimated_accuracy"].verdict is Verdict.OK
    error = found["estimate_error_accuracy"]
    assert error.verdict is Verdict.ALARM
    assert error.value == pytest.approx(
        abs((found["estimated_accuracy"].value or 0) - (found["accuracy"].value or 0)), abs=2e-3
    )


def test_standard_errors_are_what_samples_show(reference: Reference) -> None:
    """Over many samples realised values scatter by the standard error, and estimates by their own."""
    drawn = [estimates(reference, rows(1000, seed=200 + i)) for i in range(60)]
    for each in MEASURES:
        told = np.mean([found[each.name].standard_error or 0 for found in drawn])
        seen = np.std([found[each.of.name].value or 0 for found in drawn], ddof=1)
        assert told == pytest.approx(seen, rel=0.35), each.name


def test_an_estimate_is_the_mean_over_labels(reference: Reference) -> None:
    """Of a few rows, too: what is expected of the average precision is more than that of the expected labels."""
    few = rows(150, shift=-2.0, seed=12)
    known = reference.tally
    shares = calibrated(known.performance["scores"])[0][cell_of(few["score"])]
    rng = np.random.default_rng(0)
    drawn = [
        estimates(reference, {**few, "y": np.where(rng.random(150) < shares, "yes", "no")})
        for _ in range(200)
    ]
    realised = [found["average_precision"].value or 0.0 for found in drawn]
    told = drawn[0]["estimated_average_precision"].value
    assert told == pytest.approx(np.mean(realised), abs=3 * np.std(realised) / np.sqrt(200))


def test_the_habit_of_the_stream_is_a_line() -> None:
    """A reference whose inputs breathe promises no more than its worse hours; what is beyond them alarms."""
    hours = [rows(500, shift=1.5 * np.sin(i), seed=300 + i, start=500 * i) for i in range(60)]
    data = {name: np.concatenate([hour[name] for hour in hours]) for name in hours[0]}
    breathing = Reference.of(data, target="y", prediction="score", id="id", time="at")
    for i in range(6):
        hour = rows(500, shift=1.5 * np.sin(100 + i), seed=400 + i, start=40_000)
        for name in ("accuracy", "balanced_accuracy", "roc_auc", "log_loss"):
            found = estimates(breathing, hour)[f"estimated_{name}"]
            assert found.usual_range is not None
            assert found.verdict in (Verdict.OK, Verdict.CHANGED)
    unsure = rows(500, seed=9, start=40_000)
    unsure["score"] = 0.5 + (unsure["score"] - 0.5) / 10
    assert estimates(breathing, unsure)["estimated_accuracy"].verdict is Verdict.ALARM


def test_segments_are_estimated_by_what_is_known_of_them() -> None:
    """A batch's segments have estimates of their own, those of live windows bit for bit."""
    reference = Reference.of(
        rows(8000), target="y", prediction="score", id="id", time="at", segments=["half"]
    )
    now = rows(3000, seed=3, start=9000)
    counted = count(TableSource(now), reference, now=0.0)
    found = judge("made up", reference, counted).findings
    told = {f.segment: f.value for f in found if f.measure == "estimated_accuracy"}
    assert set(told) == {None, "half=odd", "half=even"}
    assert told[None] == estimates(reference, now)["estimated_accuracy"].value
    assert len(set(told.values())) == 3


def test_a_limit_of_the_config_decides(reference: Reference) -> None:
    """With a limit for an estimate, its verdict is that of the limit."""
    settings = Settings(window=Window(rows=100), thresholds={"estimated_accuracy": 0.99})
    monitor = Monitor("limited", reference, settings)
    monitor.push(rows(100, seed=2))
    found = monitor.findings().get("estimated_accuracy")
    assert found is not None
    assert (found.threshold, found.verdict) == (0.99, Verdict.ALARM)


@pytest.mark.parametrize(("score", "rows_of_it"), [(0.0, 120), (1.0, 120), (1.5, 0), (-0.5, 0)])
def test_rows_of_which_a_model_is_certain_are_estimated(
    reference: Reference, score: float, rows_of_it: int
) -> None:
    """Exactly 0 and 1 are probabilities, also where the reference has none so small or large; other numbers are not."""
    found = estimates(reference, {"id": [f"{i}" for i in range(120)], "score": [score] * 120})
    assert found["estimated_accuracy"].n == rows_of_it


def test_without_probabilities_the_reason_is_told() -> None:
    """Predicted classes alone are no estimate, and say why; so does a window without rows."""
    data = rows(500)
    data["score"] = np.where(data["score"] > 0.5, "yes", "no")
    classes = Reference.of(
        {name: data[name] for name in ("id", "score", "y")}, target="y", prediction="score", id="id"
    )
    found = estimates(classes, data)["estimated_accuracy"]
    assert (found.value, found.verdict) == (None, Verdict.UNDEFINED)
    assert "probabilities" in found.why
    empty = estimates(scored(500), {"score": [], "id": []})["estimated_accuracy"]
    assert (empty.value, empty.why) == (None, "no rows with a probability in the window")


def test_a_reference_keeps_what_it_promises(reference: Reference) -> None:
    """A reference read from its bytes gives the same findings."""
    now = rows(700, seed=6)
    read = estimates(Reference.from_bytes(reference.to_bytes()), now)
    for name, found in estimates(reference, now).items():
        assert found.family is not Family.ESTIMATE or read[name] == found
