"""Faults x detectors: rows until each fault is found, by our families and by peers, at one false-alarm rate.

`datasets` says which real rows, `cases` what goes wrong with them, `streams` draws the runs and writes them down.
`ours` watches them with a monitor, each script of `peers` with a peer in an interpreter of its own; `tuning` gives
peers the thresholds at which they alarm as seldom as we do, `table` and `page` put everything together. What was found
is kept in ``.cache/faults``, so that one detector can be run again by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.figures import Row


def run(*, quick: bool = False) -> list[Row]:
    """Run every fault past every detector that is installed; needs ``MODELVANE_DATA``."""
    # peers import this package where modelvane is not installed
    from bench.faults.table import measure

    return measure(runs=QUICK_RUNS if quick else RUNS)


RUNS, QUICK_RUNS = 20, 2
