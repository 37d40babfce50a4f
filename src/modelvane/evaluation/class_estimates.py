"""How well a classifier of several classes does as far as its probabilities tell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from modelvane.estimates.by_segment import NO_SEGMENTS
from modelvane.estimates.classes import CLASSES, MOST_CLASSES, OF_LABELLED, ClassesRuler, ClassTally
from modelvane.estimates.estimate import Estimate
from modelvane.estimates.lines import error_lines, promise_lines
from modelvane.estimates.scores import labelled_rows, rows_by_score
from modelvane.estimates.several import SEVERAL, Known, estimates_of
from modelvane.evaluation.estimating import LEFT_OUT, NOT_IN_REFERENCE, held, level, off, told, undefined
from modelvane.evaluation.round import Part, Round, parts_of, too_few
from modelvane.findings import Finding
from modelvane.tallies.dataset import DatasetTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.undefined import Undefined

NOT_LEARNED = (
    f"no estimates: they take at most {MOST_CLASSES} classes, and a reference of 100 rows with a probability for each "
    "and a target, built by this version"
)
NO_ROWS = "no rows with a probability for each class in the window"
_JUDGED = [each for each in SEVERAL if each.has_error]


def class_estimate_findings(this: Round, rows: DatasetTally, labelled: DatasetTally) -> Iterator[Finding]:
    """Estimate performance, and hold estimates of labelled rows against their labels."""
    ruler = this.reference.row_rulers.get(CLASSES)
    current = rows.together.get(CLASSES)
    if not isinstance(ruler, ClassesRuler) or not isinstance(current, ClassTally):
        yield undefined(told(SEVERAL[0]), LEFT_OUT if CLASSES in this.reference.left_out else NOT_LEARNED)
        return
    for part in parts_of(this, rows):
        yield from _estimates(this, ruler, part, current)
    past = labelled.together.get(OF_LABELLED)
    if not isinstance(past, ClassTally):
        return
    known = Known(past, labelled_rows(labelled.performance["scores"]))
    learned_from = this.reference.tally.performance["scores"].n
    for each in SEVERAL:
        if not each.has_error or each.of.name not in ruler.promises:
            continue
        promise, estimate = ruler.promises[each.of.name], estimates_of(each, ruler, known)[None]
        (realised,) = each.values(labelled.performance[each.kind]).values()
        spread = estimate.given_scores if isinstance(estimate, Estimate) else 0.0
        lines = error_lines(
            level(this, SEVERAL), past.n, learned_from, spread, promise.error_habit, promise.gap
        )
        yield off(this, each, past.n, estimate, realised, lines)


def _estimates(this: Round, ruler: ClassesRuler, part: Part, current: ClassTally) -> Iterator[Finding]:
    segment, known = part.segment, part.reference
    tally: ClassTally | None = current
    promises = ruler.promises
    if segment is not None:
        if not ruler.segments.breakdowns:
            yield undefined(told(SEVERAL[0], segment), NO_SEGMENTS)
            return
        tally, promises = current.segments.get(segment), ruler.segments.promises.get(segment, {})
        if tally is None or known is None or not known.performance:
            yield undefined(told(SEVERAL[0], segment), NO_ROWS if tally is None else NOT_IN_REFERENCE)
            return
    assert tally is not None  # noqa: S101 - of all rows there is one, of a segment as above
    assert known is not None  # noqa: S101 - as above
    columns = [part.current.columns[name] for name in ruler.names]
    scores = [rows_by_score(column) for column in columns if isinstance(column, NumericalTally)]
    these = Known(tally, np.stack(scores))
    learned_from = known.performance["scores"].n
    few = too_few(segment, tally.n) or too_few(segment, learned_from, "reference")
    for each in SEVERAL if segment is None else _JUDGED:
        realised = this.over_reference((each.name, segment), each.of, known.performance[each.kind])
        for label, estimate in estimates_of(each, ruler, these).items():
            beside = realised.get(label)
            finding = replace(
                told(each, segment, label),
                n=tally.n,
                reference=beside if isinstance(beside, float) else None,
            )
            if few or isinstance(estimate, Undefined):
                why = few or (estimate.why if isinstance(estimate, Undefined) and tally.n else NO_ROWS)
                yield undefined(finding, why)
                continue
            finding = replace(finding, value=estimate.value, standard_error=estimate.standard_error)
            promise = None if label is not None else promises.get(each.of.name)
            if promise is None:
                yield finding
                continue
            skewness = -promise.skewness if each.of.better == "higher" else promise.skewness
            lines = promise_lines(
                level(this, SEVERAL), tally.n, learned_from, promise.variance, skewness, promise.habit
            )
            yield held(this, finding, each.of.better, promise.value, lines)
