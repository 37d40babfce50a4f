"""The demo as a process: Ctrl-C at any moment, and what it refuses before it starts anything."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from examples.taxi.demo import parse

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "examples.taxi.demo", "--synthetic", "--port=0", "--service-port=0"]


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, f"--folder={folder}", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def group_is_empty(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        ("SYNTHETIC DATA", signal.SIGTERM),
        ("Training on", signal.SIGINT),
        ("out of fold", signal.SIGINT),
    ],
)
def test_an_interrupt_during_start_up_stops_everything(tmp_path: Path, moment: str, number: int) -> None:
    """Whatever the demo is busy with, it ends with 130, without a traceback and without an orphan."""
    with start(tmp_path) as demo:
        assert demo.stdout is not None
        told = ""
        while moment not in told:
            line = demo.stdout.readline()
            assert line, told
            told += line
        demo.send_signal(number)
        told += demo.stdout.read()
    assert demo.returncode == 130, told
    assert "Traceback" not in told
    assert "Interrupted" in told
    assert group_is_empty(demo.pid)


def test_a_port_in_use_is_told_before_anything_starts(tmp_path: Path) -> None:
    """No trip is fetched and no model trained for a demo that cannot be served."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        start(tmp_path / "run", f"--port={taken.getsockname()[1]}") as demo,
    ):
        assert demo.stdout is not None
        told = demo.stdout.read()
    assert demo.returncode == 1
    assert "choose another with --port" in told
    assert "Traceback" not in told
    assert not (tmp_path / "run").exists()


def test_a_speed_that_is_none_is_told_at_once(tmp_path: Path) -> None:
    """A typing error in the options costs no time."""
    with start(tmp_path / "run", "--speed=fast") as demo:
        assert demo.stdout is not None
        told = demo.stdout.read()
    assert demo.returncode == 1
    assert "50/s, 600x or max" in told
    assert not (tmp_path / "run").exists()


def test_once_is_bounded_and_fast_unless_told_otherwise() -> None:
    """--once chooses trips and speed that are not given, and keeps those that are."""
    assert (parse(["--once"]).trips, parse(["--once"]).speed) == (12_000, "max")
    given = parse(["--once", "--trips=5", "--speed=10/s"])
    assert (given.trips, given.speed) == (5, "10/s")
    assert parse([]).trips is None
