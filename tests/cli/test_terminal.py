"""The command line as a process: what a terminal shows, how an interrupt ends it, how quickly it starts."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.trips import process, trips, write

SECONDS = 300.0


class Terminal:
    """A command whose standard error is a terminal; what it writes to standard output is in a file."""

    def __init__(self, *arguments: object, folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        self._output = folder / "stdout"
        output = self._output.open("w")
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "modelvane", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=theirs,
            cwd=folder,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
        )
        os.close(theirs)
        output.close()
        self.shown = ""

    def read_until(self, text: str) -> None:
        """Read what is shown until a text is."""
        end = time.monotonic() + SECONDS
        while text not in self.shown:
            assert time.monotonic() < end, self.shown
            assert self._read(), self.shown

    def finish(self) -> tuple[int, str]:
        """Read to the end; give the exit code and standard output."""
        while self._read():
            pass
        os.close(self._ours)
        return self.popen.wait(timeout=SECONDS), self._output.read_text()

    def _read(self) -> bool:
        try:
            found = os.read(self._ours, 65_536)
        except OSError:
            # the other end is closed
            return False
        # without colours and movements
        self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", found.decode(errors="replace"))
        return bool(found)


def test_a_terminal_shows_how_far_it_is(data: Path, current: Path, tmp_path: Path) -> None:
    """On a terminal there is a bar over columns while a reference is built, then one over rows."""
    command = ("report", "--reference", data, "--current", current, "--json", "-")
    terminal = Terminal(*command, folder=tmp_path)
    code, output = terminal.finish()
    assert code == 0, terminal.shown
    assert "Building the reference" in terminal.shown
    assert "4 of 4 columns" in terminal.shown
    assert "600 of 600 rows" in terminal.shown
    assert output.startswith("{")


def test_rows_of_a_log_have_a_bar_too(config: Path, tmp_path: Path) -> None:
    """Where the number of rows is not known beforehand their times say how far it is."""
    command = ("check", "--config", config, "--since", "2020-09-14", "--until", "2020-09-15")
    terminal = Terminal(*command, folder=tmp_path)
    assert terminal.finish()[0] == 0, terminal.shown
    assert "600 rows" in terminal.shown
    # without a total there would be no time left at all
    assert re.search(r"600 rows [-\d]:[-\d]{2}:[-\d]{2}", terminal.shown)


def test_a_pipe_shows_no_bar(data: Path, current: Path) -> None:
    """In a pipe standard error has sentences alone: no bar, no movement of a cursor."""
    result = process("report", "--reference", data, "--current", current, "--json", "-")
    assert result.returncode == 0, result.stderr
    assert result.stderr == "OK (current, 600 rows). No drift: every column looks like the reference.\n"


SLOW = """
import time

def slow(rows):
    print("asked", file=__import__("sys").stderr, flush=True)
    time.sleep(600)
    return [0.0] * len(rows)
"""


@pytest.mark.parametrize("before", [None, "an earlier report"])
def test_an_interrupt_leaves_no_half_written_file(tmp_path: Path, before: str | None) -> None:
    """Ctrl-C ends with exit code 130 and without a traceback; an earlier report stays, and nothing else is there."""
    (tmp_path / "slow.py").write_text(SLOW)
    rows = [{k: v for k, v in row.items() if k != "prediction"} for row in trips(200, 1)]
    write(tmp_path / "reference.parquet", rows)
    (tmp_path / "config.yaml").write_text(
        "datasets: {taxi: {reference_file: reference.parquet, model: 'slow:slow'}}"
    )
    report = tmp_path / "report.html"
    if before is not None:
        report.write_text(before)
    terminal = Terminal(
        "report", "--config", "config.yaml", "--current", "reference.parquet", "-o", report, folder=tmp_path
    )
    terminal.read_until("asked")
    terminal.popen.send_signal(signal.SIGINT)
    assert terminal.finish()[0] == 130, terminal.shown
    assert "Traceback" not in terminal.shown
    left = {file.name for file in tmp_path.iterdir()} - {"__pycache__", "stdout"}
    assert left == {"slow.py", "reference.parquet", "config.yaml"} | ({"report.html"} if before else set())
    assert before is None or report.read_text() == before


def test_help_loads_nothing_heavy() -> None:
    """``modelvane --help``, and that of a command, load none of the packages that take time."""
    for arguments in (
        ["--help"],
        ["report", "--help"],
        ["check", "--help"],
        ["reference", "build", "--help"],
    ):
        code = (
            "import sys\n"
            "from modelvane.cli import app\n"
            f"app({arguments!r}, standalone_mode=False)\n"
            "print(*{'numpy', 'scipy', 'pyarrow', 'pydantic', 'fastapi', 'yaml', 'rich'} & set(sys.modules))"
        )
        said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        assert said.splitlines()[-1] == ""
