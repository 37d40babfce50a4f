"""Views that no page should meet, and must stand: hostile names, and very many columns."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
from msgspec import structs
from tests.browser import sample

from modelvane.events import Event, Kind
from modelvane.findings import Family, Finding, Findings
from modelvane.service.events import Told
from modelvane.service.page import DatasetView, ServiceState

HOSTILE = "<script>alert('x')</script>&\"/../?#é"


@cache
def hostile() -> DatasetView:
    """Give a view in which every name and category tries to break out of the page."""
    found = (
        sample.drift(HOSTILE, 0.3, 0.1, 0.2, cause=HOSTILE + "\ud800"),
        sample.quality("missing_share", HOSTILE, 0.5, cause=HOSTILE),
        Finding(family=Family.PREDICTION, measure="mean", column=HOSTILE, value=1.0),
        sample.performance("mean_absolute_error", 1.0, label=None, why=HOSTILE),
        sample.performance("precision", 1.0, label=HOSTILE),
        structs.replace(sample.drift(HOSTILE, 0.3, 0.1, 0.2), segment=HOSTILE),
    )
    findings = Findings(HOSTILE, sample.NOW, 5, 5, found)
    return DatasetView(
        name=HOSTILE,
        events=[Told(Event(Kind.ALERT_FIRING, sample.NOW, HOSTILE, HOSTILE + "\ud800"), 2, sample.NOW)],
        findings=findings,
        history=[findings, findings],
        distributions=(sample.categorical(HOSTILE, [HOSTILE, "a"], [HOSTILE + "unseen", "a\x00"]),),
        service=ServiceState(rows_rejected={HOSTILE: 1}, window=HOSTILE),
    )


@cache
def wide(columns: int) -> DatasetView:
    """Give a view of many columns, with a distribution for each."""
    rng = np.random.default_rng(2)
    reference = rng.normal(size=5000)
    base = sample.numerical("x", reference, rng.normal(0.2, 1, 2000))
    history = [
        Findings(
            "wide",
            sample.NOW - 60 * (60 - i),
            2000,
            0,
            tuple(
                sample.drift(f"feature_{c:03d}", 0.03 + 0.02 * math.sin(i / 5 + c), 0.03, 0.045)
                for c in range(columns)
            ),
        )
        for i in range(61)
    ]
    return DatasetView(
        name="wide",
        findings=history[-1],
        history=history,
        distributions=[
            replace(base, column=f"feature_{c:03d}", current=tuple(np.roll(base.current, c % 20).tolist()))
            for c in range(columns)
        ],
    )
