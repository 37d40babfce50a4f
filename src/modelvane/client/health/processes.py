"""CPU, memory, open files and start of several worker processes, as if they were one."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import ProcessCollector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

CPU = "process_cpu_seconds"
"""The family of the processor time."""

_START = "process_start_time_seconds"


def processes(living: Iterable[int], folder: Path) -> Iterator[Metric]:
    """Sum the series of the living workers; the start is the earliest one.

    CPU seconds keep those of workers that have died, as far as the last time that somebody asked, since a counter
    must not fall. To be called while nobody else does (see `Workers.census`).
    """
    together: dict[str, Metric] = {}
    used: dict[str, float] = {}
    for pid in living:
        for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
            value = metric.samples[0].value
            if metric.name == CPU:
                used[str(pid)] = value
            kept = together.setdefault(metric.name, metric)
            if kept is not metric:
                before = kept.samples[0]
                value = min(before.value, value) if metric.name == _START else before.value + value
                kept.samples[0] = before._replace(value=value)
    if CPU in together:
        sample = together[CPU].samples[0]
        together[CPU].samples[0] = sample._replace(value=sample.value + _used_by_the_dead(used, folder))
    yield from together.values()


def _used_by_the_dead(used: dict[str, float], folder: Path) -> float:
    kept = folder / "cpu"
    before: dict[str, float] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    dead = before.pop("dead", 0.0)
    # fewer seconds than last time under the same number: it is somebody else
    dead += sum(seconds for pid, seconds in before.items() if used.get(pid, -1.0) < seconds)
    # whole or not at all: whoever is killed here would leave a file that no later scrape can read
    part = folder / "cpu.part"
    part.write_text(json.dumps({**used, "dead": dead}), encoding="utf-8")
    part.replace(kept)
    return dead
