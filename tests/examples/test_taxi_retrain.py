"""The taxi model's retrain: what it trains on, when it promotes, and what it leaves behind."""

from __future__ import annotations

import datetime as dt
import json
import math
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from examples.shared.versions import Versions
from examples.taxi import retrain
from examples.taxi.comparison import compare
from examples.taxi.following import MODEL_FILE, REFERENCE_FILE
from examples.taxi.model import DurationModel, build_reference_table
from examples.taxi.recent import NotYetError, fires_since, recent_trips

from modelvane.config import Config
from modelvane.events import Event, Kind
from modelvane.findings import Verdict
from modelvane.monitor import Monitor
from modelvane.references import load_reference
from modelvane.service.switching import check_schema
from modelvane.settings import Alarm, Settings, Window
from modelvane.store import open_log
from modelvane.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

ROWS = 1200
FIRED = 1_700_000_000.0
SCALE = 2.5


def twice(minutes: float) -> float:
    """Give the duration of a trip in a world where all take twice as long."""
    return min(2 * minutes, 59.0)


@pytest.fixture
def folder(model: DurationModel, trips: pa.Table, tmp_path: Path) -> Path:
    """Give a folder as the demo leaves it: a config, a model, a reference, and no trips logged yet."""
    config = yaml.safe_load((Path(retrain.__file__).with_name("config.yaml")).read_text())
    config["service"]["store"] = "sqlite:///taxi.db"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    model.save(tmp_path / "model.skops")
    pq.write_table(build_reference_table(trips), tmp_path / "reference.parquet")
    return tmp_path


def log(
    folder: Path,
    trips: pa.Table,
    duration: Callable[[float], float],
    labelled: int = ROWS,
    *,
    first: int = 0,
    rows: int = ROWS,
    scale: float = 1.0,
    received: float = 0.0,
) -> None:
    """Log trips and their labels, the durations and the distances changed."""
    config = Config.load(folder / "config.yaml")
    schema = load_reference(config, "taxi").schema
    taken = trips.slice(first, rows).to_pylist()
    with open_log(config.store_url) as store:  # type: ignore[attr-defined] # a log of SQLite
        store.open("taxi", schema)
        records = [
            {
                **row,
                "lpep_pickup_datetime": row["lpep_pickup_datetime"].isoformat(),
                "trip_distance": row["trip_distance"] and scale * row["trip_distance"],
                "prediction": 10.0,
                "id": f"{i}",
            }
            | {"duration": None}
            for i, row in enumerate(taken, first)
        ]
        store.append("taxi", Table.of_rows(records), received)
        targets = [duration(row["duration"]) for row in taken[:labelled]]
        ids = [f"{i}" for i in range(first, first + len(targets))]
        store.label("taxi", ids, targets, None, received + 1.0)


def tell(folder: Path, *events: Event) -> None:
    """Let the log know of events."""
    with open_log(Config.load(folder / "config.yaml").store_url) as store:  # type: ignore[attr-defined] # as above
        store.append_events(events)


def heard(status: str, at: float, *, begun: float = FIRED, name: str = "DatasetDrift") -> Event:
    """Give the event of an alert that Alertmanager told of."""
    begin = dt.datetime.fromtimestamp(begun, dt.UTC).isoformat()
    return Event(
        Kind(f"alert_{status}"), at, "taxi", name, {"labels": {"alertname": name}, "startsAt": begin}
    )


def read(
    folder: Path, *, alert: str = "", most: int = 20_000, least: int = 500, wait: float = 0.0
) -> pa.Table:
    """Read the trips of the folder's log."""
    return recent_trips(folder / "config.yaml", "taxi", alert=alert, most=most, least=least, wait=wait)


def settings(folder: Path, **more: Any) -> retrain.Settings:
    """Give the settings of a run in the folder."""
    return retrain.Settings(
        config=folder / "config.yaml",
        dataset="taxi",
        models=folder / "models",
        champion=folder / "model.skops",
        **more,
    )


def test_a_better_challenger_is_promoted(folder: Path, trips: pa.Table) -> None:
    """Where trips take twice as long as they did, the challenger becomes the current version, with its reference."""
    log(folder, trips, twice)
    outcome = retrain.retrain(settings(folder))
    assert outcome["promoted"], outcome
    assert outcome["challenger"] < outcome["champion"]
    versions = Versions(folder / "models")
    assert versions.current() == outcome["version"]
    DurationModel.load(versions.path(outcome["version"]) / MODEL_FILE)
    reference = pq.read_table(outcome["reference"])
    assert reference.num_rows == ROWS
    assert reference.column_names == pq.read_table(folder / "reference.parquet").column_names
    assert Path(outcome["reference"]) == versions.path(outcome["version"]) / REFERENCE_FILE


