"""Bad input: each kind ends in a sentence and exit code 2, or is said beside a report of everything else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.trips import kept, modelvane, trips, watched, write

PERIOD = ("--since", "2020-09-14", "--until", "2020-09-15")


def check(reference: Path, rows: list[dict[str, Any]], *rest: object) -> tuple[int, Any, str]:
    """Check rows; give the exit code, the report, and what was said."""
    path = write(reference.with_name("rows.parquet"), rows)
    result = modelvane("check", "--reference", reference, "--current", path, "--format", "json", *rest)
    return result.exit_code, json.loads(result.stdout or "{}"), result.stderr


def verdict(report: Any, measure: str, column: str | None) -> str:
    """Give the verdict on one measure."""
    (found,) = [
        finding["verdict"]
        for finding in report["findings"]
        if (finding["measure"], finding["column"], finding["segment"]) == (measure, column, None)
    ]
    return str(found)


@pytest.fixture
def own(reference: Path, tmp_path: Path) -> Path:
    """Give the reference in a folder of this test's own."""
    return Path(shutil.copy(reference, tmp_path / "reference.mv"))


def without(name: str, rows: list[dict[str, Any]], renamed: str | None = None) -> list[dict[str, Any]]:
    """Give rows without a column, or with another name for it."""
    return [
        {renamed if key == name else key: v for key, v in row.items() if key != name or renamed}
        for row in rows
    ]  # type: ignore[misc] # a name where there is one


def test_a_renamed_column(own: Path) -> None:
    """A column that is missing is an alarm, said with the nearest name; all others are judged."""
    code, report, said = check(own, without("distance", trips(600, 2), "distence"))
    assert code == 1
    assert "The rows have no column 'distance'; is it 'distence'?" in said
    assert verdict(report, "missing_columns", None) == "alarm"
    assert verdict(report, "g_test", "zone") == "ok"


def test_a_missing_column_where_all_have_to_be_there(own: Path) -> None:
    """With --strict a missing column is bad input."""
    code, report, said = check(own, without("distance", trips(600, 2), "distence"), "--strict")
    assert (code, report) == (2, {})
    assert "Did you mean 'distence' for 'distance'?" in said


def test_rows_of_something_else(own: Path) -> None:
    """Rows that have no column of the reference at all are bad input."""
    code, _, said = check(own, [{"Distance": 1.0, "weather": "rain"}] * 50)
    assert code == 2
    assert "Available: Distance, weather." in said
    assert "'Distance' for 'distance'" in said


def test_other_types(own: Path) -> None:
    """Text in a column of numbers is an alarm of that column, and the others are judged."""
    rows = [{**row, "distance": "far"} for row in trips(600, 2)]
    code, report, _ = check(own, rows)
    assert code == 1
    assert verdict(report, "wrong_type_share", "distance") == "alarm"
    assert verdict(report, "g_test", "zone") == "ok"


def test_a_column_without_values(own: Path) -> None:
    """A column that is null throughout is an alarm of its missing values, and its drift has no verdict."""
    code, report, _ = check(own, [{**row, "distance": None} for row in trips(600, 2)])
    assert code == 1
    assert verdict(report, "missing_share", "distance") == "alarm"
    assert verdict(report, "kolmogorov_smirnov", "distance") == "undefined"


def test_ids_that_come_twice(own: Path) -> None:
    """All rows of a file count, also those of one id, and it is said and reported how many came again."""
    code, report, said = check(own, trips(600, 2) + trips(100, 2))
    assert (code, report["rows"]) == (0, 700)
    assert "100 rows with an id that an earlier row has" in said
    (found,) = [finding["value"] for finding in report["findings"] if finding["measure"] == "duplicate_ids"]
    assert found == 100


