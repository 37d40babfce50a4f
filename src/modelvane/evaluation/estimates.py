"""How well the model does as far as its predictions tell, beside how well it did where labels are known."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from modelvane.calibration.habit import Habit
from modelvane.estimates.classification import CLASSIFIER
from modelvane.estimates.estimate import Estimate
from modelvane.estimates.expected import NO_SCORES
from modelvane.estimates.lines import error_lines, promise_lines
from modelvane.estimates.promise import Promise
from modelvane.estimates.scores import labelled_rows, rows_by_score
from modelvane.evaluation.class_estimates import class_estimate_findings
from modelvane.evaluation.estimating import NOT_IN_REFERENCE, held, level, off, told, undefined
from modelvane.evaluation.loss_estimates import loss_estimate_findings
from modelvane.evaluation.round import Round, parts_of, too_few
from modelvane.findings import Family, Finding
from modelvane.tallies.dataset import DatasetTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.undefined import Undefined

NO_ROWS = "no rows with a probability in the window"
_JUDGED = [each for each in CLASSIFIER if each.has_error]


def estimate_findings(this: Round, rows: DatasetTally, labelled: DatasetTally) -> Iterator[Finding]:
    """Estimate performance, and hold estimates of labelled rows against their labels."""
    ruler = this.reference.performance
    if ruler is None:
        return
    if ruler.regression is not None:
        yield from loss_estimate_findings(this, rows, labelled)
    elif ruler.scores is not None and not ruler.scores.is_binary:
        yield from class_estimate_findings(this, rows, labelled)
    elif ruler.scores is not None:
        yield from _classification(this, rows, labelled, ruler.predictions[0])
    elif ruler.classes is not None:
        yield undefined(told(CLASSIFIER[0]), NO_SCORES)


def _classification(
    this: Round, rows: DatasetTally, labelled: DatasetTally, prediction: str
) -> Iterator[Finding]:
    for segment, part, known in parts_of(this, rows):
        column = part.columns[prediction]
        assert isinstance(column, NumericalTally)  # noqa: S101 - probabilities are numbers
        yield from _by_score(this, segment, _promise(this, segment, known, prediction), column)
    promise = _promise(this, None, this.reference.tally, prediction)
    if isinstance(promise, Undefined) or "scores" not in labelled.performance:
        return
    expected = promise.by.expect(labelled_rows(labelled.performance["scores"])[0])
    for each in _JUDGED:
        (estimate,) = each.estimates(expected).values()
        (realised,) = each.values(labelled.performance[each.kind]).values()
        spread = estimate.given_scores if isinstance(estimate, Estimate) else 0.0
        habit, gap = _habit(this, None, each.error), promise.gaps[each.name]
        lines = error_lines(level(this, CLASSIFIER), expected.n, promise.rows, spread, habit, gap)
        yield off(this, each, expected.n, estimate, realised, lines)


def _promise(
    this: Round, segment: str | None, known: DatasetTally | None, prediction: str
) -> Promise | Undefined:
    memo = this.reference.values
    key = Family.ESTIMATE, segment
    if key not in memo:
        if known is None or not known.performance:
            memo[key] = Undefined(NOT_IN_REFERENCE)
        else:
            column = known.columns[prediction]
            assert isinstance(column, NumericalTally)  # noqa: S101 - probabilities are numbers
            memo[key] = Promise.of(known.performance["confusion"], known.performance["scores"], column)
    found: Promise | Undefined = memo[key]
    return found


def _by_score(
    this: Round, segment: str | None, promise: Promise | Undefined, predictions: NumericalTally
) -> Iterator[Finding]:
    if isinstance(promise, Undefined):
        yield undefined(told(CLASSIFIER[0], segment), promise.why)
        return
    expected = promise.by.expect(rows_by_score(predictions))
    few = too_few(segment, expected.n) or too_few(segment, promise.rows, "reference")
    for each in CLASSIFIER if segment is None else _JUDGED:
        realised, promised = promise.realised[each.name], promise.estimates[each.name]
        for label, estimate in each.estimates(expected).items():
            beside, before = realised.get(label), promised.get(label)
            finding = replace(
                told(each, segment, label),
                n=expected.n,
                reference=beside if isinstance(beside, float) else None,
            )
            if few or isinstance(estimate, Undefined):
                why = few or (estimate.why if isinstance(estimate, Undefined) and expected.n else NO_ROWS)
                yield undefined(finding, why)
                continue
            finding = replace(finding, value=estimate.value, standard_error=estimate.standard_error)
            if label is not None or not isinstance(before, Estimate):
                yield finding
                continue
            better = each.of.better
            skewness = -before.skewness if better == "higher" else before.skewness
            lines = promise_lines(
                level(this, CLASSIFIER),
                expected.n,
                promise.rows,
                before.variance,
                skewness,
                _habit(this, segment, each.name),
            )
            yield held(this, finding, better, before.value, lines)


def _habit(this: Round, segment: str | None, name: str) -> Habit | None:
    return this.reference.calibration.habits.get((segment or "", "", name))
