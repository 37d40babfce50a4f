"""Versions of a model side by side: exact sums, intervals that hold at every moment, decisions seldom wrong."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelvane import Finding, Findings, Monitor, Reference
from modelvane.batch import judge
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.errors import ConfigError, SchemaError
from modelvane.settings import Settings, Versions, Window
from modelvane.undefined import Undefined
from modelvane.versions import NAME, Comparison, LossTally, VersionRuler
from modelvane.versions.losses import Loss
from modelvane.versions.sequences import LEAST_WORTH, difference, proportion

ALPHA = 0.05
SETTINGS = Settings(window=Window(rows=100), versions=Versions("v1"))


def _trips(number: int, seed: int, *, better: float = 0.0, share: float = 0.5) -> dict[str, list[Any]]:
    """Give trips of two versions, of which v2 errs less by a factor."""
    rng = np.random.default_rng(seed)
    version = np.where(rng.random(number) < share, "v2", "v1")
    truth = rng.lognormal(2.0, 0.5, number)
    error = rng.normal(0, 1, number) * np.where(version == "v2", 1 - better, 1.0)
    return {
        "id": [f"{seed}-{at}" for at in range(number)],
        "distance": (truth / 3).tolist(),
        "prediction": (truth + error).tolist(),
        "target": truth.tolist(),
        "model": version.tolist(),
    }


def _answers(number: int, seed: int, *, wrong: tuple[float, float] = (0.2, 0.2)) -> dict[str, list[Any]]:
    """Give classes that two versions predict, each wrong as often as it says."""
    rng = np.random.default_rng(seed)
    is_second = rng.random(number) < 0.5
    truth = rng.choice(["yes", "no"], number)
    is_wrong = rng.random(number) < np.where(is_second, wrong[1], wrong[0])
    other = np.where(truth == "yes", "no", "yes")
    return {
        "age": rng.normal(40, 10, number).tolist(),
        "prediction": np.where(is_wrong, other, truth).tolist(),
        "target": truth.tolist(),
        "model": np.where(is_second, "v2", "v1").tolist(),
    }


@cache
def _reference(task: str = "regression") -> Reference:
    rows = _trips(2000, 1) if task == "regression" else _answers(2000, 1)
    # as a reference of before there were versions
    del rows["model"]
    return Reference.of(rows, version="model", task=task, positive="yes" if task != "regression" else None)


def _ruler(task: str = "regression") -> VersionRuler:
    ruler = _reference(task).row_rulers[NAME]
    assert isinstance(ruler, VersionRuler)
    return ruler


def _part(rows: dict[str, list[Any]], start: int, stop: int) -> dict[str, list[Any]]:
    return {name: values[start:stop] for name, values in rows.items()}


def _told(found: Findings, measure: str, label: str | None = None) -> Finding:
    finding = found.get(measure, label=label)
    assert finding is not None, measure
    return finding


# ------------------------------------------------------------------- sums


@given(parts=st.lists(st.integers(0, 60), min_size=1, max_size=6), seed=st.integers(0, 50))
@hypothesis_settings(max_examples=30, deadline=None)
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_tallies_of_versions_add(task: str, parts: list[int], seed: int) -> None:
    """What is counted of parts adds to what is counted of all, bit for bit, by version; so do files of it."""
    total = sum(parts)
    rows = _trips(total, seed) if task == "regression" else _answers(total, seed)
    reference, ruler = _reference(task), _ruler(task)
    added = ruler.count(reference.encode(_part(rows, 0, 0)))
    at = 0
    for part in parts:
        added = added + ruler.count(reference.encode(_part(rows, at, at + part)))
        at += part
    whole = ruler.count(reference.encode(rows))
    assert added == whole
    assert ruler.tally_of(whole.facts(), whole.arrays()) == whole
    assert sum(tally.n for tally in whole.versions.values()) == total


def test_sums_are_those_of_the_losses() -> None:
    """Means and variances are those of the rows' own losses; rows without a version, prediction or target have none."""
    rows = _trips(500, 2)
    rows["model"][0], rows["prediction"][1], rows["target"][2] = None, None, math.inf
    tally = _ruler().count(_reference().encode(rows))
    kept = [at for at in range(3, 500) if rows["model"][at] == "v2"]
    errors = np.array([rows["prediction"][at] - rows["target"][at] for at in kept])
    found = tally.versions["v2"]
    assert (found.n, tally.n, sum(each.n for each in tally.versions.values())) == (len(kept), 500, 497)
    for at, (loss, values) in enumerate(zip(_ruler().losses, (np.abs(errors), errors**2), strict=True)):
        assert found.mean(at, loss.quantum) == pytest.approx(values.mean(), rel=1e-6)
        assert found.variance(at, loss.quantum) == pytest.approx(values.var(ddof=1), rel=1e-6)


