"""Memory of a monitor with a rows window of 10 000 x 20, over five million rows."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.figures import Row, show

_SCRIPT = """
import json, resource, sys
from pathlib import Path
import modelvane, modelvane.monitor, modelvane.reference
from bench.mixed import mixed
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
# whose rows they are has them anyway, and with them pandas, which pyarrow imports where it is installed
block = mixed(10_000, 2)
imported = resident()
kept, total = Path(sys.argv[1]), int(sys.argv[2])
if kept.exists():
    reference = modelvane.Reference.load(kept)
else:
    reference = modelvane.Reference.of(mixed(76_000, 1))
    reference.save(kept)
monitor = modelvane.Monitor("bench", reference, window=10_000)
seen = []
for pushed in range(0, total, 10_000):
    ids = [f"{pushed + i:010d}" for i in range(10_000)]
    monitor.push(block, ids=ids)
    if pushed % 250_000 == 0:
        monitor.findings()
        seen.append(resident() - imported)
print(json.dumps(seen))
"""


def run(*, quick: bool = False) -> list[Row]:
    """Look at the resident memory above the import, every 250 000 rows; the reference is built, then loaded."""
    rows = 1_000_000 if quick else 5_000_000
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "reference"
        return [
            row
            for how in ("reference built in the same process", "reference loaded from its file")
            for row in _rows(how, _seen(kept, rows), rows)
        ]


def _seen(kept: Path, rows: int) -> list[float]:
    command = [sys.executable, "-c", _SCRIPT, str(kept), str(rows)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(each) for each in json.loads(done.stdout)]


def _rows(how: str, seen: list[float], rows: int) -> list[Row]:
    # the first rounds fill the rings
    early, late = max(seen[: len(seen) // 2]), max(seen[len(seen) // 2 :])
    return [
        Row(f"above the import, largest, {how}", f"{max(seen):.0f} MB", "<= 150 MB", max(seen) <= 150),
        Row(
            f"second half of {rows} rows / first half, {how}",
            f"{late / early:.3f}",
            "flat (<= 1.02)",
            late / early <= 1.02,
        ),
    ]


if __name__ == "__main__":
    show("Memory of a monitor", run())
