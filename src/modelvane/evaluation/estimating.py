"""How estimates are told and judged, whatever they come from."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from modelvane.calibration.lines import Lines, level_of
from modelvane.estimates.estimate import Estimate, Estimated
from modelvane.evaluation.performance import judged
from modelvane.evaluation.round import Round
from modelvane.findings import Family, Finding, Verdict
from modelvane.undefined import Undefined, Value

LEFT_OUT = "not counted: `leave_out` names it"
NOT_IN_REFERENCE = "no rows with this value in the reference"


def told(each: Estimated, segment: str | None = None, label: str | None = None) -> Finding:
    """Give a finding that has no value yet."""
    return Finding(family=Family.ESTIMATE, measure=each.name, segment=segment, label=label, unit=each.of.unit)


def undefined(finding: Finding, why: str) -> Finding:
    """Give a finding that has no value, and the reason."""
    return replace(finding, verdict=Verdict.UNDEFINED, why=why)


def level(this: Round, estimated: Sequence[Estimated]) -> float:
    """Give the probability at which one estimate of all rows or of a segment, or its error, may exceed its line."""
    tests = sum(each.has_error for each in estimated)
    return level_of(this.settings.budget, tests * (2 + len(this.reference.tally.segments)))


def held(this: Round, finding: Finding, better: str | None, promised: float, lines: Lines) -> Finding:
    """Hold an estimate against what the reference promises: only what is worse can leave it.

    Parameters
    ----------
    promised
        The estimate over the reference.
    lines
        Of how much worse an estimate may be.
    """
    assert finding.value is not None  # noqa: S101 - only defined ones are held against anything
    worse = -1.0 if better == "higher" else 1.0
    found = _by_lines(this, finding, lines, worse * (finding.value - promised))

    def line(distance: float | None) -> float | None:
        return None if distance is None else promised + worse * distance

    found = replace(found, noise_floor=line(found.noise_floor), usual_range=line(found.usual_range))
    return judged(this, found, better)


def off(
    this: Round, each: Estimated, n: int, estimate: Estimate | Undefined, realised: Value, lines: Lines
) -> Finding:
    """Tell how far the estimate of labelled rows was from their labels.

    Parameters
    ----------
    lines
        Of how far it may be.
    """
    finding = replace(told(each), measure=each.error, n=n)
    for value in (realised, estimate):
        if isinstance(value, Undefined):
            return undefined(finding, value.why)
    assert isinstance(estimate, Estimate)  # noqa: S101 - as above
    assert isinstance(realised, float)  # noqa: S101 - as above
    distance = abs(estimate.value - realised)
    finding = replace(finding, value=distance, standard_error=estimate.given_scores)
    return judged(this, _by_lines(this, finding, lines, distance), "lower")


def _by_lines(this: Round, finding: Finding, lines: Lines, distance: float) -> Finding:
    asked = lines.asked_by(this.settings.alarm)
    before = this.verdict_before(finding.measure, finding.column, finding.segment, finding.label)
    return replace(
        finding,
        noise_floor=asked.noise_floor,
        usual_range=asked.usual_range,
        verdict=asked.verdict(distance, this.settings.alarm, before),
        why=asked.why,
    )
