"""How the columns of the window hang together, against how those of the reference do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelvane.evaluation.round import Round
from modelvane.evaluation.together import NOT_LEARNED, joint_finding, joint_lines, undefined_joint
from modelvane.findings import Finding
from modelvane.multivariate.correlation import FEWEST, correlations, largest_change, most_changed
from modelvane.multivariate.measures import CORRELATION_CHANGE, RECONSTRUCTION_ERROR
from modelvane.multivariate.moments import CrossMoments
from modelvane.multivariate.ruler import NAME, MomentsRuler
from modelvane.tallies.dataset import DatasetTally

_NAMED = 3


def multivariate_findings(this: Round, rows: DatasetTally) -> Iterator[Finding]:
    """Give the largest change of a correlation, and the rows' distance from the reference's plane."""
    ruler, current = this.reference.row_rulers.get(NAME), rows.together.get(NAME)
    if NAME in this.reference.left_out:
        return
    if not isinstance(ruler, MomentsRuler) or not isinstance(current, CrossMoments) or current.n < FEWEST:
        n = current.n if isinstance(current, CrossMoments) else 0
        why = NOT_LEARNED if ruler is None else f"{n} rows; it takes {FEWEST} to tell a correlation"
        for measure in (CORRELATION_CHANGE, RECONSTRUCTION_ERROR):
            yield undefined_joint(measure, n, why)
        return
    yield _correlation_change(this, ruler, current)
    yield _reconstruction_error(this, ruler, current)


def _correlation_change(this: Round, ruler: MomentsRuler, current: CrossMoments) -> Finding:
    before, now = ruler.correlations, correlations(current)
    floor = max(ruler.change.exceeded_with(this.level, current.n), 0.0) ** 0.5
    # a fitted tail knows no bound
    lines = joint_lines(this, CORRELATION_CHANGE, min(floor, 2.0), ruler.usual_change, current.n)
    pairs = [
        f"{ruler.columns[i]} and {ruler.columns[j]} {before[i, j]:.2f} -> {now[i, j]:.2f}"
        for i, j in most_changed(before, now, _NAMED)
    ]
    value, cause = float(largest_change(before, now)), f"correlation of {', '.join(pairs)}"
    return joint_finding(this, CORRELATION_CHANGE, value, lines, current.n, cause=cause)


def _reconstruction_error(this: Round, ruler: MomentsRuler, current: CrossMoments) -> Finding:
    plane = ruler.plane
    floor = ruler.error.exceeded_with(this.level, current.n)
    lines = joint_lines(this, RECONSTRUCTION_ERROR, floor, ruler.usual_error, current.n)
    more = plane.error_by_column(current) - plane.error_by_column(ruler.known)
    most = [ruler.columns[at] for at in np.argsort(-more, kind="stable")[:_NAMED] if more[at] > 0]
    value = float(plane.error(float(current.n), current.sums, current.products))
    cause = f"farther from what the other columns say: {', '.join(most)}"
    known = ruler.error.moments[0]
    return joint_finding(this, RECONSTRUCTION_ERROR, value, lines, current.n, reference=known, cause=cause)
