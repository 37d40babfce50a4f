"""What says when errors changed: detectors that walk along the timeline of what inputs do not explain."""

from __future__ import annotations

from modelvane.concept.detectors.cusum import CUSUM
from modelvane.concept.detectors.page_hinkley import PAGE_HINKLEY
from modelvane.concept.detectors.walk import Detector

OWN: dict[str, Detector] = {each.name: each for each in (CUSUM, PAGE_HINKLEY)}
"""Those whose lines are learned from the reference, by name."""