def test_the_champion_stays_when_the_challenger_is_worse(folder: Path, trips: pa.Table) -> None:
    """Where nothing changed, a challenger of fewer trips is no better, and nothing is written."""
    log(folder, trips, lambda minutes: minutes)
    outcome = retrain.retrain(settings(folder))
    assert not outcome["promoted"]
    assert "not better" in outcome["why"]
    assert not (folder / "models").exists()


def test_the_promoted_reference_has_the_schema_of_the_first(folder: Path, trips: pa.Table) -> None:
    """The monitor builds the same columns, roles and kinds from the new reference, so that it takes it."""
    log(folder, trips, twice)
    outcome = retrain.retrain(settings(folder))
    config = Config.load(folder / "config.yaml")
    before = load_reference(config, "taxi")
    check_schema("taxi", before.schema, load_reference(config, "taxi", Path(outcome["reference"])).schema)


def test_held_out_trips_are_the_latest(folder: Path, trips: pa.Table) -> None:
    """Training ends before the comparison begins: a change at the very end is not trained on."""
    log(folder, trips, lambda minutes: minutes)
    found = read(folder, most=1000)
    times = found["lpep_pickup_datetime"].to_pylist()
    assert (len(times), times) == (1000, sorted(times))


def test_only_trips_since_the_alert_fires_are_learned_from(folder: Path, trips: pa.Table) -> None:
    """Where half of the recent trips drifted, the new reference is of these alone, and their like does not drift."""
    half = ROWS // 2
    tell(folder, heard("firing", FIRED - 50, begun=FIRED - 60), heard("resolved", FIRED - 40))
    log(folder, trips, lambda minutes: minutes, rows=half, received=FIRED - 30)
    tell(folder, heard("firing", FIRED + 5), heard("firing", FIRED + 65))
    log(folder, trips, twice, first=half, rows=half, scale=SCALE, received=FIRED + 30)
    outcome = retrain.retrain(settings(folder, alert="DatasetDrift"))
    assert outcome["promoted"], outcome
    reference = pq.read_table(outcome["reference"])
    expected = [SCALE * miles for miles in trips.slice(half, half)["trip_distance"].to_pylist()]
    assert reference["trip_distance"].to_pylist() == expected

    version = Versions(folder / "models").path(outcome["version"])
    rows = [
        row | {"trip_distance": SCALE * row["trip_distance"], "target": twice(row["duration"])}
        for row in trips.slice(ROWS).to_pylist()
    ]
    predicted = DurationModel.load(version / MODEL_FILE).predict(rows)
    monitor = Monitor(
        "taxi",
        load_reference(Config.load(folder / "config.yaml"), "taxi", version / REFERENCE_FILE),
        Settings(window=Window(rows=len(rows)), alarm=Alarm.NOISE),
    )
    monitor.push([row | {"prediction": float(value)} for row, value in zip(rows, predicted, strict=True)])
    found = monitor.findings()
    drifted = found.get("dataset_drift")
    assert drifted is not None
    assert drifted.verdict is Verdict.OK, [f for f in found if f.verdict is Verdict.ALARM]


