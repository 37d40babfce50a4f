"""Performance of classifiers of several classes before their labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from modelvane import Monitor, Reference, Settings
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.estimates.classes import CLASSES, MOST_CLASSES, OF_LABELLED, ClassesRuler
from modelvane.estimates.several import SEVERAL
from modelvane.findings import Family, Finding, Verdict
from modelvane.settings import Window

NAMES = ("bus", "car", "tram")
MEASURES = [each for each in SEVERAL if each.has_error]


def rows(
    n: int, *, shift: float = 0.0, seed: int = 0, break_: float = 0.0, sure: float = 0.7
) -> dict[str, Any]:
    """Give rows whose probabilities are too modest; ``shift`` moves the inputs, ``break_`` what they mean."""
    rng = np.random.default_rng(seed)
    x = rng.normal([0.0, shift, 0.0], 1.6, (n, 3))
    chances = np.exp(x + np.array([break_, 0.0, -break_]))
    chances /= chances.sum(axis=1, keepdims=True)
    true = (rng.random(n)[:, None] > np.cumsum(chances, axis=1)).sum(axis=1)
    said = np.exp(sure * x)
    said /= said.sum(axis=1, keepdims=True)
    return {
        **dict(zip(NAMES, said.T, strict=True)),
        "y": np.array(NAMES)[np.minimum(true, 2)],
        "at": np.datetime64("2024-01-01") + np.arange(n) * np.timedelta64(60, "s"),
    }


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Give a reference of rows with times, read from its bytes."""
    known = Reference.of(rows(20_000), target="y", prediction=list(NAMES), time="at")
    return Reference.from_bytes(known.to_bytes())


def estimates(reference: Reference, data: dict[str, Any], *, labelled: bool = True) -> dict[str, Finding]:
    monitor = Monitor("made up", reference, Settings(), window=max(len(data["bus"]), 1))
    monitor.push(data if labelled else {name: held for name, held in data.items() if name != "y"})
    return {f.measure if f.label is None else f"{f.measure} {f.label}": f for f in monitor.findings()}


def test_inputs_that_move_are_told_of_without_labels(reference: Reference) -> None:
    """Every estimate is far nearer to the value that labels give later than the reference's own value is."""
    now = rows(20_000, shift=4.0, seed=5)
    blind, seen = estimates(reference, now, labelled=False), estimates(reference, now)
    for name in [each.of.name for each in MEASURES] + ["class_recall bus", "class_precision tram"]:
        told, realised = blind[f"estimated_{name}"], seen[name].value
        assert told.value is not None
        assert told.reference is not None
        assert realised is not None
        apart = abs(told.reference - realised)
        assert abs(told.value - realised) < max(apart / 3, 4 * (told.standard_error or 0.0)), name


def test_what_is_worse_alarms_before_labels(reference: Reference) -> None:
    """Rows of which the model is unsure alarm without any label; surer ones do not."""
    unsure, sure = rows(5000, seed=7), rows(5000, seed=7)
    for name in NAMES:
        unsure[name] = 1 / 3 + (unsure[name] - 1 / 3) / 4
    top = np.argmax([sure[name] for name in NAMES], axis=0)
    for at, name in enumerate(NAMES):
        sure[name] = np.where(top == at, 0.96, 0.02)
    for name in ("accuracy", "f1_macro", "cohen_kappa"):
        assert estimates(reference, unsure, labelled=False)[f"estimated_{name}"].verdict is Verdict.ALARM
        assert estimates(reference, sure, labelled=False)[f"estimated_{name}"].verdict is Verdict.OK


def test_rows_like_the_references_raise_no_alarm(reference: Reference) -> None:
    """Windows of any size without a change stay within both lines, with labels and without."""
    for seed, n in enumerate((30, 100, 300, 1000, 3000) * 2):
        found = estimates(reference, rows(n, seed=100 + seed))
        assert (found["estimated_accuracy"].noise_floor is None) == (n < 100)
        assert (found["estimated_accuracy"].usual_range is None) == (n < 100)
        assert not [f for f in found.values() if f.family is Family.ESTIMATE and f.verdict is Verdict.ALARM]


