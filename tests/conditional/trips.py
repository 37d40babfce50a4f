"""Rows whose distance follows from where they begin and end, but for some noise."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from modelvane.findings import Finding, Findings
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.settings import Settings, Window

ZONES = 8
NAMES = tuple(f"zone {at}" for at in range(ZONES))


def rows(
    seed: int, n: int, *, factor: float = 1.0, east: float = 0.0, breathing: float = 0.0
) -> dict[str, list[Any]]:
    """Give rows in order of time.

    Parameters
    ----------
    factor
        By which distances are multiplied.
    east
        Share of rows that begin in the last zone whatever they did before.
    breathing
        By how much that share goes up and down with the hour.
    """
    rng = np.random.default_rng(seed)
    share = east + breathing * (1 + np.sin(2 * np.pi * np.arange(n) / 400)) / 2
    start = np.where(rng.random(n) < share, ZONES - 1, rng.integers(0, ZONES, n))
    end = rng.integers(0, ZONES, n)
    distance = factor * (1.0 + np.abs(start - end) ** 1.5) * rng.lognormal(0.0, 0.15, n)
    return {
        "at": (1.6e9 + 60.0 * np.arange(n)).tolist(),
        "start": [NAMES[at] for at in start],
        "end": [NAMES[at] for at in end],
        "distance": distance.tolist(),
        "weight": rng.gamma(2.0, 2.0, n).tolist(),
    }


@cache
def reference(breathing: float = 0.0) -> Reference:
    return Reference.of(rows(0, 8000, breathing=breathing), time="at")


def found(data: dict[str, list[Any]], known: Reference | None = None, **more: Any) -> Findings:
    window = Window(rows=len(data["distance"]))
    monitor = Monitor("trips", known or reference(), Settings(window=window, **more), clock=lambda: 2e9)
    monitor.push(data)
    return monitor.findings()


def of(findings: Findings, column: str = "distance") -> Finding:
    finding = findings.get("conditional_drift", column)
    assert finding is not None
    return finding
