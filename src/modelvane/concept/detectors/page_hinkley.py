"""The cumulative sum against the running mean."""

from __future__ import annotations

import numpy as np

from modelvane.concept.detectors.walk import Detector
from modelvane.ruler import Floats

TOLERANCE = 0.05
"""Standard deviations from the running mean that are no change."""


def _steps(rows: Floats, sums: Floats, tolerance: float) -> Floats:
    n = np.cumsum(rows, axis=0)
    running = np.cumsum(sums, axis=0) / np.maximum(n, 1.0)
    return np.asarray(sums - rows * (running + tolerance), np.float64)


PAGE_HINKLEY = Detector(
    name="page_hinkley",
    title="Page-Hinkley",
    source=f"max over t of M - min M, M the sum of (x - mean of x until t) / s - {TOLERANCE}, in either direction: "
    "Page, 1954; Hinkley, 1971",
    steps=_steps,
    allowances=(TOLERANCE,),
)
"""Finds that errors changed within the window, whatever they were before it."""
