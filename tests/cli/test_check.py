"""`modelvane check`: its exit code, and what CI reads."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.cli.trips import kept, labelled, modelvane, trips, write

from modelvane.reference import Reference

HOSTILE = 'a<b>&"c"\x01,d:e%f\nend'


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give a reference and an alarm of a column whose name nobody escapes by chance."""
    folder = tmp_path_factory.mktemp("hostile")
    reference = folder / "reference.mv"
    Reference.of([{HOSTILE: row["distance"]} for row in labelled(300, 1)]).save(reference)
    return reference, write(folder / "rows.parquet", [{HOSTILE: 9.0}] * 200)


def test_exit_codes(reference: Path, current: Path, drifted: Path) -> None:
    """No alarm is 0, an alarm 1, bad input 2."""
    codes = [
        modelvane("check", "--reference", reference, "--current", which).exit_code
        for which in (current, drifted, "absent.parquet")
    ]
    assert codes == [0, 1, 2]


def test_the_table_is_short(reference: Path, drifted: Path) -> None:
    """The table has a line for each column, and for what else changed, with its lines and its cause."""
    said = modelvane("check", "--reference", reference, "--current", drifted).stdout
    assert said.startswith("Alarm (drifted, 600 rows). 1 of 4 columns changed beyond this stream's habit")
    (line,) = [line for line in said.splitlines() if line.startswith("Alarm") and "Kolmogorov" in line]
    assert "distance" in line
    assert line.endswith("3 added to values in all rows")
    assert len(said.splitlines()) < 12


def test_nothing_is_kept(config: Path, reference: Path, tmp_path: Path) -> None:
    """A check leaves the log and the folder as they were."""
    before = {file.name for file in tmp_path.iterdir()}
    result = modelvane("check", "--config", config, "--since", "2020-09-14", "--until", "2020-09-15")
    assert result.exit_code == 0, result.output
    assert kept(config, reference) == []
    assert {file.name for file in tmp_path.iterdir()} <= before | {"log.db-wal", "log.db-shm"}


def test_junit(reference: Path, drifted: Path) -> None:
    """JUnit's XML has a case for each finding with a verdict, a failure for each alarm, and counts that fit."""
    result = modelvane("check", "--reference", reference, "--current", drifted, "--format", "junit")
    assert result.exit_code == 1
    (suite,) = ET.fromstring(result.stdout)  # noqa: S314 - our own
    cases = suite.findall("testcase")
    failures = suite.findall("testcase/failure")
    assert suite.get("name") == "drifted"
    assert (suite.get("tests"), suite.get("failures")) == (str(len(cases)), str(len(failures)))
    assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
    names = {case.get("name") for case in cases if case.find("failure") is not None}
    assert "Kolmogorov-Smirnov of distance" in names
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)


def test_junit_of_any_name(hostile: tuple[Path, Path]) -> None:
    """Names with signs that XML gives a meaning to, or has no form for, leave it well formed."""
    result = modelvane("check", "--reference", hostile[0], "--current", hostile[1], "--format", "junit")
    suite = ET.fromstring(result.stdout)[0]  # noqa: S314 - our own
    names = [str(case.get("name")) for case in suite.findall("testcase") if case.find("failure") is not None]
    assert any(HOSTILE.replace("\x01", "\ufffd") in name for name in names)


def test_github(hostile: tuple[Path, Path]) -> None:
    """Each alarm is one annotation on one line, its signs escaped as GitHub's own toolkit does."""
    result = modelvane("check", "--reference", hostile[0], "--current", hostile[1], "--format", "github")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("::notice title=modelvane::Alarm")
    errors = [line for line in lines if line.startswith("::error ")]
    title, message = errors[0].removeprefix("::error title=").split("::")
    assert title == 'rows%3A Kolmogorov-Smirnov of a<b>&"c"\x01%2Cd%3Ae%25f%0Aend'
    assert 'a<b>&"c"\x01,d:e%25f%0Aend is ' in message
    assert len(lines) == 1 + len(errors)


def test_a_change_is_a_warning(reference: Path, tmp_path: Path) -> None:
    """What changed within the stream's habit is a warning for GitHub, and no failure."""
    rows = write(tmp_path / "rows.parquet", trips(600, 2, shift=0.15))
    result = modelvane("check", "--reference", reference, "--current", rows, "--format", "github")
    assert result.exit_code == 0, result.stdout
    assert "\n::warning title=rows%3A Kolmogorov-Smirnov of distance::" in result.stdout


def test_json(reference: Path, drifted: Path) -> None:
    """As JSON a check says what a report says."""
    answers = [
        json.loads(modelvane(*command, "--reference", reference, "--current", drifted).stdout)
        for command in (("check", "--format", "json"), ("report", "--json", "-"))
    ]
    for answer in answers:
        del answer["computed_at"]
    assert answers[0] == answers[1]