def test_a_comparison_counts_the_champion_from_the_challengers_first_row_on() -> None:
    """What the champion lost before a challenger began is no part of their comparison, however rows came together."""
    rows = _trips(400, 3)
    rows["model"] = ["v1"] * 250 + ["v2", "v1", "v1"] * 50
    ruler, reference = _ruler(), _reference()
    at_once, in_parts = Comparison(ruler, "v1"), Comparison(ruler, "v1")
    at_once.add(reference.encode(rows))
    for start in range(0, 400, 40):
        in_parts.add(reference.encode(_part(rows, start, start + 40)))
    since = ruler.count(reference.encode(_part(rows, 250, 400)))
    for comparison in (at_once, in_parts):
        assert comparison.champion.n == 350
        assert comparison.pairs["v2"] == (since.versions["v2"], since.versions["v1"])
    other = Comparison(ruler, "v1")
    other.restore(in_parts.state())
    assert (other.champion, other.pairs) == (in_parts.champion, in_parts.pairs)
    promoted = Comparison(ruler, "v2")
    promoted.restore(in_parts.state())
    assert (promoted.champion.n, promoted.pairs) == (0, {})


# -------------------------------------------------------------- sequences


def _means(
    losses: NDArray[np.float64], is_new: NDArray[np.bool_], every: int
) -> list[tuple[LossTally, LossTally]]:
    """Give the tallies of both versions after every so many rows, in whole quanta of 2^-16."""
    quanta = np.rint(losses * 65536.0).astype(np.int64)
    pairs = []
    for part in (is_new, ~is_new):
        n, total, square = (
            np.cumsum(np.where(part, each, 0))[every - 1 :: every].tolist()
            for each in (np.ones(len(quanta), np.int64), quanta, quanta * quanta)
        )
        pairs.append([LossTally(*each) for each in zip(n, zip(total), zip(square), strict=True)])
    return list(zip(*pairs, strict=True))


def _decisions(loss: Loss, tallies: list[tuple[LossTally, LossTally]]) -> list[int]:
    """Give 1 for better, -1 for worse, 0 for neither, at each look."""
    found = (difference(loss, 0, new, old, ALPHA) for new, old in tallies)
    return [0 if isinstance(each, Undefined) else int(each.upper < 0) - int(each.lower > 0) for each in found]


@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize("losses", ["exponential", "lognormal", "heavy"])
def test_no_difference_is_seldom_called_one(losses: str, share: float) -> None:
    """Of streams without a difference, looked at again and again, no more than alpha are ever decided."""
    rng = np.random.default_rng(7)
    loss, wrong, streams = Loss("mean_absolute_error", 2.0**-16), 0, 150
    for _ in range(streams):
        drawn = {
            "exponential": lambda: rng.exponential(1.0, 4000),
            "lognormal": lambda: rng.lognormal(0.0, 1.0, 4000),
            "heavy": lambda: np.minimum(rng.lognormal(0.0, 2.0, 4000), 2.0**14),
        }[losses]()
        wrong += any(_decisions(loss, _means(drawn, rng.random(4000) < share, 20)))
    # 7.5 are expected at most; more than 14 come once in a hundred of such tests
    assert wrong <= 14


