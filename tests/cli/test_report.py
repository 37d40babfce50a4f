"""`modelvane report`: what it writes, keeps and says."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from tests.cli.trips import DAY, MONDAY, kept, modelvane, trips, watched, write

from modelvane.config import Config
from modelvane.reference import Reference
from modelvane.store import open_log

PERIOD = ("--since", "2020-09-14", "--until", "2020-09-15")


def test_two_files(reference: Path, current: Path, tmp_path: Path) -> None:
    """A reference and a file of rows give an HTML report and its JSON twin, of all rows of the file."""
    html, twin = tmp_path / "report.html", tmp_path / "report.json"
    result = modelvane("report", "--reference", reference, "--current", current, "-o", html, "--json", twin)
    assert result.exit_code == 0, result.output
    assert html.read_text().lower().startswith("<!doctype html>")
    plain = json.loads(twin.read_text())
    assert (plain["rows"], plain["verdict"], plain["period"]) == (600, "ok", None)
    assert (result.stdout, "Written" in result.stderr) == ("", True)


def test_data_in_place_of_a_saved_reference(data: Path, reference: Path, current: Path) -> None:
    """Data given as the reference is built into one, and gives the findings of a saved one."""
    answers = [
        json.loads(modelvane("report", "--reference", which, "--current", current, "--json", "-").stdout)
        for which in (data, reference)
    ]
    for answer in answers:
        del answer["computed_at"]
    assert answers[0] == answers[1]


def test_json_is_all_that_is_on_standard_output(reference: Path, drifted: Path) -> None:
    """With ``--json -`` standard output is one JSON document; notes and verdict are on standard error."""
    result = modelvane("report", "--reference", reference, "--current", drifted, "--json", "-")
    assert json.loads(result.stdout)["verdict"] == "alarm"
    assert "Alarm" in result.stderr
    assert result.exit_code == 0


def test_the_log_keeps_one_round_of_a_period(config: Path, reference: Path, tmp_path: Path) -> None:
    """The findings of a period are kept in the log; a second run replaces the first."""
    for _ in range(2):
        result = modelvane("report", "--config", config, *PERIOD, "-o", tmp_path / "report.html")
        assert result.exit_code == 0, result.output
    (found,) = kept(config, reference)
    assert (found.period, found.rows) == ((MONDAY, MONDAY + DAY), 600)
    assert len(found) > 50


def test_the_live_service_may_have_the_log_open(config: Path, reference: Path, tmp_path: Path) -> None:
    """A report reads a log, and keeps its findings there, while another process takes rows in."""
    with closing(open_log(Config.load(config).store_url)) as log:
        log.open("taxi", Reference.load(reference).schema)
        result = modelvane("report", "--config", config, *PERIOD, "-o", tmp_path / "report.html")
        assert result.exit_code == 0, result.output
        assert len(log.read_findings("taxi", batches=True)) == 1


def test_what_is_not_kept(config: Path, reference: Path, current: Path, tmp_path: Path) -> None:
    """Findings of a file's rows, and those of ``--no-keep``, are not in the log."""
    html = tmp_path / "report.html"
    for rest in (["--no-keep", *PERIOD], ["--current", current]):
        assert modelvane("report", "--config", config, "-o", html, *rest).exit_code == 0
    assert kept(config, reference) == []


def test_reports_of_a_config_have_a_folder(config: Path, tmp_path: Path) -> None:
    """Without -o and --json both files go into the config's folder of reports, named after dataset and period."""
    result = modelvane("report", "--config", config, *PERIOD)
    assert result.exit_code == 0, result.output
    assert {file.name for file in (tmp_path / "reports").iterdir()} == {
        "taxi-2020-09-14.html",
        "taxi-2020-09-14.json",
    }


def test_late_labels_are_not_written_to_the_log(config: Path, reference: Path, tmp_path: Path) -> None:
    """Labels of a file are joined by id for this run: the log has as many as before."""
    labels = write(
        tmp_path / "labels.parquet",
        [{"id": row["id"], "target": row["target"]} for row in trips(600, 2)]
        + [{"id": "nobody", "target": 3.0}, {"id": "2-1", "target": 4.0}, {"id": None, "target": 1.0}],
    )
    result = modelvane("report", "--config", config, *PERIOD, "--labels", labels, "--json", "-")
    assert json.loads(result.stdout)["labelled"] == 480
    assert (
        "Labels: 480 rows labelled, 1 of ids that no row of the period has, "
        "1 replaced by a later one of the same id.\n"
        "Labels: 1 row without an id: row 603.\n"
        "Labels: 120 rows without a target: rows 1, 6, 11, 16, 21 and 115 more.\n"
    ) in result.stderr
    with closing(open_log(Config.load(config).store_url, read_only=True)) as log:
        log.open("taxi", Reference.load(reference).schema)
        assert log.last("taxi")[1] == 0


def test_the_period_of_a_config(reference: Path, tmp_path: Path) -> None:
    """Slices of the period are as many as the config says."""
    config = watched(tmp_path, reference, batch={"slices": 6})
    current = write(tmp_path / "current.parquet", trips(600, 2))
    result = modelvane("report", "--config", config, "--current", current, *PERIOD, "--json", "-")
    assert len(json.loads(result.stdout)["slices"]) == 6