@pytest.mark.parametrize("command", [("check",), ("report", "-o", "report.html")])
def test_a_period_without_rows(
    config: Path, reference: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """A period without rows is bad input: nothing is judged, written or kept."""
    monkeypatch.chdir(config.parent)
    result = modelvane(*command, "--config", config, "--since", "2020-10-01", "--until", "2020-10-02")
    assert result.exit_code == 2
    assert "There are no rows of the period, 2020-10-01, in the log of taxi." in result.stderr
    assert result.stdout == ""
    assert not Path("report.html").exists()
    assert kept(config, reference) == []


def test_rows_of_a_file_without_times(own: Path) -> None:
    """A period of rows that have no time says by which column they would be of it."""
    code, _, said = check(own, without("time", trips(100, 2)), *PERIOD)
    assert code == 2
    assert "by their column 'time'" in said


@pytest.mark.parametrize("times", ["none", "unreadable"])
def test_times_that_cannot_be_read(own: Path, times: str) -> None:
    """Rows whose time is not there, or is none, are judged, and it is said that the time is not known."""
    rows = trips(600, 2)
    rows = without("time", rows) if times == "none" else [{**row, "time": "noon"} for row in rows]
    code, report, said = check(own, rows)
    assert (code, report["rows"]) == (0, 600)
    assert "No row has a time in 'time' that can be read" in said


def test_a_path_of_which_nothing_is_there(own: Path, current: Path) -> None:
    """A misspelt file is answered with the nearest that is there; an empty path is no current directory."""
    for option, path in (("--current", current), ("--reference", own)):
        others = {"--current": current, "--reference": own} | {option: path.with_stem(f"{path.stem}s")}
        result = modelvane("check", *(each for pair in others.items() for each in pair))
        assert result.exit_code == 2
        assert f"Did you mean '{path}'?" in result.stderr
    result = modelvane("check", "--reference", own, "--current", "")
    assert (result.exit_code, "The path of the data is empty" in result.stderr) == (2, True)


def test_a_truncated_file(own: Path, current: Path) -> None:
    """A Parquet file that ends too early is bad input where it is all there is, and said with the file's name."""
    current.write_bytes(current.read_bytes()[:-100])
    result = modelvane("check", "--reference", own, "--current", current)
    assert result.exit_code == 2
    assert f"No row of {current} can be read." in result.stderr


def test_a_truncated_file_among_others(own: Path, tmp_path: Path) -> None:
    """One broken file of a folder is said, and the others are judged; with --strict it ends the run."""
    folder = tmp_path / "rows"
    folder.mkdir()
    write(folder / "a.parquet", trips(600, 2))
    broken = write(folder / "b.parquet", trips(600, 3))
    broken.write_bytes(broken.read_bytes()[:-100])
    result = modelvane("check", "--reference", own, "--current", folder, "--format", "json")
    assert (result.exit_code, json.loads(result.stdout)["rows"]) == (0, 600)
    assert "Not read: " in result.stderr
    assert "b.parquet" in result.stderr
    strict = modelvane("check", "--reference", own, "--current", folder, "--strict")
    assert strict.exit_code == 2
    assert "b.parquet" in strict.stderr


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("absent.csv", "There is no file absent.csv"),
        ("id,truth\n1,2\n", "has no column 'target' for the target. Available: id, truth."),
        ("ident,target\n1,2\n", "has no column 'id' for the id"),
    ],
)
def test_labels_that_are_none(
    own: Path, current: Path, monkeypatch: pytest.MonkeyPatch, labels: str, said: str
) -> None:
    """A file of labels that is not there, or lacks a column, is bad input; no option of another command is named."""
    monkeypatch.chdir(own.parent)
    if labels != "absent.csv":
        Path("labels.csv").write_text(labels)
        labels = "labels.csv"
    result = modelvane("check", "--reference", own, "--current", current, "--labels", labels)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "-column" not in result.stderr