def test_too_few_trips_since_the_alert_fires_are_waited_for(
    folder: Path, trips: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until enough of them have their duration nothing is trained; a run that waits goes on as soon as they have."""
    log(folder, trips, lambda minutes: minutes, rows=900, received=FIRED - 30)
    tell(folder, heard("firing", FIRED + 5))
    log(folder, trips, twice, first=900, rows=100, received=FIRED + 30)
    with pytest.raises(NotYetError, match=r"100 trips with a duration of those since DatasetDrift fires"):
        retrain.retrain(settings(folder, alert="DatasetDrift", least=200))
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        log(folder, trips, twice, first=1000, rows=100, received=FIRED + 40)

    monkeypatch.setattr("examples.taxi.recent.time.sleep", nap)
    assert read(folder, alert="DatasetDrift", least=200, wait=3600).num_rows == 200
    assert len(naps) == 1


def test_the_drift_of_an_alert_that_is_over_is_not_learned(folder: Path, trips: pa.Table) -> None:
    """Trips since an alert that is resolved are of two worlds; those of an alert that nobody heard of are all."""
    log(folder, trips, lambda minutes: minutes)
    tell(folder, heard("firing", FIRED), heard("resolved", FIRED + 60))
    with pytest.raises(NotYetError, match="over"):
        read(folder, alert="DatasetDrift")
    assert read(folder, alert="PerformanceBelowLimit").num_rows == ROWS


def test_an_alert_fires_since_it_began_or_the_reference_was_switched() -> None:
    """Repeats and other alerts change nothing; one that goes on beside another reference begins anew with it."""
    events = [
        heard("firing", FIRED),
        heard("resolved", FIRED + 20),
        heard("firing", FIRED + 70, begun=FIRED + 60),
        heard("firing", FIRED + 80, begun=FIRED + 60),
        heard("firing", FIRED + 90, begun=FIRED + 90, name="QualityFault"),
        heard("resolved", FIRED + 95, name="QualityFault"),
    ]
    assert fires_since(events, "DatasetDrift") == FIRED + 60
    assert fires_since(events[:2], "DatasetDrift") == math.inf
    assert fires_since(events[4:], "DatasetDrift") is None
    switched = Event(Kind.REFERENCE_SWITCHED, FIRED + 100, "taxi", "another")
    assert fires_since([*events, switched], "DatasetDrift") == FIRED + 100
    assert fires_since([switched, *events], "DatasetDrift") == FIRED + 60


def test_broken_trips_are_left_out(folder: Path, trips: pa.Table) -> None:
    """Trips with values that no model can compute with, or a duration that is a mistake, are not trained on."""
    index = trips.schema.get_field_index("trip_distance")
    distances: list[Any] = trips["trip_distance"].to_pylist()
    distances[5], distances[6] = None, 50_000.0
    log(
        folder,
        trips.set_column(index, "trip_distance", [distances]),
        lambda minutes: minutes if minutes > 5 else 600.0,
    )
    kept = sum(
        minutes > 5 and row not in (5, 6)
        for row, minutes in enumerate(trips.slice(0, ROWS)["duration"].to_pylist())
    )
    assert read(folder).num_rows == kept


def test_too_few_labels_change_nothing(
    folder: Path, trips: pa.Table, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With too few labelled trips the champion stays, the outcome says why, in the file and as the last line."""
    log(folder, trips, lambda minutes: minutes, labelled=100)
    monkeypatch.setenv("MODELVANE_OUTCOME", str(folder / "outcome.json"))
    assert retrain.main(["--config", str(folder / "config.yaml")]) == 0
    outcome = json.loads((folder / "outcome.json").read_text())
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == outcome
    assert outcome["promoted"] is False
    assert "100 trips" in outcome["why"]


def test_the_command_begins_promotes_and_rolls_back(
    folder: Path, trips: pa.Table, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first version is the champion's file; a promotion follows; rolling back lets the first answer again.

    When the monitor could not be told, it says so.
    """
    config = ["--config", str(folder / "config.yaml")]
    versions = Versions(folder / "models")
    assert retrain.main([*config, "--initial"]) == 0
    first = versions.current()
    log(folder, trips, twice)
    assert retrain.main(config) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["version"] == versions.current() != first
    # nobody listens there
    assert retrain.main([*config, "--roll-back", "--monitor=http://127.0.0.1:9"]) == 1
    assert versions.current() == first
    assert "still compares" in capsys.readouterr().err
    assert retrain.main([*config, "--roll-back"]) == 1
    assert "no version before" in capsys.readouterr().err


def test_a_promotion_is_told_before_old_versions_go(
    folder: Path, trips: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When old versions cannot be removed, the outcome says all the same that another model answers."""

    def fail(_versions: Versions, _keep: int) -> list[str]:
        raise OSError("the folder is not yours")

    log(folder, trips, lambda minutes: min(2 * minutes, 59.0))
    monkeypatch.setattr(Versions, "prune", fail)
    monkeypatch.setenv("MODELVANE_OUTCOME", str(folder / "outcome.json"))
    with suppress(OSError):
        retrain.main(["--config", str(folder / "config.yaml")])
    outcome = json.loads((folder / "outcome.json").read_text())
    assert outcome["version"] == Versions(folder / "models").current()


def test_a_comparison_needs_more_than_chance() -> None:
    """The same small gain is beyond chance on many trips, and not on few; no gain never is."""
    dice = np.random.default_rng(3)
    target = dice.uniform(5, 40, 5000)
    champion = target + dice.normal(0, 5, 5000)
    challenger = target + 0.97 * (champion - target) + dice.normal(0, 0.5, 5000)
    assert compare(target, champion, challenger).is_better
    assert not compare(target[:20], champion[:20], challenger[:20]).is_better
    assert not compare(target, champion, champion).is_better
    assert not compare(target[:1], champion[:1], target[:1]).is_better
