"""How well a regression does as far as what its rows are expected to lose tells."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from modelvane.estimates.by_segment import NO_SEGMENTS
from modelvane.estimates.estimate import Estimate
from modelvane.estimates.expectation import Expectation
from modelvane.estimates.lines import error_lines, promise_lines
from modelvane.estimates.losses import LOSSES, OF_LABELLED, LossRuler, LossTally
from modelvane.estimates.regression import NO_ROWS, REGRESSOR, EstimatedByLoss
from modelvane.evaluation.estimating import (
    LEFT_OUT,
    NOT_IN_REFERENCE,
    held,
    level,
    off,
    told,
    undefined,
)
from modelvane.evaluation.round import Part, Round, parts_of, too_few
from modelvane.findings import Finding
from modelvane.tallies.dataset import DatasetTally
from modelvane.undefined import Undefined


def loss_estimate_findings(this: Round, rows: DatasetTally, labelled: DatasetTally) -> Iterator[Finding]:
    """Estimate performance of all rows and of segments, and hold estimates of labelled rows against their labels."""
    ruler = this.reference.row_rulers.get(LOSSES)
    if not isinstance(ruler, LossRuler):
        # nobody asked for them
        return
    current, past = rows.together.get(LOSSES), labelled.together.get(OF_LABELLED)
    if current is None:
        for each in REGRESSOR:
            yield undefined(told(each), LEFT_OUT)
    else:
        for part in parts_of(this, rows):
            yield from _estimates(this, ruler, part, current)
    if past is not None:
        yield from _errors(this, ruler, labelled, past)


def _estimates(this: Round, ruler: LossRuler, part: Part, current: LossTally) -> Iterator[Finding]:
    segment, known = part.segment, part.reference
    learned: LossTally | None = this.reference.tally.together[LOSSES]
    tally: LossTally | None = current
    promises = ruler.promises
    if segment is not None:
        if not ruler.segments.breakdowns:
            yield undefined(told(REGRESSOR[0], segment), NO_SEGMENTS)
            return
        tally, learned = current.segments.get(segment), learned and learned.segments.get(segment)
        promises = ruler.segments.promises.get(segment, {})
    if tally is None or learned is None or known is None or not promises:
        yield undefined(told(REGRESSOR[0], segment), NO_ROWS if tally is None else NOT_IN_REFERENCE)
        return
    few = too_few(segment, tally.n) or too_few(segment, learned.n, "reference")
    for each in REGRESSOR:
        realised = this.over_reference((each.name, segment), each.of, known.performance.get("regression"))
        beside = realised.get(None)
        finding = replace(
            told(each, segment), n=tally.n, reference=beside if isinstance(beside, float) else None
        )
        if few:
            yield undefined(finding, few)
            continue
        estimate, promise = each.estimate(ruler, tally), promises[each.of.name]
        yield _judged(this, finding, each, estimate, promise, learned.n)


def _judged(
    this: Round,
    finding: Finding,
    each: EstimatedByLoss,
    estimate: Estimate | Undefined,
    promise: Expectation,
    learned_from: int,
) -> Finding:
    if isinstance(estimate, Undefined):
        return undefined(finding, estimate.why)
    finding = replace(finding, value=estimate.value, standard_error=estimate.standard_error)
    lines = promise_lines(
        level(this, REGRESSOR), finding.n, learned_from, promise.variance, promise.skewness, promise.habit
    )
    return held(this, finding, each.of.better, promise.value, lines)


def _errors(this: Round, ruler: LossRuler, labelled: DatasetTally, past: LossTally) -> Iterator[Finding]:
    learned_from = this.reference.tally.together[LOSSES].n
    for each in REGRESSOR:
        estimate, promise = each.estimate(ruler, past), ruler.promises[each.of.name]
        (realised,) = each.values(labelled.performance["regression"]).values()
        spread = estimate.given_scores if isinstance(estimate, Estimate) else 0.0
        lines = error_lines(level(this, REGRESSOR), past.n, learned_from, spread, promise.error_habit)
        yield off(this, each, past.n, estimate, realised, lines)
