"""`modelvane rules`, as people call it."""

from __future__ import annotations

from pathlib import Path

import yaml
from click.testing import CliRunner
from tests.rules.configs import TAXI

from modelvane.cli import app
from modelvane.rules.files import ALERTMANAGER, RULES, TESTS


def test_files_are_written(tmp_path: Path) -> None:
    """Three files are in the folder, which is made, and standard error names them; a second run changes nothing."""
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(TAXI))
    folder = tmp_path / "prometheus" / "rules"
    arguments = ["rules", "--config", str(tmp_path / "config.yaml"), "-o", str(folder)]
    answer = CliRunner().invoke(app, arguments)
    written = {file.name: file.read_text() for file in folder.iterdir()}
    assert answer.exit_code == 0
    assert written.keys() == {RULES, TESTS, ALERTMANAGER}
    assert (answer.stdout, answer.stderr.count("Written: ")) == ("", 3)
    CliRunner().invoke(app, arguments)
    assert {file.name: file.read_text() for file in folder.iterdir()} == written


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is a file ends in exit code 2 and a sentence; so does a config that is none."""
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(TAXI))
    answer = CliRunner().invoke(app, ["rules", "--config", str(config), "-o", str(config)])
    assert answer.exit_code == 2
    assert f"Files cannot be written to {config}" in answer.stderr
    config.write_text("alerts: {errors: 2}\ndatasets: {taxi: {}}")
    answer = CliRunner().invoke(app, ["rules", "--config", str(config), "-o", str(tmp_path / "out")])
    assert answer.exit_code == 2
    assert "alerts.errors" in answer.stderr
    assert not (tmp_path / "out").exists()


def test_files_of_somebody_else(tmp_path: Path) -> None:
    """A file of the same name that the command did not write stays, is named, and nothing else is written."""
    config, folder = tmp_path / "config.yaml", tmp_path / "prometheus"
    config.write_text(yaml.safe_dump(TAXI))
    folder.mkdir()
    (folder / ALERTMANAGER).write_text("route: {receiver: mine}")
    answer = CliRunner().invoke(app, ["rules", "--config", str(config), "-o", str(folder)])
    assert answer.exit_code == 2
    assert f"Received: '{ALERTMANAGER}'" in answer.stderr
    assert [file.read_text() for file in folder.iterdir()] == ["route: {receiver: mine}"]
