"""The command line: what it says, and how it exits."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from modelvane import __version__
from modelvane.cli import app


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a config whose reference is not there."""
    path = tmp_path / "config.yaml"
    path.write_text("datasets: {taxi: {reference_file: absent.csv}}\nservice: {port: 0}\n")
    return path


def test_version() -> None:
    """``--version`` says which version this is."""
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"modelvane, version {__version__}\n")


def test_help() -> None:
    """``--help`` names the commands, and those their options."""
    assert "serve" in CliRunner().invoke(app, ["--help"]).output
    output = CliRunner().invoke(app, ["serve", "--help"]).output
    assert all(option in output for option in ("--config", "--host", "--port"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--config"),
        (["--config", "absent.yaml"], "absent.yaml cannot be read: No such file"),
        (["--config", "CONFIG"], "There is no file"),
        (["--config", "CONFIG", "--port", "70000"], "70000"),
        (["--config", "CONFIG", "--port", "many"], "many"),
        (["--config", "CONFIG", "--host", "192.0.2.1"], "192.0.2.1:0"),
        (["--config", "CONFIG", "--host", "no such host"], "no such host:0"),
        (["--config", "CONFIG", "--workers", "2"], "One process owns the windows"),
    ],
)
def test_what_is_refused(config: Path, arguments: list[str], said: str) -> None:
    """What cannot be served ends with exit code 2 and a sentence that says why, not a traceback."""
    filled = [str(config) if argument == "CONFIG" else argument for argument in arguments]
    result = CliRunner().invoke(app, ["serve", *filled])
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_interrupt(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt is exit code 130, as of a program that ended by SIGINT, and no traceback."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("modelvane.service.serve.serve", interrupted)
    result = CliRunner().invoke(app, ["serve", "--config", str(config)])
    assert (result.exit_code, result.output) == (130, "")
