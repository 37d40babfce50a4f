"""How well a classifier of several classes does as far as its probabilities tell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from modelvane.estimates.classes import CLASSES, MOST_CLASSES, OF_LABELLED, ClassesRuler, ClassTally
from modelvane.estimates.estimate import Estimate
from modelvane.estimates.lines import error_lines, promise_lines
from modelvane.estimates.scores import labelled_rows, rows_by_score
from modelvane.estimates.several import SEVERAL, Known, estimates_of
from modelvane.evaluation.estimating import LEFT_OUT, held, level, off, told, undefined
from modelvane.evaluation.round import Round
from modelvane.findings import Finding
from modelvane.tallies.dataset import DatasetTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.undefined import Undefined

NOT_LEARNED = (
    f"no estimates: they take at most {MOST_CLASSES} classes, and a reference of 100 rows with a probability for each "
    "and a target, built by this version"
)
NO_ROWS = "no rows with a probability for each class in the window"


def class_estimate_findings(this: Round, rows: DatasetTally, labelled: DatasetTally) -> Iterator[Finding]:
    """Estimate performance, and hold estimates of labelled rows against their labels."""
    ruler = this.reference.row_rulers.get(CLASSES)
    current = rows.together.get(CLASSES)
    if not isinstance(ruler, ClassesRuler) or not isinstance(current, ClassTally):
        yield undefined(told(SEVERAL[0]), LEFT_OUT if CLASSES in this.reference.left_out else NOT_LEARNED)
        return
    yield from _estimates(this, ruler, rows, current)
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


def _estimates(
    this: Round, ruler: ClassesRuler, rows: DatasetTally, current: ClassTally
) -> Iterator[Finding]:
    columns = [rows.columns[name] for name in ruler.names]
    scores = [rows_by_score(column) for column in columns if isinstance(column, NumericalTally)]
    known = Known(current, np.stack(scores))
    performance = this.reference.tally.performance
    learned_from = performance["scores"].n
    for each in SEVERAL:
        realised = each.values(performance[each.kind])
        for label, estimate in estimates_of(each, ruler, known).items():
            beside = realised.get(label)
            finding = replace(
                told(each, label=label),
                n=current.n,
                reference=beside if isinstance(beside, float) else None,
            )
            if isinstance(estimate, Undefined):
                yield undefined(finding, estimate.why if current.n else NO_ROWS)
                continue
            finding = replace(finding, value=estimate.value, standard_error=estimate.standard_error)
            promise = None if label is not None else ruler.promises.get(each.of.name)
            if promise is None:
                yield finding
                continue
            skewness = -promise.skewness if each.of.better == "higher" else promise.skewness
            lines = promise_lines(
                level(this, SEVERAL), current.n, learned_from, promise.variance, skewness, promise.habit
            )
            yield held(this, finding, each.of.better, promise.value, lines)
