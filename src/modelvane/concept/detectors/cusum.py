"""The cumulative sum against the reference's mean."""

from __future__ import annotations

from modelvane.concept.detectors.walk import Detector
from modelvane.ruler import Floats

ALLOWANCE = 0.1
"""Half of the change, in standard deviations, that it is quickest to find."""


def _steps(rows: Floats, sums: Floats) -> Floats:
    return sums - ALLOWANCE * rows


CUSUM = Detector(
    name="cusum",
    title="CUSUM",
    source=f"max over t of S = max(0, S + (x - m) / s - {ALLOWANCE}), in either direction: Page, 1954",
    steps=_steps,
)
"""Finds that errors are not what they were in the reference, however long ago they changed."""
