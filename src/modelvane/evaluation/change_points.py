"""When errors changed: what detectors find along the timeline of the labelled rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from msgspec import Struct

from modelvane.calibration.lines import Lines
from modelvane.concept.detectors import OWN
from modelvane.concept.detectors.river import RIVER, RiverDetector, require_river
from modelvane.concept.detectors.walk import Detector, Rise
from modelvane.concept.measures import CHANGED_AT, name_of
from modelvane.concept.ruler import ConceptRuler, key
from modelvane.concept.signals import Signal
from modelvane.concept.tally import ConceptTally
from modelvane.evaluation.round import Round
from modelvane.findings import Family, Finding, Verdict
from modelvane.ruler import Floats

# what ADWIN takes for the whole range of a mean, in standard deviations
_REACH = 4.0
_OFF = (Verdict.ALARM, Verdict.CHANGED)


class ChangePoints(Struct, frozen=True, dict=True):
    """One signal of the window, in order of time.

    Parameters
    ----------
    at
        Which of the ruler's signals.
    lines
        ``lines(measure, n)`` gives those that were learned of a detector.
    level
        At which river's detectors may raise a false alarm.
    """

    this: Round
    ruler: ConceptRuler
    at: int
    signal: Signal
    reference: ConceptTally
    current: ConceptTally
    lines: Callable[[str, int], Lines]
    level: float

    def findings(self) -> Iterator[Finding]:
        """Give what every configured detector found, and when the change that it found began."""
        asked = self.this.settings.concept.detectors
        own = [OWN[name] for name in asked if name in OWN]
        theirs = [RIVER[name] for name in asked if name in RIVER] if self._is_loss else []
        why = "" if self.current.timeline.n else self._why_none()
        if why:
            for name in (*(each.name for each in own), *(each.name for each in theirs)):
                yield self._undefined(name, why)
            yield self._undefined(CHANGED_AT, why)
            return
        walked = [(each, each.rise(*self._standardised, self._weights(each))) for each in own]
        judged = [self._judged(detector, rise) for detector, rise in walked]
        yield from judged
        if theirs:
            require_river()
        yield from (self._of_river(detector) for detector in theirs)
        began = [rise for (_, rise), each in zip(walked, judged, strict=True) if each.verdict in _OFF]
        if not began:
            yield self._undefined(CHANGED_AT, "no change was found")
            return
        first = min(rise.since for rise in began)
        yield Finding(
            family=Family.CONCEPT,
            measure=name_of(self.signal.name, CHANGED_AT),
            value=self._start(first) / 1e6,
            unit="seconds",
            n=self.current.timeline.n,
            cause=_moment(self._start(first)),
        )

    @property
    def _is_loss(self) -> bool:
        """Whether larger is worse, as river's detectors of error rates take it."""
        return self.at == len(self.ruler.signals) - 1

    def _why_none(self) -> str:
        return "no labelled row has a time" if self.current.n else "no labelled rows in the window"

    @cached_property
    def _standardised(self) -> tuple[Floats, Floats]:
        """Rows and sums of the buckets, of values with mean 0 and deviation 1 in the reference."""
        timeline = self.current.timeline
        first = next(iter(self.ruler.places.values()))
        usual = int(self.reference.sums[self.at, first].sum()) / self.reference.n
        rows = timeline.rows.astype(np.float64)
        sums = timeline.sums[self.at] - rows * usual
        return rows, sums / math.sqrt(float(self.ruler.variance_of_all[self.at, 0]))

    def _weights(self, detector: Detector) -> Floats:
        return self.ruler.weights[key(detector.name, self.signal.name)]

    def _start(self, bucket: int) -> int:
        """Give when a bucket begins."""
        starts = self.current.timeline.starts()
        return int(starts[min(bucket, len(starts) - 1)])

    def _judged(self, detector: Detector, rise: Rise) -> Finding:
        measure, n = name_of(self.signal.name, detector.name), self.current.timeline.n
        lines = self.lines(detector.name, n)
        before = self.this.verdict_before(measure, None, None)
        verdict = lines.verdict(rise.height, self.this.settings.alarm, before)
        return Finding(
            family=Family.CONCEPT,
            measure=measure,
            value=rise.height,
            n=n,
            noise_floor=lines.noise_floor,
            usual_range=lines.usual_range,
            verdict=verdict,
            cause=self._told(rise) if verdict in _OFF else "",
            why=lines.why,
        )

    def _told(self, rise: Rise) -> str:
        """Say since when what inputs do not explain is larger or smaller, and by how much."""
        rows, sums = self._standardised
        unit = math.sqrt(float(self.ruler.variance_of_all[self.at, 0])) * self.ruler.scales[self.at].quantum
        since = min(rise.since, len(rows) - 1)
        after = float(sums[since:].sum() / rows[since:].sum()) * unit
        way = "larger" if rise.upward else "smaller"
        return (
            f"{self.signal.title.lower()} {way} than inputs explain since {_moment(self._start(since))}: "
            f"{after:+.3g} against the reference, over {rows[since:].sum():.0f} rows"
        )

    def _of_river(self, detector: RiverDetector) -> Finding:
        rows, sums = self._standardised
        means = np.clip(sums / rows / (2 * _REACH) + 0.5, 0.0, 1.0)
        timeline = self.current.timeline
        changes = detector.changes(timeline, means, self.level)
        starts = timeline.starts()
        return Finding(
            family=Family.CONCEPT,
            measure=name_of(self.signal.name, detector.name),
            value=float(len(changes)),
            n=timeline.n,
            verdict=Verdict.ALARM if changes else Verdict.OK,
            cause=", ".join(_moment(int(starts[bucket])) for bucket in changes[:3]),
        )

    def _undefined(self, measure: str, why: str) -> Finding:
        return Finding(
            family=Family.CONCEPT,
            measure=name_of(self.signal.name, measure),
            unit="seconds" if measure == CHANGED_AT else "",
            verdict=Verdict.UNDEFINED,
            why=why,
        )


def _moment(time: int) -> str:
    # a wrong time may be beyond any calendar
    try:
        return f"{datetime.fromtimestamp(time / 1e6, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return f"{time / 1e6:.0f} seconds after 1970"