def test_no_difference_of_errors_is_seldom_called_one() -> None:
    """Of 0-1 losses the sequence is exact: also from the first row on, looked at after every one."""
    rng = np.random.default_rng(8)
    loss, wrong = Loss("error_rate", 1.0, binary=True), 0
    for _ in range(60):
        is_wrong, is_new = (rng.random(600) < 0.2).astype(np.int64), rng.random(600) < 0.5
        tallies = []
        for part in (is_new, ~is_new):
            n, errors = np.cumsum(part).tolist(), np.cumsum(is_wrong * part).tolist()
            tallies.append([LossTally(rows, (bad,), (bad,)) for rows, bad in zip(n, errors, strict=True)])
        wrong += any(_decisions(loss, list(zip(*tallies, strict=True))))
    assert wrong <= 6


def test_a_proportion_holds_at_every_moment() -> None:
    """The interval of a probability covers it at every row of a stream, in all but alpha of the streams."""
    rng = np.random.default_rng(9)
    missed = 0
    for _ in range(150):
        successes = np.cumsum(rng.random(400) < 0.1).tolist()
        found = [proportion(at + 1, bad, ALPHA) for at, bad in enumerate(successes)]
        missed += any(not each.lower <= 0.1 <= each.upper for each in found)
    assert missed <= 14
    assert proportion(0, 0, ALPHA) == (0.0, 1.0)
    assert proportion(50, 0, ALPHA).lower == 0.0
    assert proportion(50, 50, ALPHA).upper == 1.0


def test_a_difference_is_found() -> None:
    """A challenger that errs a fifth less is called better within some thousand rows, and one that errs more worse."""
    rng = np.random.default_rng(10)
    loss = Loss("mean_absolute_error", 2.0**-16)
    for factor, decision in ((0.8, 1), (1.25, -1)):
        is_new = rng.random(12_000) < 0.5
        losses = np.abs(rng.normal(0, 1, 12_000)) * np.where(is_new, factor, 1.0)
        assert _decisions(loss, _means(losses, is_new, 100))[-1] == decision


def test_few_rows_that_have_it_all_are_not_enough() -> None:
    """Losses of which a few rows make up the sum are worth few rows, and are not compared."""
    ones = LossTally(500, (500,), (500,))
    one = LossTally(500, (500 + 10**6,), (500 + 10**12,))
    assert (ones.worth(0), round(one.worth(0), 2)) == (500.0, 1.0)
    found = difference(Loss("mean_absolute_error", 1.0), 0, one, ones, ALPHA)
    assert isinstance(found, Undefined)
    assert f"it takes {LEAST_WORTH}" in found.why


# --------------------------------------------------------------- findings


def test_a_monitor_compares_all_labelled_rows() -> None:
    """Findings are of every labelled row since a version began, not of those of the window; labels may come late."""
    rows = _trips(3000, 11, better=0.4)
    truth = rows.pop("target")
    monitor = Monitor("taxi", _reference(), SETTINGS)
    for start in range(0, 3000, 100):
        monitor.push(_part(rows, start, start + 100))
        monitor.label(rows["id"][start : start + 100], truth[start : start + 100])
    found = monitor.findings()
    assert _told(found, "labelled_rows", "v1").value == rows["model"].count("v1")
    decision = _told(found, "mean_absolute_error_decision", "v2")
    assert decision.value == 1.0
    assert decision.cause.startswith("v2 is better than v1: mean absolute error -0.")
    lower, upper = (
        _told(found, f"mean_absolute_error_against_champion_{end}", "v2").value for end in ("lower", "upper")
    )
    apart = _told(found, "mean_absolute_error_against_champion", "v2").value
    assert lower is not None
    assert upper is not None
    assert apart is not None
    assert lower < apart < upper < 0
    # a label that is corrected was counted
    monitor.label(rows["id"][-1:], [truth[-1] + 1e6])
    assert _told(monitor.findings(), "mean_absolute_error_against_champion", "v2").value == apart


