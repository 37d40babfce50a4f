"""`modelvane reference`: built, and shown."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.trips import labelled, modelvane, watched, write

from modelvane.breakdown import Breakdown
from modelvane.calibration.lines import Alarm
from modelvane.config import Config
from modelvane.errors import ConfigError
from modelvane.events import Event
from modelvane.events import Kind as EventKind
from modelvane.jobs import Job, load
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.schema import Kind, Task
from modelvane.settings import Settings, Window
from modelvane.store import open_log


def test_build_says_what_the_columns_are(tmp_path: Path) -> None:
    """What the options say of the columns is what the reference has."""
    rows = [
        {
            "trip": row["id"],
            "when": row["time"],
            "miles": row["distance"],
            "zone": row["zone"],
            "guess": row["prediction"],
            "paid": row["target"],
            "hour": i % 24,
        }
        for i, row in enumerate(labelled(300, 1))
    ]
    written = tmp_path / "ref.mv"
    options = (
        "--target paid --prediction guess --id trip --time when --numerical miles --categorical hour "
        "--segment zone --task regression"
    )
    bins = '{"column": "miles", "edges": [2, 4]}'
    result = modelvane(
        *("reference", "build", write(tmp_path / "a.parquet", rows), "-o", written, *options.split()),
        *("--segment", '["zone", "hour"]', "--segment", bins),
    )
    assert result.exit_code == 0, result.output
    schema = Reference.load(written).schema
    assert (schema.target, schema.predictions[0]) == (schema["paid"], schema["guess"])
    assert (schema.id, schema.time, schema.task) == (schema["trip"], schema["when"], Task.REGRESSION)
    assert [column.name for column in schema.features] == ["miles", "hour"]
    assert schema["hour"].kind is Kind.CATEGORICAL
    assert [each.plain() for each in schema.segments] == [
        "zone",
        ["zone", "hour"],
        {"column": "miles", "edges": [2.0, 4.0]},
    ]
    assert "rows     240" in result.stderr


def test_build_from_a_folder_or_a_url(tmp_path: Path) -> None:
    """A folder of files, by its path or its URL, is one reference."""
    folder = tmp_path / "january"
    folder.mkdir()
    for part in range(2):
        write(folder / f"{part}.parquet", labelled(300, part))
    for place in (folder, folder.as_uri()):
        result = modelvane("reference", "build", place, "-o", tmp_path / "ref.mv")
        assert result.exit_code == 0, result.output
        assert Reference.load(tmp_path / "ref.mv").rows == 480


def test_build_by_a_config(tmp_path: Path, data: Path) -> None:
    """With --config the columns, and the data where none is given, are those of the config."""
    config = watched(tmp_path, data, column_mapping={"numerical_features": ["distance"]}, segments=["zone"])
    result = modelvane("reference", "build", "--config", config, "-o", tmp_path / "ref.mv")
    assert result.exit_code == 0, result.output
    schema = Reference.load(tmp_path / "ref.mv").schema
    assert ([column.name for column in schema.features], schema.segments) == (
        ["distance"],
        (Breakdown.of("zone"),),
    )


def test_build_learns_how_far_windows_are_from_those_before(tmp_path: Path, data: Path) -> None:
    """With --moving a saved reference fits a config whose reference moves by as many windows, and no other."""
    built = modelvane("reference", "build", data, "-o", tmp_path / "ref.mv", "--moving", 3)
    assert built.exit_code == 0, built.output
    for windows in (3, 4):
        settings = {"reference_period": "moving", "reference_windows": windows}
        job = Job.of_config(Config.load(watched(tmp_path, tmp_path / "ref.mv", **settings)), current="none")
        if windows == 3:
            found = load(job).moving
            assert found is not None
            assert found.windows == 3
            assert found.habits
        else:
            with pytest.raises(ConfigError, match="not built for"):
                load(job)


def test_show_has_the_lines_of_a_monitor(reference: Path) -> None:
    """The lines that are shown are those by which a monitor, and a batch, of so many rows is judged."""
    loaded = Reference.load(reference)
    shown = json.loads(
        modelvane("reference", "show", reference, "--json", "--rows", 400, "--budget", 0.01).stdout
    )
    rows = labelled(500, 7)
    assert len(rows) == 400
    monitor = Monitor("taxi", loaded, Settings(Window(400), budget=0.01, alarm=Alarm.USUAL))
    monitor.push(rows)
    findings = monitor.findings()
    assert len(shown["columns"]) == 4
    for column in shown["columns"]:
        finding = findings.get(column["measure"], column["name"])
        assert finding is not None
        assert column["lines"] == [
            {"rows": 400, "noise_floor": finding.noise_floor, "usual_range": finding.usual_range}
        ]
    assert (shown["rows"], shown["digest"], shown["task"]) == (loaded.rows, loaded.digest, "regression")


def test_show_is_readable(reference: Path) -> None:
    """The tables have every column, its ruler, and its lines for two usual windows."""
    said = modelvane("reference", "show", reference).stdout
    for words in ("rows     1,200", "hash", "3 categories: ", "1,024 edges (not every value)", "5,000"):
        assert words in said
    (ruler,) = [line for line in said.splitlines() if "distance" in line and "feature" in line]
    assert ruler.split()[:3] == ["distance", "feature", "numerical"]


def test_few_values_are_all_kept(tmp_path: Path) -> None:
    """A column of few distinct values is said to be exact; one without values to have none."""
    rows = [{"price": float(i % 50), "empty": None} for i in range(200)]
    written = tmp_path / "ref.mv"
    assert modelvane("reference", "build", write(tmp_path / "a.parquet", rows), "-o", written).exit_code == 0
    said = modelvane("reference", "show", written).stdout
    assert "50 edges (every value, so KS is exact), 0 to 49" in said
    assert "no value" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--output"),
        (["-o", "ref.mv"], "DATA, or --config"),
        (["absent.parquet", "-o", "ref.mv"], "absent.parquet"),
        (["DATA", "-o", "absent/ref.mv"], "absent/ref.mv cannot be written"),
        (["DATA", "-o", "ref.mv", "--categorical", "zome"], "Did you mean 'zone'?"),
        (["DATA", "-o", "ref.mv", "--target", "targte"], "Did you mean 'target'?"),
        (["--config", "c.yaml", "-o", "ref.mv", "--target", "x"], "--target does not"),
    ],
)
def test_what_cannot_be_built(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    """What is wrong with the options or the data is a sentence and exit code 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    filled = [data if argument == "DATA" else argument for argument in arguments]
    result = modelvane("reference", "build", *filled)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_shown(data: Path, tmp_path: Path) -> None:
    """A file that is no reference, or is not there, is said to be that."""
    for path, said in (
        (data, "not written by modelvane"),
        (tmp_path / "absent.mv", "There is no reference file"),
    ):
        result = modelvane("reference", "show", path)
        assert result.exit_code == 2
        assert said in result.stderr


