"""References as the config names them, and what is wrong with them."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.serving import reference_rows, served, settings

from modelvane import references
from modelvane.config import Config
from modelvane.errors import ModelvaneError
from modelvane.reference import Reference
from modelvane.reference_checks import check_settings
from modelvane.references import load_reference


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give the reference as a CSV file."""
    rows = reference_rows(120)
    path = tmp_path / "reference.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def config(reference: Path, **dataset: Any) -> Config:
    return Config.of(settings(reference, **dataset), reference.parent)


class Builds:
    """Counts references that are built."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        build = Reference.of

        def counted(*args: Any, **kwargs: Any) -> Reference:
            self.count += 1
            return build(*args, **kwargs)

        monkeypatch.setattr(references.Reference, "of", counted)


def test_a_reference_is_built_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second start takes the reference that the first one built; it is the same, to the byte."""
    builds = Builds(monkeypatch)
    first, second = (load_reference(config(data), "taxi") for _ in range(2))
    assert builds.count == 1
    assert first.to_bytes() == second.to_bytes()


@pytest.mark.parametrize("store", ["postgresql://nobody/log", "mongodb://nobody"])
def test_a_reference_beside_a_log_elsewhere(data: Path, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the log is no file the reference is kept beside its data; a temporary log leaves nothing."""
    builds = Builds(monkeypatch)
    plain = settings(data)
    plain["service"] = {**plain.get("service", {}), "store": store}
    for _ in range(2):
        load_reference(Config.of(plain, data.parent), "taxi")
    assert builds.count == 1
    kept = data.with_name(f"{data.name}.references")
    assert len(list(kept.iterdir())) == 1
    shutil.rmtree(kept)
    plain["service"]["store"] = "sqlite://"
    load_reference(Config.of(plain, data.parent), "taxi")
    assert not kept.exists()


def test_a_reference_is_built_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other data, settings or another version build another reference, and only the newest is kept."""
    builds = Builds(monkeypatch)
    load_reference(config(data), "taxi")
    load_reference(config(data, segments=["zone"]), "taxi")
    assert builds.count == 2
    state = data.stat()
    os.utime(data, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))
    load_reference(config(data, segments=["zone"]), "taxi")
    assert builds.count == 3
    monkeypatch.setattr(references, "__version__", "99")
    load_reference(config(data, segments=["zone"]), "taxi")
    assert builds.count == 4
    kept = list((data.parent / "modelvane.db.references").iterdir())
    assert len(kept) == 1
    kept[0].write_bytes(b"damaged")
    load_reference(config(data, segments=["zone"]), "taxi")
    assert builds.count == 5


