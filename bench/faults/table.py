"""Everything put together: runs drawn, every detector past them, and the page written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.faults import ours
from bench.faults.cases import KINDS, cases
from bench.faults.page import TWIN, WITHIN, Compared, write
from bench.faults.results import earlier, peers, rate_of
from bench.faults.results import ours as ours_found
from bench.faults.streams import Streams
from bench.figures import Row
from bench.peers import installed

PEERS = ("plain", "evidently", "alibi", "nannyml", "river")
REACH = 0.8


def measure(
    runs: int, datasets: Sequence[str] = tuple(KINDS), names: Sequence[str] | None = None
) -> list[Row]:
    """Run what has not been run, and write the page.

    Parameters
    ----------
    runs
        Streams per fault.
    names
        Of `PEERS`, those to run; all by default. What others found before stays in the table, be it kept in the
        cache or in the page's twin alone.
    """
    compared = []
    before = {one["dataset"]: one for one in json.loads(TWIN.read_text())} if TWIN.exists() else {}
    for name in datasets:
        streams, chosen = Streams(name, runs), list(cases(name))
        streams.reference()
        streams.undrifted()
        streams.plan(chosen)
        for case in chosen:
            streams.faulty(case)
        found = list(ours_found(ours.watch(streams, chosen)))
        rate = rate_of(found[0])
        for peer in PEERS:
            if names is None or peer in names:
                _run(peer, streams, rate)
        again = list(peers(streams.folder / "found", rate))
        kept = before.get(name)
        if kept is not None:
            again += earlier(kept, chosen, rate, {one.detector for one in again})
        compared.append(Compared(name, chosen, rate, [*found, *again]))
    write(compared)
    return [row for one in compared for row in _figures(one)]


def _run(peer: str, streams: Streams, rate: float) -> None:
    python = sys.executable if peer == "plain" else installed(peer)
    if python is None:
        return
    arguments = [str(streams.folder), str(streams.runs), *([repr(rate)] if peer == "river" else [])]
    path = {**os.environ, "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"}
    subprocess.run([python, "-m", f"bench.faults.peers.{peer}", *arguments], check=True, env=path)


def _figures(compared: Compared) -> list[Row]:
    lines = list(compared.lines())
    judged = [line for line in lines if line.ratio is not None]
    within = sum(1 for line in judged if line.ratio is not None and line.ratio <= WITHIN)
    share = within / len(judged) if judged else 0.0
    return [
        Row(
            f"{compared.dataset}: faults found within {WITHIN} x the best peer's rows",
            f"{within} of {len(judged)} ({share:.0%}); {len(lines) - len(judged)} found by nobody",
            f">= {REACH:.0%}",
            share >= REACH,
        )
    ]
