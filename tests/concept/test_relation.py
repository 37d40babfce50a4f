"""A change of the relation is found where it is; inputs that move, and nothing that moves, are no such change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from modelvane.concept.ruler import ConceptRuler
from modelvane.concept.windows import Look, drawn_nulls
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.evaluation import evaluate
from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.settings import Settings, Window

ROLES = {"prediction": "prediction", "target": "target", "time": "at"}
SIGNALS = ("mean_error", "mean_absolute_error")


def trips(seed: int, n: int, *, longer: float = 0.0, slower: float = 0.0) -> dict[str, Any]:
    """Give trips whose model is best at short ones.

    Parameters
    ----------
    longer
        Share of the short ones that are none any more: the inputs move.
    slower
        What trips of the south take longer: the relation moves.
    """
    draw = np.random.default_rng(seed)
    distance = draw.gamma(2.0, 2.0, n)
    kept = (distance > 3) | (draw.random(n) > longer)
    distance = distance[kept]
    n = len(distance)
    zone = draw.choice(["north", "south", "west"], n, p=[0.5, 0.3, 0.2])
    prediction = 3 * distance + 2
    truth = prediction + 0.3 * (distance - 4) + slower * (zone == "south") + draw.normal(0, 1, n)
    return {
        "at": 1.6e9 + np.sort(draw.random(n)) * 86_400,
        "distance": distance,
        "zone": zone,
        "passengers": draw.integers(1, 6, n),
        "prediction": prediction,
        "target": truth,
    }


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Give trips of a usual day, in no particular order: without a usual range."""
    rows = {name: column for name, column in trips(0, 8000).items() if name != "at"}
    return Reference.of(rows, prediction="prediction", target="target")


def found(reference: Reference, rows: dict[str, Any]) -> Findings:
    """Watch a window of these rows."""
    monitor = Monitor("trips", reference, Settings(Window(rows=len(rows["target"]))))
    monitor.push({name: column for name, column in rows.items() if name in reference.schema.names})
    return monitor.findings()


def relation(findings: Findings, signal: str, column: str | None = None) -> Finding:
    """Give the finding of how far a signal's relation moved."""
    finding = findings.get(f"{signal}_relation", column)
    assert finding is not None
    return finding


def alarms(findings: Findings) -> list[str]:
    """Name what of the relation alarms."""
    return [
        f"{f.measure} {f.column}"
        for f in findings
        if f.family is Family.CONCEPT and f.verdict is Verdict.ALARM
    ]


def test_nothing_that_changed_is_no_alarm(reference: Reference) -> None:
    """Held-out windows of every size are within the lines, at a budget of a hundred alarms in a hundred windows."""
    loose = Settings(budget=0.5)
    raised = 0
    for seed in range(1, 61):
        for rows in (60, 500, 3000):
            monitor = Monitor("trips", reference, Settings(Window(rows=rows), budget=loose.budget))
            monitor.push({k: v for k, v in trips(seed, rows).items() if k != "at"})
            raised += bool(alarms(monitor.findings()))
    # 0.05 windows of each alarm: its tenth pays for windows that overlap, which these do not
    assert raised <= 0.05 * 180 + 3 * np.sqrt(0.05 * 180)


def test_inputs_that_moved_are_told_as_such(reference: Reference) -> None:
    """Where short trips stay away errors grow, inputs explain it by the right column, and the relation is as it was."""
    findings = found(reference, trips(1, 9000, longer=0.9))
    assert alarms(findings) == []
    share = findings.get("mean_error_relation_share")
    assert share is not None
    assert share.value is not None
    assert share.value < 0.2
    assert share.cause == "the inputs moved"
    effects = {f.column: abs(f.value or 0.0) for f in findings if f.measure == "mean_error_by_inputs"}
    del effects[None]
    assert max(effects, key=effects.__getitem__) in ("distance", "prediction")


def test_a_relation_that_moved_is_found_where_it_did(reference: Reference) -> None:
    """Trips of the south take half a minute longer: an alarm of that column, which names the bin and the half."""
    findings = found(reference, trips(2, 5000, slower=0.5))
    column = relation(findings, "mean_error", "zone")
    assert column.verdict is Verdict.ALARM
    assert column.cause.startswith("mean error where inputs are the same; south: -0.")
    assert relation(findings, "mean_error").verdict is Verdict.ALARM
    share = findings.get("mean_error_relation_share")
    assert share is not None
    assert share.cause == "the relation moved"
    # what moved in the south alone is farthest in the column that tells the south from the rest
    others = [
        relation(findings, "mean_error", name).value or 0.0
        for name in ("distance", "passengers", "prediction")
    ]
    assert column.value is not None
    assert column.value > max(others)


