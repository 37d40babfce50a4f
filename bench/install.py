"""Packages of a base install, and seconds to import."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Row, show


def run(*, quick: bool = False) -> list[Row]:
    """Install into an empty environment, then import in turns with a bare interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        python = str(Path(folder) / "bin" / "python")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "."], check=True)
        listed = subprocess.run(
            [python, "-m", "pip", "list", "--format", "json"], check=True, capture_output=True, text=True
        )
        names = [package["name"] for package in json.loads(listed.stdout)]
        packages = len([name for name in names if name not in ("pip", "setuptools")])
        bare, whole, names_too, client = [], [], [], []
        for _ in range(5 if quick else 15):
            imports = {
                "pass": bare,
                "import modelvane": whole,
                "from modelvane import Monitor, Reference": names_too,
                "import modelvane.client": client,
            }
            for code, kept in imports.items():
                started = time.perf_counter()
                subprocess.run([python, "-c", code], check=True)
                kept.append(time.perf_counter() - started)
    start = statistics.median(bare)
    of_all, of_client = statistics.median(whole), statistics.median(client) - start
    of_names = statistics.median(names_too)
    return [
        Row("packages of a base install", str(packages), "<= 35", packages <= 35),
        Row("Python's own start", f"{start:.3f} s"),
        Row("import modelvane, Python's start included", f"{of_all:.3f} s", "<= 0.3 s", of_all <= 0.3),
        Row(
            "Monitor and Reference, Python's start included", f"{of_names:.3f} s", "<= 0.3 s", of_names <= 0.3
        ),
        Row("import modelvane.client, above it", f"{of_client:.3f} s", "<= 0.05 s", of_client <= 0.05),
    ]


if __name__ == "__main__":
    show("Install and import", run())
