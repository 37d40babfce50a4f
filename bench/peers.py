"""Peers to measure against: installed apart, since they need other versions and a gigabyte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(".cache/peers")
EVIDENTLY = ("evidently==0.7.*", "pandas<3", "pyarrow")


def in_evidently(script: str, *arguments: str) -> Any:
    """Run a script where Evidently 0.7 is installed, and read the JSON that it prints last."""
    python = FOLDER / "evidently" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *EVIDENTLY], check=True)
    done = subprocess.run([str(python), "-c", script, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])
