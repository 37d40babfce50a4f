"""River's detectors, over the rows of a timeline: https://riverml.xyz, an extra."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import numpy as np
from msgspec import Struct

from modelvane.concept.timeline import Timeline
from modelvane.extras import require
from modelvane.ruler import Floats


class Streaming(Protocol):
    """What river calls a drift detector."""

    def update(self, x: float) -> None:
        """Take the next value."""

    @property
    def drift_detected(self) -> bool:
        """Whether the last value told of a change."""


class RiverDetector(Struct, frozen=True):
    """One of river's detectors.

    Parameters
    ----------
    name, title, source
        As of a measure.
    made
        ``made(level)`` gives a fresh one that raises a false alarm with about that probability.
    of_bits
        Whether it takes the outcome of each row, or the mean of each bucket.
    falls
        Whether it finds outcomes that become fewer, not more: it is then told of what was right.
    """

    name: str
    title: str
    source: str
    made: Callable[[float], Streaming]
    of_bits: bool = True
    falls: bool = False

    def changes(self, timeline: Timeline, means: Floats, level: float) -> list[int]:
        """Give the buckets in which it found a change.

        Parameters
        ----------
        means
            Of each bucket, in [0, 1].
        """
        detector, found = self.made(level), []
        for bucket, value in self._stream(timeline, means):
            detector.update(value)
            if detector.drift_detected:
                found.append(bucket)
        return found

    def _stream(self, timeline: Timeline, means: Floats) -> Iterator[tuple[int, float]]:
        if not self.of_bits:
            yield from enumerate(means.tolist())
            return
        for bucket, (rows, large) in enumerate(
            zip(timeline.rows.tolist(), timeline.large.tolist(), strict=True)
        ):
            for is_large in outcomes(rows, large):
                yield bucket, int(is_large is not self.falls)


def outcomes(rows: int, large: int) -> list[bool]:
    """Give the outcomes of the rows of a bucket, whose order it does not know: large errors evenly among the others.

    >>> outcomes(4, 2), outcomes(3, 0)
    ([False, True, False, True], [False, False, False])
    """
    found: list[bool] = np.diff(np.arange(rows + 1) * large // max(rows, 1)).astype(bool).tolist()
    return found


def require_river() -> None:
    """Check that river is there.

    Raises
    ------
    MissingExtraError
        With the extra that brings it.
    """
    require(
        "river",
        f"The detectors {', '.join(RIVER)} need river",
        "pip install 'modelvane[river]'; cusum and page_hinkley need nothing",
    )


def _adwin(level: float) -> Streaming:
    from river.drift import ADWIN  # noqa: PLC0415 - the extra may be missing

    # buckets are few: each may be the one
    found: Streaming = ADWIN(delta=level, clock=1)
    return found


def _hddm_a(level: float) -> Streaming:
    from river.drift.binary import HDDMA  # noqa: PLC0415 - as above

    found: Streaming = HDDMA(drift_confidence=level, warning_confidence=level)
    return found


def _hddm_w(level: float) -> Streaming:
    from river.drift.binary import HDDMW  # noqa: PLC0415 - as above

    found: Streaming = HDDMW(drift_confidence=level, warning_confidence=level)
    return found


def _fhddm(level: float) -> Streaming:
    from river.drift.binary import FHDDM  # noqa: PLC0415 - as above

    found: Streaming = FHDDM(confidence_level=level)
    return found


RIVER: Mapping[str, RiverDetector] = {
    each.name: each
    for each in (
        RiverDetector("adwin", "ADWIN", "Bifet and Gavaldà, 2007, by river", _adwin, of_bits=False),
        RiverDetector("hddm_a", "HDDM-A", "Frías-Blanco et al., 2015, by river", _hddm_a),
        RiverDetector("hddm_w", "HDDM-W", "Frías-Blanco et al., 2015, by river", _hddm_w),
        RiverDetector("fhddm", "FHDDM", "Pesaranghader and Viktor, 2016, by river", _fhddm, falls=True),
    )
}
"""By name."""
