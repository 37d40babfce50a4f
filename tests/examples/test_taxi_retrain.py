"""The taxi model's retrain: what it trains on, when it promotes, and what it leaves behind."""

from __future__ import annotations

import datetime as dt
import json
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
from examples.taxi.recent import recent_trips

from modelvane.config import Config
from modelvane.references import load_reference
from modelvane.store import open_log
from modelvane.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

ROWS = 1200


@pytest.fixture
def folder(model: DurationModel, trips: pa.Table, tmp_path: Path) -> Path:
    """Give a folder as the demo leaves it: a config, a model, a reference, and no trips logged yet."""
    config = yaml.safe_load((Path(retrain.__file__).with_name("config.yaml")).read_text())
    config["service"]["store"] = "sqlite:///taxi.db"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    model.save(tmp_path / "model.skops")
    pq.write_table(build_reference_table(trips), tmp_path / "reference.parquet")
    return tmp_path


def log(folder: Path, trips: pa.Table, duration: Callable[[float], float], labelled: int = ROWS) -> None:
    """Log trips and their labels, the durations changed."""
    config = Config.load(folder / "config.yaml")
    schema = load_reference(config, "taxi").schema
    rows = trips.slice(0, ROWS).to_pylist()
    with open_log(config.store_url) as store:  # type: ignore[attr-defined] # a log of SQLite
        store.open("taxi", schema)
        records = [
            {
                **row,
                "lpep_pickup_datetime": row["lpep_pickup_datetime"].isoformat(),
                "prediction": 10.0,
                "id": f"{i}",
            }
            | {"duration": None}
            for i, row in enumerate(rows)
        ]
        store.append("taxi", Table.of_rows(records), 0.0)
        targets = [duration(row["duration"]) for row in rows[:labelled]]
        store.label("taxi", [f"{i}" for i in range(labelled)], targets, None, 1.0)


def recent(folder: Path, *, most: int = 20_000, least: int = 500, since: float | None = None) -> pa.Table:
    """Read the latest trips of the folder's log."""
    return recent_trips(folder / "config.yaml", "taxi", most=most, least=least, since=since)


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
    log(folder, trips, lambda minutes: min(2 * minutes, 59.0))
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
    from modelvane.service.switching import check_schema, load_standing

    log(folder, trips, lambda minutes: min(2 * minutes, 59.0))
    outcome = retrain.retrain(settings(folder))
    config = Config.load(folder / "config.yaml")
    before = load_standing(config, "taxi", None)
    check_schema("taxi", before.schema, load_standing(config, "taxi", Path(outcome["reference"])).schema)


def test_held_out_trips_are_the_latest(folder: Path, trips: pa.Table) -> None:
    """Training ends before the comparison begins: a change at the very end is not trained on."""
    log(folder, trips, lambda minutes: minutes)
    found = recent(folder, most=1000)
    times = found["lpep_pickup_datetime"].to_pylist()
    assert (len(times), times) == (1000, sorted(times))


def test_trips_of_the_evidence_are_taken_where_they_suffice(folder: Path, trips: pa.Table) -> None:
    """From a moment on, if there are enough trips since; all recent ones otherwise."""
    log(folder, trips, lambda minutes: minutes)
    times = trips.slice(0, ROWS)["lpep_pickup_datetime"].to_pylist()
    moment = times[600].replace(tzinfo=dt.UTC).timestamp()
    assert recent(folder, since=moment).num_rows == 600
    assert recent(folder, since=moment, least=800).num_rows == ROWS


def test_broken_trips_are_left_out(folder: Path, trips: pa.Table) -> None:
    """Trips with values that no model can compute with, or a duration that is a mistake, are not trained on."""
    index = trips.schema.get_field_index("trip_distance")
    distances: list[Any] = trips["trip_distance"].to_pylist()
    distances[5] = None
    log(
        folder,
        trips.set_column(index, "trip_distance", [distances]),
        lambda minutes: minutes if minutes > 5 else 600.0,
    )
    kept = sum(
        minutes > 5 and row != 5 for row, minutes in enumerate(trips.slice(0, ROWS)["duration"].to_pylist())
    )
    assert recent(folder).num_rows == kept


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
    log(folder, trips, lambda minutes: min(2 * minutes, 59.0))
    assert retrain.main(config) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["version"] == versions.current() != first
    # nobody listens there
    assert retrain.main([*config, "--roll-back", "--monitor=http://127.0.0.1:9"]) == 1
    assert versions.current() == first
    assert "still compares" in capsys.readouterr().err
    assert retrain.main([*config, "--roll-back"]) == 1
    assert "no version before" in capsys.readouterr().err


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
