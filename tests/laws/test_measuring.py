"""Windows are counted anew only where their rows have changed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelvane import Monitor, Reference
from modelvane.block import Block
from modelvane.measuring import Read, WindowCounter
from modelvane.stream import Stream
from modelvane.tallies.dataset import DatasetTally
from modelvane.windows.last_rows import LastRows
from modelvane.windows.ring import RowsRing

REFERENCE = Reference.of(
    {
        "distance": [float(i % 7) for i in range(60)],
        "prediction": [float(i % 5) for i in range(60)],
        "target": [float(i % 6) for i in range(60)],
    }
)
ASKED = st.booleans()
IDS = st.integers(0, 12).map(str)
TARGETS = st.sampled_from([0.0, 1.0, 2.5])
STEPS = st.lists(st.tuples(st.sampled_from(["row", "label"]), IDS, TARGETS, ASKED), max_size=40)


@given(STEPS)
def test_asking_in_between_changes_nothing(steps: list[tuple[str, str, float, bool]]) -> None:
    """Rows, labels and corrections give the same tallies, whether or not they were asked for in between."""
    often, once = (Monitor("taxi", REFERENCE, window=5) for _ in range(2))
    for what, id_, value, asked in steps:
        for monitor in (often, once):
            if what == "row":
                monitor.push([{"distance": value, "prediction": 1.0}], ids=[id_], received=1.0)
            else:
                monitor.label([id_], [value], [2.0])
        if asked:
            often.measure()
    assert often.measure()[1] == once.measure()[1] == once.tally()


@pytest.mark.parametrize(
    "change",
    [
        lambda ring, block: ring.push(block),
        lambda ring, _: ring.skip(3),
        lambda ring, block: ring.replace(np.array([2]), "distance", block.take(slice(1)).columns["distance"]),
    ],
    ids=["pushed", "skipped", "replaced"],
)
def test_rows_are_counted_again_only_when_they_have_changed(
    change: Callable[[RowsRing, Block], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are counted once however often they are asked for, and once more after each kind of change."""
    counted: list[int] = []
    counter = REFERENCE.counter
    count = type(counter).rows
    monkeypatch.setattr(type(counter), "rows", lambda self, b: (counted.append(b.rows), count(self, b))[1])
    block = REFERENCE.encode({"distance": [1.0, 2.0, 3.0], "prediction": [1.0] * 3})
    ring = RowsRing(REFERENCE.rulers, 3)
    ring.push(block)
    last, windows, none = LastRows(ring, 2), WindowCounter(counter), counter.labelled(block.take(slice(0)))

    def tally() -> DatasetTally:
        return windows.count(Read(last.read(windows.known.rows), none, None, Stream(0.0))).rows

    before = tally()
    assert tally() is before
    change(ring, block)
    assert tally() is not before
    assert counted == [2, 2]


LEFT = """
import gc
from modelvane import Monitor, Reference
columns = {"zone": [f"zone {i % 9}" for i in range(300)], "distance": [float(i % 7) for i in range(300)]}
rows = [{"zone": f"zone {i % 12}", "distance": float(i % 5)} for i in range(60)]
monitor = Monitor("taxi", Reference.of(columns), window=50)
monitor.push(rows)
monitor.measure()
gc.collect()
gc.disable()
for _ in range(10):
    monitor.push(rows)
    monitor.measure()
print(gc.collect())
"""


def test_rows_and_rounds_leave_nothing_to_the_collector_of_cycles() -> None:
    """Whatever rows and findings took is free when they are gone: a stream's collections would hold its posts up."""
    # in a process of its own: what other tests have left is no matter
    assert (
        subprocess.run([sys.executable, "-c", LEFT], check=True, capture_output=True, text=True).stdout
        == "0\n"
    )