def test_labels_of_unknown_ids(own: Path, current: Path, tmp_path: Path) -> None:
    """Labels of ids that no row has are counted and said; a repeated id has its last target."""
    (tmp_path / "labels.csv").write_text("id,target\nnobody,1\n2-0,1\n2-0,99.5\n2-1,7\n,3\n2-2,\n")
    result = modelvane(
        *("report", "--reference", own, "--current", current, "--labels", tmp_path / "labels.csv"),
        "--json",
        "-",
    )
    assert result.exit_code == 0
    assert (
        "Labels: 2 rows labelled, 1 changed a target that was there, 1 of ids that no row of the period has, "
        "1 replaced by a later one of the same id." in result.stderr
    )
    assert "1 row without an id: row 5." in result.stderr
    assert json.loads(result.stdout)["labelled"] == 481


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give --config, or both --reference and --current"),
        (("--reference", "REFERENCE"), "Give --config, or both"),
        (("--reference", "REFERENCE", "--config", "CONFIG"), "not both"),
        (("--config", "absent.yaml"), "absent.yaml cannot be read: No such file"),
        (("--config", "CONFIG", "--dataset", "taxy"), "Did you mean 'taxi'?"),
        (("--config", "CONFIG", "--since", "2020-09-15", "--until", "2020-09-14"), "ends before it begins"),
        (("--config", "CONFIG", "--since", "2020-09-14", "--until", "2020-09-14"), "ends before it begins"),
        (("--config", "CONFIG", "--since", "yesterday"), "This is no time. Received: 'yesterday'"),
        (("--config", "CONFIG", "--until", "2020-13-01"), "This is no time. Received: '2020-13-01'"),
        (("--config", "CONFIG", "--last", "1 fortnight"), "This is no length of time"),
        (("--config", "CONFIG", "--last", "0d"), "A period has a length"),
        (("--config", "CONFIG", "--last", "1d", "--since", "2020-09-14"), "A period is said in one way"),
        (("--config", "CONFIG", "--current", "absent.parquet"), "absent.parquet"),
        (("--reference", "absent.mv", "--current", "CURRENT"), "There is no reference file absent.mv"),
        (("--reference", "CURRENT", "--current", "rows.xlsx"), "rows.xlsx"),
    ],
)
def test_what_names_nothing(
    config: Path, reference: Path, current: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Options that name nothing, two things or no period are a sentence and exit code 2, and write nothing."""
    files = {"CONFIG": config, "REFERENCE": reference, "CURRENT": current}
    result = modelvane(
        "report", *(files.get(each, each) for each in arguments), "-o", tmp_path / "report.html"
    )
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ({"referense_file": "a.mv"}, "Did you mean 'reference_file'?"),
        ({"thresholds": {"distence": 0.1}}, "Did you mean 'distance'?"),
        ({"drift": {"columns": {"zome": "psi"}}}, "Did you mean 'zone'?"),
        ({"drift": {"numerical": "kolmogorov"}}, "kolmogorov_smirnov"),
        ({"batch": {"slice": 3}}, "Did you mean 'slices'?"),
    ],
)
def test_a_config_that_names_what_is_not_there(
    reference: Path, tmp_path: Path, dataset: dict[str, Any], said: str
) -> None:
    """A setting, column or measure of the config that is not there is said with the nearest that is."""
    result = modelvane("check", "--config", watched(tmp_path, reference, **dataset))
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_config_of_several_datasets(reference: Path, tmp_path: Path) -> None:
    """Where a config has several datasets one has to be named."""
    path = watched(tmp_path, reference)
    plain = yaml.safe_load(path.read_text())
    plain["datasets"]["reco"] = plain["datasets"]["taxi"]
    path.write_text(yaml.safe_dump(plain))
    result = modelvane("check", "--config", path)
    assert result.exit_code == 2
    assert "Available: reco, taxi. Name one: --dataset." in result.stderr


def test_a_log_that_is_not_there(reference: Path, tmp_path: Path) -> None:
    """A log that nobody wrote to yet is said to be not there, and is not made."""
    result = modelvane("check", "--config", watched(tmp_path, reference))
    assert result.exit_code == 2
    assert "There is no log to read" in result.stderr
    assert not (tmp_path / "log.db").exists()


@pytest.mark.parametrize("option", ["-o", "--json"])
@pytest.mark.parametrize("place", ["absent/report", ".", "current.parquet/report"])
def test_output_that_cannot_be_written(
    tmp_path: Path, current: Path, monkeypatch: pytest.MonkeyPatch, option: str, place: str
) -> None:
    """A file that cannot be written is said before the work begins: before the reference is so much as read."""
    monkeypatch.chdir(tmp_path)
    result = modelvane("report", "--reference", "absent.mv", "--current", current, option, place)
    assert result.exit_code == 2
    assert "absent.mv" not in result.stderr
    assert "cannot be written" in result.stderr or "is a folder" in result.stderr
    assert {file.name for file in tmp_path.iterdir()} == {"current.parquet"}


def test_a_folder_of_reports_that_cannot_be_made(config: Path, tmp_path: Path) -> None:
    """The config's folder of reports is refused before the work where something is in its place."""
    (tmp_path / "reports").write_text("in the way")
    result = modelvane("report", "--config", config, *PERIOD)
    assert result.exit_code == 2
    assert "The folder of reports cannot be made" in result.stderr