def test_a_folder_that_cannot_be_written(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where the reference cannot be kept it is used all the same, and the log says so."""
    (data.parent / "modelvane.db.references").write_text("in the way")
    assert load_reference(config(data), "taxi").rows == 120
    assert "not kept" in caplog.text


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ({"segments": ["zome"]}, "zone"),
        ({"column_mapping": {"numerical_features": ["trip_distence"]}}, "trip_distance"),
        ({"column_mapping": {"categorical_features": ["nothing"]}}, "nothing"),
        ({"reference_file": "absent.csv"}, "absent.csv"),
        ({"reference_file": "absent.mv"}, "absent.mv"),
        ({"reference_file": "reference.xlsx"}, "xlsx"),
    ],
)
def test_what_the_data_lacks(data: Path, dataset: dict[str, Any], said: str) -> None:
    """A file, a column or a segment that is not there is an error at the start, with the nearest name."""
    with pytest.raises(ModelvaneError, match=said):
        load_reference(config(data, **dataset), "taxi")


def test_too_few_rows(data: Path) -> None:
    """A reference with fewer rows than ``min_reference_size`` is refused."""
    plain = settings(data, {"min_reference_size": 121})
    with pytest.raises(ModelvaneError, match="121 rows or more"):
        load_reference(Config.of(plain, data.parent), "taxi")


def test_a_saved_reference_without_what_is_asked_for(reference: Path) -> None:
    """A saved reference without the facts of `compat: evidently`, or of other segments, is refused."""
    with pytest.raises(ModelvaneError, match="no facts"):
        load_reference(Config.of(settings(reference) | {"compat": "evidently"}), "taxi")
    with pytest.raises(ModelvaneError, match="other segments"):
        load_reference(config(reference, segments=["zone"]), "taxi")
    with pytest.raises(ModelvaneError, match="or time_zone"):
        load_reference(config(reference, reference_period="hour_of_week"), "taxi")


def test_a_saved_reference_has_the_segments_that_are_asked_for(data: Path) -> None:
    """A reference is taken where the config asks for its pairs and bins, and refused for other edges."""
    asked = ["zone", ["zone", "trip_distance"], {"column": "trip_distance", "edges": [2, 5]}]
    built = load_reference(config(data, segments=asked), "taxi")
    assert [each.plain() for each in built.schema.segments][2] == {
        "column": "trip_distance",
        "edges": [2.0, 5.0],
    }
    saved = data.parent / "saved.mv"
    built.save(saved)
    assert load_reference(config(saved, segments=asked), "taxi").tally == built.tally
    other = [*asked[:2], {"column": "trip_distance", "edges": [2, 6]}]
    with pytest.raises(ModelvaneError, match=r"other segments.*2\.0, 6\.0.*2\.0, 5\.0"):
        load_reference(config(saved, segments=other), "taxi")


def test_a_reference_by_hour_of_the_week(tmp_path: Path) -> None:
    """The config says by whose clock; one that is saved is taken as it is where the config says nothing."""
    hours = range(15 * 24)
    lines = [f"{1_609_718_400 + 3600 * hour},{hour % 24 + minute},7" for hour in hours for minute in range(5)]
    data = tmp_path / "reference.csv"
    data.write_text("time,trip_distance,prediction\n" + "\n".join(lines))
    asked = {"reference_period": "hour_of_week", "time_zone": "America/New_York", "drift": {}}
    asked |= {"column_mapping": {"target": None, "numerical_features": ["trip_distance"]}}
    built = load_reference(config(data, **asked), "taxi")
    assert built.hourly is not None
    assert built.hourly.hours.zone == "America/New_York"
    saved = tmp_path / "reference.mv"
    built.save(saved)
    assert load_reference(config(saved), "taxi").hourly is not None
    with pytest.raises(ModelvaneError, match="America/New_York"):
        load_reference(config(saved, **asked | {"time_zone": "UTC"}), "taxi")
    data.write_text("trip_distance,prediction\n1,7\n2,8\n")
    with pytest.raises(ModelvaneError, match="no times"):
        load_reference(config(data, **asked), "taxi")


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ({"drift": {"columns": {"trip_distence": "psi"}}}, "trip_distance"),
        ({"drift": {"columns": {"zone": "kolmogorov_smirnov"}}}, "kolmogorov_smirnov"),
        ({"thresholds": {"zome": 0.1}}, "zone"),
        ({"thresholds": {"zone.missing_shore": 0.1}}, "missing_share"),
        ({"thresholds": {"root_mean_square_error": 4.0}}, "root_mean_squared_error"),
        ({"thresholds": {"missing_share": 0.1}}, r"Did you mean '.+\.missing_share'"),
        ({"thresholds": {"trip_distance.kolmogorov_smirnov": 0.1}}, "Unknown measure"),
        ({"thresholds": {"trip_distance.quantile": 0.1}}, "Unknown measure"),
        ({"thresholds": {"trip_distance.unseen_share": 0.1}}, "Unknown measure"),
        ({"thresholds": {"zone.infinite_share": 0.1}}, "Unknown measure"),
        ({"thresholds": {"psi": 0.1}}, "Unknown column or measure"),
        ({"thresholds": {"dataset_drift": 0.1}}, "Unknown column or measure"),
        ({"thresholds": {"error_quantile": 0.1}}, "Unknown column or measure"),
        ({"thresholds": {"accuracy": 0.1}}, "Unknown column or measure"),
        ({"thresholds": {"zone": float("nan")}}, "finite"),
    ],
)
def test_settings_that_name_nothing(reference: Path, dataset: dict[str, Any], said: str) -> None:
    """A column, method or measure that a setting names and that is not there is an error with the nearest name."""
    with pytest.raises(ModelvaneError, match=said):
        load_reference(config(reference, **dataset), "taxi")


def test_another_file_takes_the_place_of_the_configured_one(data: Path, tmp_path: Path) -> None:
    """A saved reference, or data that one is built from by the same settings, is loaded where a file is given."""
    other, saved = tmp_path / "other.csv", tmp_path / "other.mv"
    other.write_text("".join(data.read_text().splitlines(keepends=True)[:101]))
    built = load_reference(config(data), "taxi", other)
    built.save(saved)
    assert (built.rows, load_reference(config(data), "taxi").rows) == (100, 120)
    assert load_reference(config(data), "taxi", saved).digest == built.digest


def test_settings_that_are_right(reference: Path) -> None:
    """Thresholds by column, by column and measure, and by measure are taken."""
    thresholds = {
        "zone": 0.1,
        "zone.missing_share": 0.1,
        "trip_distance.constant": 0.5,
        "root_mean_squared_error": 4.0,
        "label_coverage": 0.9,
        "last_row_age": 60.0,
    }
    right = config(
        reference, thresholds=thresholds, drift={"columns": {"trip_distance": ["psi", "wasserstein"]}}
    )
    check_settings(right, "taxi", Reference.load(reference))


def test_which_reference_was_valid_when_is_kept(reference: Path, tmp_path: Path) -> None:
    """The history has every reference that windows were compared with, by switch or by config, and when."""
    rows = reference_rows(500)
    other = tmp_path / "other.mv"
    Reference.of(rows, categorical=["zone"], numerical=["trip_distance"]).save(other)
    mine = Path(shutil.copy(reference, tmp_path / "mine.mv"))
    plain = settings(mine)

    def told(client: TestClient) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.get("/v1/datasets/taxi/reference").json()["history"]
        return found

    with served(plain, tmp_path) as client:
        [first] = told(client)
        assert first["digest"] == Reference.load(mine).digest
        assert (first["rows"], first["file"], first["until"]) == (400, str(mine), None)
        # a restart with the same is no news
    with served(plain, tmp_path) as client:
        assert told(client) == [first]
        client.post("/v1/datasets/taxi/reference", json={"file": "other.mv"})
        before, second = told(client)
        assert before == first | {"until": second["since"]}
        assert second["digest"] == Reference.load(other).digest
        assert Reference.load(other).digest[:12] in client.get("/datasets/taxi").text
    # a file that the config names and that has changed is the newer decision
    Reference.of(rows[:450], categorical=["zone"], numerical=["trip_distance"]).save(mine)
    with served(plain, tmp_path) as client:
        *earlier, third = told(client)
        assert [each["digest"] for each in earlier] == [first["digest"], second["digest"]]
        assert (third["rows"], earlier[-1]["until"]) == (450, third["since"])
        assert client.get("/v1/datasets/none/reference").status_code == 404
