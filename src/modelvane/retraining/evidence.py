"""Whether the findings of now bear out an alert."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from modelvane.evaluation.thresholds import LABELLING
from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.naming import cut_text

_FAMILIES = (Family.DRIFT, Family.PERFORMANCE)
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the findings say for a retrain, and by which lines.

    Parameters
    ----------
    crossed
        Findings above every line that they have.
    why
        In one sentence: what was crossed, or that nothing was.
    """

    crossed: tuple[Finding, ...]
    why: str

    def __bool__(self) -> bool:
        return bool(self.crossed)

    def to_dict(self) -> list[dict[str, Any]]:
        """Give the findings with their lines, as plain JSON values."""
        return [
            {
                "measure": finding.measure,
                "column": finding.column,
                "value": finding.value,
                "noise_floor": finding.noise_floor,
                "usual_range": finding.usual_range,
                "threshold": finding.threshold,
                "n": finding.n,
                "why": finding.why,
            }
            for finding in self.crossed
        ]


def evidence_of(findings: Findings) -> Evidence:
    """Look for drift, or a loss of performance, that is above both of its lines now.

    An alarm goes on for a while after its value has fallen below its line, so that it does not flicker; that is no
    evidence. Where a finding has no usual range, for want of a time column or because `alarm: noise` asks for none,
    its noise floor alone decides; where the config sets a limit, the limit does.
    """
    judged = [
        f for f in findings if f.family in _FAMILIES and f.segment is None and f.measure not in LABELLING
    ]
    crossed = tuple(finding for finding in judged if _is_above_its_lines(finding))
    if crossed:
        named = ", ".join(map(_told, crossed[:_NAMED]))
        more = f" and {len(crossed) - _NAMED} more" if len(crossed) > _NAMED else ""
        return Evidence(crossed, f"{named}{more}")
    return Evidence((), _nothing(judged, findings.rows))


def _is_above_its_lines(finding: Finding) -> bool:
    if finding.verdict is not Verdict.ALARM or finding.value is None:
        return False
    if finding.threshold is not None:
        # of a performance the verdict knows which side of the limit is the wrong one; more drift is always worse
        return finding.family is Family.PERFORMANCE or finding.value > finding.threshold
    lines = [line for line in (finding.noise_floor, finding.usual_range) if line is not None]
    return bool(lines) and all(finding.value > line for line in lines)


def _told(finding: Finding) -> str:
    name = cut_text(finding.column) if finding.column is not None else finding.measure
    if finding.threshold is not None:
        return f"{name} beyond its limit ({finding.value:.4g}, limit {finding.threshold:.4g})"
    floor = f"{finding.value:.4g}, noise floor {finding.noise_floor:.4g}"
    if finding.usual_range is None:
        why = finding.why or "no usual range asked for"
        return f"{name} above its noise floor, which alone decides ({floor}; {why})"
    return f"{name} above both lines ({floor}, usual range {finding.usual_range:.4g})"


def _nothing(judged: Iterable[Finding], rows: int) -> str:
    if not rows:
        return "the window has no rows"
    changed = sum(finding.verdict is Verdict.CHANGED for finding in judged)
    if changed:
        are = "finding is" if changed == 1 else "findings are"
        return f"{changed} {are} above the noise floor, and none above the usual range too"
    return "no finding is above both of its lines now"