def test_both_together_are_taken_apart(reference: Reference) -> None:
    """Inputs that moved do not hide a relation that moved, nor make it larger than it is."""
    findings = found(reference, trips(3, 9000, longer=0.9, slower=0.5))
    by_relation = findings.get("mean_error_by_relation")
    assert by_relation is not None
    assert by_relation.value == pytest.approx(-0.3 * 0.5, abs=0.05)
    assert relation(findings, "mean_error", "zone").verdict is Verdict.ALARM


@pytest.mark.parametrize("kind", ["classes", "scores"])
def test_classes_are_watched_as_well(kind: str) -> None:
    """A classifier that begins to err in one zone is found there, by its classes or by their probabilities."""

    def rows(seed: int, n: int, *, wrong: float) -> dict[str, Any]:
        draw = np.random.default_rng(seed)
        zone, x = draw.choice(["north", "south"], n), draw.normal(0, 1, n)
        score = 1 / (1 + np.exp(-2 * x))
        truth = draw.random(n) < score
        truth ^= (zone == "south") & (draw.random(n) < wrong)
        guess = score if kind == "scores" else np.where(score > 0.5, "yes", "no")
        return {"zone": zone, "x": x, "guess": guess, "truth": np.where(truth, "yes", "no")}

    known = Reference.of(rows(0, 4000, wrong=0.0), prediction="guess", target="truth", task="classification")
    signal = "log_loss" if kind == "scores" else "error_rate"
    monitor = Monitor("classes", known, Settings(Window(rows=3000)))
    monitor.push(rows(1, 3000, wrong=0.0))
    assert alarms(monitor.findings()) == []
    monitor.push(rows(2, 3000, wrong=0.25))
    findings = monitor.findings()
    assert relation(findings, signal, "zone").verdict is Verdict.ALARM
    assert "south: +" in relation(findings, signal, "zone").cause


def test_errors_that_are_rare_are_no_alarm() -> None:
    """Where one class of 50 is wrong, a bin in which none was is as any other: a wrong one in it is no change."""
    draw = np.random.default_rng(8)

    def guesses(n: int) -> dict[str, Any]:
        x, y, truth = *draw.normal(0, 1, (2, n)), draw.random(n) < 0.5
        return {"x": x, "y": y, "guess": np.where(draw.random(n) < 0.02, ~truth, truth), "truth": truth}

    alarms = 0
    for _ in range(3):
        known = Reference.of(guesses(4000), prediction="guess", target="truth", task="classification")
        monitor = Monitor("guesses", known, Settings(Window(rows=1000)))
        for _ in range(8):
            monitor.push(guesses(1000))
            alarms += any(
                each.verdict is Verdict.ALARM for each in monitor.findings() if each.family is Family.CONCEPT
            )
    assert alarms == 0


def test_the_same_live_in_panes_and_in_a_batch() -> None:
    """The last rows, a window of time, a table and its merged slices give the same findings."""
    known = Reference.of(trips(0, 3000), **ROLES)
    rows = trips(5, 2000, slower=0.4)
    last = float(rows["at"][-1])
    windows = (Window(rows=5000), Window(seconds=2 * 86_400.0, panes=7))
    parts = [slice(at, at + 300) for at in range(0, len(rows["at"]), 300)]
    of_batch = count(TableSource(rows), known, slices=5, now=last)
    tallies = [of_batch.window.labelled]
    merged = of_batch.slices[0].labelled
    for one in of_batch.slices[1:]:
        merged += one.labelled
    tallies.append(merged)
    for window in windows:
        monitor = Monitor("trips", known, Settings(window), clock=lambda: last)
        for part in parts:
            monitor.push({name: column[part] for name, column in rows.items()})
        tallies.append(monitor.tally().labelled)
    stream, settings = of_batch.stream, Settings()
    evaluated = [evaluate("trips", known, settings, of_batch.window.rows, each, stream) for each in tallies]
    told = [[finding for finding in each if finding.family is Family.CONCEPT] for each in evaluated]
    assert told[0]
    assert all(each == told[0] for each in told[1:])