def test_history_says_which_was_valid_when(tmp_path: Path) -> None:
    """The history of a dataset's references, as its log has it: for people, and as JSON."""
    config = tmp_path / "config.yaml"
    config.write_text("datasets: {taxi: {reference_file: a.mv}}\nservice: {store: 'sqlite:///log.db'}\n")
    with closing(open_log(f"sqlite:///{tmp_path}/log.db")) as log:
        log.append_events(
            [
                Event(EventKind.REFERENCE_BEGUN, 86_400.0, "taxi", "", {"digest": "ab", "rows": 1200}),
                Event(EventKind.REFERENCE_BEGUN, 86_400.0, "other", "", {"digest": "ef"}),
                Event(EventKind.REFERENCE_SWITCHED, 172_800.0, "taxi", "", {"digest": "cd", "before": "ab"}),
            ]
        )
    told = modelvane("reference", "history", "--config", config)
    assert told.exit_code == 0, told.output
    assert [line.split("  ")[0] for line in told.output.splitlines()[2:]] == [
        "2 Jan 1970, 00:00:00 UTC",
        "3 Jan 1970, 00:00:00 UTC",
    ]
    assert "1,200" in told.output
    assert "ef" not in told.output.split()
    as_json = json.loads(modelvane("reference", "history", "--config", config, "--json").output)
    assert [(each["digest"], each["since"], each["until"]) for each in as_json] == [
        ("ab", 86_400.0, 172_800.0),
        ("cd", 172_800.0, None),
    ]
