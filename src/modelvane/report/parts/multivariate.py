"""How columns hang together, in the reference and in the rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.multivariate.correlation import FEWEST, correlations, most_changed
from modelvane.multivariate.moments import CrossMoments
from modelvane.multivariate.ruler import NAME, MomentsRuler
from modelvane.reference import Reference
from modelvane.tallies.dataset import DatasetTally

MOST_COLUMNS = 12
"""Columns of which correlations are shown: those of the pairs that changed most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MultivariatePart:
    """What is told of columns together.

    Parameters
    ----------
    findings
        What was measured.
    columns
        At most `MOST_COLUMNS`, in the reference's order; none where correlations are not known.
    reference, current
        Their correlations, one row for each.
    """

    findings: tuple[Finding, ...]
    columns: tuple[str, ...]
    reference: tuple[tuple[float, ...], ...]
    current: tuple[tuple[float, ...], ...]


def multivariate_part(
    reference: Reference, rows: DatasetTally, findings: Findings
) -> MultivariatePart | None:
    """Give what is told of how columns hang together; ``None`` where that is not known."""
    found = tuple(each for each in findings if each.family is Family.MULTIVARIATE)
    ruler, moments = reference.row_rulers.get(NAME), rows.together.get(NAME)
    if not isinstance(ruler, MomentsRuler) or not isinstance(moments, CrossMoments) or moments.n < FEWEST:
        is_told = any(each.verdict is not Verdict.UNDEFINED for each in found)
        return MultivariatePart(findings=found, columns=(), reference=(), current=()) if is_told else None
    before, now = ruler.correlations, correlations(moments)
    places: dict[int, None] = {}
    for pair in most_changed(before, now, len(before) ** 2):
        if len({*places, *pair}) > MOST_COLUMNS:
            break
        places |= dict.fromkeys(chain(pair))
    shown = sorted(places)
    return MultivariatePart(
        findings=found,
        columns=tuple(ruler.columns[at] for at in shown),
        reference=tuple(tuple(line) for line in before[shown][:, shown].tolist()),
        current=tuple(tuple(line) for line in now[shown][:, shown].tolist()),
    )
