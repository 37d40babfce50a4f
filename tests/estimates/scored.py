"""Made-up rows of a classifier whose probabilities are off, and whose inputs may move."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelvane import Monitor, Reference, Settings
from modelvane.findings import Finding


def rows(n: int, *, shift: float = 0.0, seed: int = 0, break_: float = 0.0, start: int = 0) -> dict[str, Any]:
    """Give rows; ``shift`` moves the inputs, ``break_`` what they mean."""
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1.5, n)
    is_yes = rng.random(n) < 1 / (1 + np.exp(break_ - x))
    return {
        "id": [f"{seed}-{i}" for i in range(n)],
        # over-confident on one side: what it says is not what happens
        "score": 1 / (1 + np.exp(-(0.6 * x + 0.5))),
        "y": np.where(is_yes, "yes", "no"),
        "at": np.datetime64("2024-01-01") + np.arange(start, start + n) * np.timedelta64(60, "s"),
        "half": np.where(np.arange(n) % 2, "odd", "even"),
    }


def scored(n: int = 20_000, **drawn: Any) -> Reference:
    """Give a reference of such rows, without times."""
    data = rows(n, **drawn)
    del data["at"], data["half"]
    return Reference.of(data, target="y", prediction="score", id="id")


def estimates(reference: Reference, data: dict[str, Any], *, labelled: bool = True) -> dict[str, Finding]:
    """Give the findings about estimates, and of performance, over all rows by measure and label."""
    monitor = Monitor("made up", reference, Settings(), window=max(len(data["score"]), 1))
    monitor.push(data if labelled else {name: held for name, held in data.items() if name != "y"})
    return {
        f.measure if f.label is None else f"{f.measure} {f.label}": f
        for f in monitor.findings()
        if f.segment is None
    }
