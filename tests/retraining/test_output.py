"""What is kept of what a program says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelvane.retraining.output import Output


def test_a_full_disk_stops_no_program(caplog: pytest.LogCaptureFixture) -> None:
    """While nothing can be written a program says on, its last line is read, and the log tells why nothing is kept."""
    says = "print('x' * 2_000_000); print('last')"
    process = subprocess.Popen([sys.executable, "-c", says], stdout=subprocess.PIPE)
    with Output(Path("/dev/full")) as output:
        assert process.stdout is not None
        output.collect(process.stdout, is_answer=True)
        assert process.wait(300) == 0
        output.wait(300)
        assert output.last_line == "last"
    assert "No space left" in caplog.text