def test_what_is_undefined_says_why() -> None:
    """Without labels nothing is claimed; without a target, or with too few of them, nothing is measured."""
    known = Reference.of(trips(0, 400), **ROLES)
    monitor = Monitor("trips", known, Settings(Window(rows=50)))
    monitor.push({name: column for name, column in trips(1, 50).items() if name != "target"})
    findings = [f for f in monitor.findings() if f.family is Family.CONCEPT]
    assert {(f.verdict, f.why) for f in findings} == {(Verdict.UNDEFINED, "no labelled rows in the window")}
    assert {f.measure.removeprefix("mean_error_") for f in findings} >= {
        "relation",
        "by_inputs",
        "by_relation",
    }
    few = Reference.of(trips(0, 60), **ROLES)
    assert few.row_rulers == {}
    left_out = Monitor("trips", known.leaving_out(["concept"]), Settings(Window(rows=50)))
    left_out.push(trips(1, 50))
    assert [f for f in left_out.findings() if f.family is Family.CONCEPT] == []


def test_real_trips_are_told_apart(taxi_data: Path) -> None:
    """Of trips drawn at random nothing alarms; of long ones the inputs moved; slower ones are another relation."""
    table = pq.read_table(taxi_data / "green_tripdata_2021-01.parquet")
    taken = (
        table["lpep_dropoff_datetime"].to_numpy() - table["lpep_pickup_datetime"].to_numpy()
    ) / np.timedelta64(1, "m")
    distance = table["trip_distance"].to_numpy()
    usual = (taken >= 1) & (taken <= 60) & (distance > 0) & (distance < 30)
    draw = np.random.default_rng(0)
    order = draw.permutation(np.flatnonzero(usual))
    columns = {
        "distance": distance,
        "fare": table["fare_amount"].to_numpy(),
        "pickup": table["PULocationID"].to_numpy().astype(str),
        "hour": table["lpep_pickup_datetime"].to_numpy().astype("datetime64[h]").astype(int) % 24,
        "prediction": 5 + 3.5 * distance,
        "target": taken,
    }

    def rows(index: Any) -> dict[str, Any]:
        return {name: column[index] for name, column in columns.items()}

    known = Reference.of(
        rows(order[:30_000]), prediction="prediction", target="target", categorical=["pickup"]
    )
    held_out = order[30_000:]
    assert alarms(found(known, rows(held_out[:5000]))) == []
    long = found(known, rows(held_out[columns["distance"][held_out] > 4][:5000]))
    share = long.get("mean_error_relation_share")
    assert share is not None
    assert share.cause == "the inputs moved"
    slower = rows(held_out[:5000])
    slower["target"] = slower["target"] * 1.1
    findings = found(known, slower)
    assert relation(findings, "mean_error").verdict is Verdict.ALARM
    share = findings.get("mean_error_relation_share")
    assert share is not None
    assert share.cause == "the relation moved"


def test_a_handful_of_rows_of_a_rare_category_is_no_alarm() -> None:
    """Where the reference has too few rows of the rare categories even together, their errors tell nothing."""
    draw = np.random.default_rng(8)

    def rows(n: int, rare: int, off: float) -> dict[str, Any]:
        truth = draw.normal(0, 1, n)
        truth[:rare] += off
        zone = np.where(np.arange(n) < rare, "island", draw.choice(["north", "south"], n))
        return {"zone": zone, "prediction": np.zeros(n), "target": truth}

    reference = Reference.of(rows(8000, 12, 0.0), prediction="prediction", target="target")
    findings = found(reference, rows(2000, 3, 30.0))
    assert relation(findings, "mean_error", "zone").verdict is Verdict.OK
    ruler = reference.row_rulers["concept"]
    assert isinstance(ruler, ConceptRuler)
    of_zones = ruler.variance[0, ruler.places["zone"]]
    assert np.isfinite(of_zones).tolist() == [True, True, False, False]


def test_the_null_is_no_narrower_than_chi_square() -> None:
    """Means of errors of one size are narrower than a normal's, and so is what is drawn of them; the null is not."""
    left = np.tile([-1.0, 1.0], 500)[None]
    look = Look(np.zeros(1000, np.uint8), left, np.ones((1, 1)))
    null = drawn_nulls({"": look})[""][0]
    rows = np.random.default_rng(0).integers(0, 1000, (2000, 5))
    assert look.squares(rows)[0].std() < null.mean[0] * np.sqrt(2)
    assert (null.std >= null.mean * np.sqrt(2)).all()
    assert (null.skew >= np.sqrt(8)).all()
