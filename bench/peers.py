"""Peers to measure against: installed apart, since they need other versions and a gigabyte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(".cache/peers")
PEERS = {
    "evidently": ("evidently==0.7.*", "pandas<3", "pyarrow"),
    "frouros": ("frouros", "pandas<3", "pyarrow"),
    # with TensorFlow, for which these versions still work
    "alibi": (
        "alibi-detect==0.13.*",
        "pandas<3",
        "pyarrow<18",
        "tensorflow-cpu<2.16",
        "tensorflow-probability<0.24",
        "transformers<4.40",
    ),
    "nannyml": (
        "nannyml==0.13.*",
        "pandas<2.3",
        "numpy<2",
        "scipy<1.14",
        "scikit-learn<1.6",
        "statsmodels",
        "setuptools<80",
        "pyarrow<18",
    ),
    "river": ("river==0.26.*", "pandas", "pyarrow"),
}
"""What each needs, by its name."""


def python_of(peer: str) -> str:
    """Give the Python that a peer is installed for; the first time that takes minutes."""
    python = FOLDER / peer / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEERS[peer]], check=True)
    return str(python)


def installed(peer: str) -> str | None:
    """Give the Python of a peer where there is one: ``MODELVANE_NAME_PYTHON`` names it, or it was made here."""
    named = os.environ.get(f"MODELVANE_{peer.upper()}_PYTHON")
    python = FOLDER / peer / "bin" / "python"
    return named or (str(python) if python.exists() else None)


def in_evidently(script: str, *arguments: str) -> Any:
    """Run a script where Evidently 0.7 is installed, and read the JSON that it prints last."""
    return in_peer("evidently", script, *arguments)


def in_peer(peer: str, script: str, *arguments: str) -> Any:
    """Run a script where a peer is installed, and read the JSON that it prints last."""
    command = [installed(peer) or python_of(peer), "-c", script, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])
