"""Memory of a monitor with a rows window of 10 000 x 20, over five million rows."""

from __future__ import annotations

import json
import subprocess
import sys

from bench.figures import Row, show

_SCRIPT = """
import json, resource, sys
import numpy as np
import modelvane, modelvane.monitor, modelvane.reference
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
from bench.mixed import mixed
imported = resident()
monitor = modelvane.Monitor("bench", modelvane.Reference.of(mixed(76_000, 1)), window=10_000)
block = mixed(10_000, 2)
seen = []
total = int(sys.argv[1])
for pushed in range(0, total, 10_000):
    ids = [f"{pushed + i:010d}" for i in range(10_000)]
    monitor.push(block, ids=ids)
    if pushed % 250_000 == 0:
        monitor.findings()
        seen.append(resident() - imported)
print(json.dumps(seen))
"""


def run(*, quick: bool = False) -> list[Row]:
    """Look at the resident memory above the import, every 250 000 rows."""
    rows = 1_000_000 if quick else 5_000_000
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(rows)], check=True, capture_output=True, text=True
    )
    seen = json.loads(done.stdout)
    # the first rounds fill the rings
    early, late = max(seen[: len(seen) // 2]), max(seen[len(seen) // 2 :])
    return [
        Row("above the import, largest", f"{max(seen):.0f} MB", "<= 150 MB", max(seen) <= 150),
        Row(
            f"second half of {rows} rows / first half",
            f"{late / early:.3f}",
            "flat (<= 1.02)",
            late / early <= 1.02,
        ),
    ]


if __name__ == "__main__":
    show("Memory of a monitor", run())