def test_one_absurd_prediction_does_not_keep_a_comparison_undecided() -> None:
    """An error beyond any that the reference lets expect counts as the largest that does; the decision comes."""
    rows = _trips(3000, 11, better=0.4)
    rows["prediction"][rows["model"].index("v2")] = 1e300
    monitor = Monitor("taxi", _reference(), SETTINGS)
    monitor.push(rows)
    found = monitor.findings()
    assert _told(found, "mean_absolute_error_decision", "v2").value == 1.0
    error = _told(found, "mean_absolute_error", "v2").value
    assert error is not None
    assert error < _told(found, "mean_absolute_error", "v1").value


@pytest.mark.parametrize("named", ["1.0", "1"])
@pytest.mark.parametrize("numbers", [(1.0, 2.0), ("1.0", "2.0")])
def test_a_version_that_is_a_number(named: str, numbers: tuple[Any, Any]) -> None:
    """A champion that the config calls 1.0 is found in a column of numbers as in one of text, live and in batches."""
    rows = _trips(400, 16)
    rows["model"] = [numbers[version == "v2"] for version in rows["model"]]
    reference, settings = _reference(), Settings(window=Window(rows=100), versions=Versions(named))
    monitor = Monitor("taxi", reference, settings)
    monitor.push(rows)
    batch = judge("taxi", reference, count(TableSource(rows), reference, now=0.0), settings).findings
    is_found = (named, numbers[0]) != ("1", "1.0")
    for found in (monitor.findings(), batch):
        assert _told(found, "labelled_rows", named).value == (
            rows["model"].count(numbers[0]) if is_found else 0
        )


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_live_and_batch_compare_alike(task: str) -> None:
    """Where all versions began with the first row, a batch of all rows and a live watch say the same."""
    rows = _trips(800, 12) if task == "regression" else _answers(800, 12, wrong=(0.3, 0.1))
    rows["model"][0] = "v2"
    reference = _reference(task)
    monitor = Monitor("taxi", reference, SETTINGS)
    for start in range(0, 800, 90):
        monitor.push(_part(rows, start, start + 90))
    batch = judge("taxi", reference, count(TableSource(rows), reference, now=0.0), SETTINGS).findings
    live = monitor.findings()
    told = [finding for finding in batch if finding.label in ("v1", "v2")]
    assert len(told) == {"regression": 14, "classification": 8}[task]
    for finding in told:
        assert live.get(*finding.key) == finding
    if task == "classification":
        assert _told(batch, "error_rate_decision", "v2").value == 1.0


def test_a_version_column_is_not_watched_for_drift() -> None:
    """That a challenger begins is no drift; that rows lack their version is told."""
    reference = _reference()
    assert "model" not in {column.name for column in reference.schema.measured}
    monitor = Monitor("taxi", reference, SETTINGS)
    rows = _trips(100, 13)
    del rows["model"]
    monitor.push(rows)
    found = monitor.findings()
    assert not [finding for finding in found if finding.column == "model"]
    assert _told(found, "missing_columns").value == 1.0
    assert _told(found, "mean_absolute_error", "v1").why == "no labelled rows of this version yet"


def test_what_cannot_be() -> None:
    """Segments of versions, and a confidence that is none, are refused."""
    with pytest.raises(SchemaError, match="the version column"):
        Reference.of(_trips(100, 14), version="model", segments=["model"])
    with pytest.raises(ConfigError, match="confidence"):
        Versions("v1", confidence=1.0)


def test_a_reference_may_know_its_version() -> None:
    """A reference whose rows say their version keeps none of its names: every version of later rows is as new."""
    rows = _trips(300, 15)
    reference = Reference.of(rows, version="model")
    again = Reference.from_bytes(reference.to_bytes())
    assert again.digest == reference.digest
    monitor = Monitor("taxi", again, SETTINGS)
    monitor.push(rows)
    assert _told(monitor.findings(), "labelled_rows", "v2").value == rows["model"].count("v2")
