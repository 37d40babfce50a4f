"""Peers to measure against: installed apart, since they need other versions and a gigabyte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(".cache/peers")
PEERS = {
    "evidently": ("evidently==0.7.*", "pandas<3", "pyarrow"),
    "frouros": ("frouros", "pandas<3", "pyarrow"),
}
"""What each needs, by its name."""


def python_of(peer: str) -> str:
    """Give the Python that a peer is installed for; the first time that takes minutes."""
    python = FOLDER / peer / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEERS[peer]], check=True)
    return str(python)


def in_evidently(script: str, *arguments: str) -> Any:
    """Run a script where Evidently 0.7 is installed, and read the JSON that it prints last."""
    command = [python_of("evidently"), "-c", script, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])