def test_an_estimate_that_labels_contradict_is_told(reference: Reference) -> None:
    """Where what inputs mean has moved, no estimate can know; its error says so once labels are there."""
    found = estimates(reference, rows(5000, break_=1.5, seed=8))
    assert found["estimated_accuracy"].verdict is Verdict.OK
    error = found["estimate_error_accuracy"]
    assert error.verdict is Verdict.ALARM
    estimated, realised = found["estimated_accuracy"].value, found["accuracy"].value
    assert error.value == pytest.approx(abs((estimated or 0) - (realised or 0)))


def test_standard_errors_are_what_samples_show(reference: Reference) -> None:
    """Over many samples realised values scatter by the standard error; those joined of classes by no more."""
    drawn = [estimates(reference, rows(1000, seed=200 + i)) for i in range(40)]
    for each in MEASURES:
        told = np.mean([found[each.name].standard_error or 0 for found in drawn])
        seen = np.std([found[each.of.name].value or 0 for found in drawn], ddof=1)
        if each.by_matrix is not None:
            assert told == pytest.approx(seen, rel=0.35), each.name
        else:
            assert 0.65 * seen < told < 3 * seen, each.name


@given(parts=st.lists(st.integers(0, 40), min_size=1, max_size=5), seed=st.integers(0, 9))
@hypothesis_settings(max_examples=20, deadline=None)
def test_tallies_add(reference: Reference, parts: list[int], seed: int) -> None:
    """What is counted of parts adds to what is counted of all, bit for bit, for all rows and for labelled ones."""
    data = rows(sum(parts), seed=seed)
    for name in ("car", "y"):
        data[name] = [None if at % 7 == 3 else value for at, value in enumerate(data[name].tolist())]
    for kind in (CLASSES, OF_LABELLED):
        ruler = reference.row_rulers[kind]
        assert isinstance(ruler, ClassesRuler)
        whole = ruler.count(reference.encode(data))
        added, at = ruler.count(reference.encode({name: held[:0] for name, held in data.items()})), 0
        for part in parts:
            cut = {name: held[at : at + part] for name, held in data.items()}
            added, at = added + ruler.count(reference.encode(cut)), at + part
        assert added == whole
        assert ruler.tally_of(whole.facts(), whole.arrays()) == whole
        assert whole.n + whole.unusable == sum(parts)


def test_batches_and_windows_are_counted_alike(reference: Reference) -> None:
    """A batch, its slices together and a window have one tally."""
    data = rows(600, seed=3)
    monitor = Monitor("made up", reference, Settings(window=Window(rows=600)))
    for at in range(0, 600, 150):
        monitor.push({name: held[at : at + 150] for name, held in data.items()})
    batch = count(TableSource(data), reference, slices=4, now=0.0)
    live = monitor.tally()
    assert live.rows.together[CLASSES] == batch.window.rows.together[CLASSES]
    assert live.labelled.together[OF_LABELLED] == batch.window.labelled.together[OF_LABELLED]


def test_without_an_estimate_the_reason_is_told(reference: Reference) -> None:
    """A reference without labels, one of too many classes, and `leave_out` each say so."""
    data = rows(1000)
    data["y"] = [None] * 1000
    unlabelled = Reference.of(data, target="y", prediction=list(NAMES), time="at", task="classification")
    many = rows(200)
    names = [f"class {at}" for at in range(MOST_CLASSES + 1)]
    crowd = {name: np.full(200, 1 / len(names)) for name in names} | {"y": (names * 10)[:200]}
    for known, sent, why in (
        (unlabelled, many, "a reference of 100 rows"),
        (Reference.of(crowd, target="y", prediction=names), crowd, f"at most {MOST_CLASSES} classes"),
        (reference.leaving_out([CLASSES]), many, "`leave_out` names it"),
    ):
        monitor = Monitor("made up", known, Settings(), window=200)
        monitor.push(sent)
        told = next(f for f in monitor.findings() if f.family is Family.ESTIMATE)
        assert told.value is None
        assert why in told.why
