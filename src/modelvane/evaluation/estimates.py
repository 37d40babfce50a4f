"""How well the model does as far as its predictions tell, beside how well it did where labels are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from modelvane.calibration.habit import Habit
from modelvane.calibration.lines import Lines, level_of
from modelvane.estimates.classification import CLASSIFIER
from modelvane.estimates.estimate import Estimate, Estimated
from modelvane.estimates.expected import NO_SCORES
from modelvane.estimates.lines import error_lines, promise_lines
from modelvane.estimates.promise import Promise
from modelvane.estimates.scores import labelled_rows, rows_by_score
from modelvane.evaluation.performance import judged
from modelvane.evaluation.round import Round, parts_of, too_few
from modelvane.findings import Family, Finding, Verdict
from modelvane.tallies.dataset import DatasetTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.undefined import Undefined

NO_ROWS = "no rows with a probability in the window"
NOT_IN_REFERENCE = "no rows with this value in the reference"
_JUDGED = [each for each in CLASSIFIER if each.has_error]


def estimate_findings(this: Round, rows: DatasetTally, labelled: DatasetTally) -> Iterator[Finding]:
    """Estimate performance, all and by segment, and hold estimates of all rows against what labels said since."""
    ruler = this.reference.performance
    if ruler is None or ruler.classes is None:
        return
    if ruler.scores is None:
        yield replace(_finding(CLASSIFIER[0], None), verdict=Verdict.UNDEFINED, why=NO_SCORES)
        return
    for segment, part, known in parts_of(this, rows):
        promise = _promise(this, segment, known, ruler.predictions[0])
        column = part.columns[ruler.predictions[0]]
        assert isinstance(column, NumericalTally)  # noqa: S101 - probabilities are numbers
        yield from _estimates(this, segment, promise, column)
    promise = _promise(this, None, this.reference.tally, ruler.predictions[0])
    if isinstance(promise, Promise):
        yield from _errors(this, promise, labelled)


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


def _estimates(
    this: Round, segment: str | None, promise: Promise | Undefined, predictions: NumericalTally
) -> Iterator[Finding]:
    if isinstance(promise, Undefined):
        yield replace(_finding(CLASSIFIER[0], segment), verdict=Verdict.UNDEFINED, why=promise.why)
        return
    expected = promise.by.expect(rows_by_score(predictions))
    few = too_few(segment, expected.n) or too_few(segment, promise.rows, "reference")
    for each in CLASSIFIER if segment is None else _JUDGED:
        realised = promise.realised[each.name]
        for label, estimate in each.estimates(expected).items():
            beside = realised.get(label)
            finding = replace(
                _finding(each, segment, label),
                n=expected.n,
                reference=beside if isinstance(beside, float) else None,
            )
            if few or isinstance(estimate, Undefined):
                why = few or (estimate.why if isinstance(estimate, Undefined) and expected.n else NO_ROWS)
                yield replace(finding, verdict=Verdict.UNDEFINED, why=why)
                continue
            finding = replace(finding, value=estimate.value, standard_error=estimate.standard_error)
            promised = promise.estimates[each.name].get(label)
            if label is None and isinstance(promised, Estimate):
                finding = _held(this, finding, each.of.better, promised, promise.rows)
            yield judged(this, finding, each.of.better)


def _finding(each: Estimated, segment: str | None, label: str | None = None) -> Finding:
    return Finding(family=Family.ESTIMATE, measure=each.name, segment=segment, label=label, unit=each.of.unit)


def _held(this: Round, finding: Finding, better: str | None, promised: Estimate, rows: int) -> Finding:
    """Hold an estimate against what the reference promises: only what is worse can leave it."""
    assert finding.value is not None  # noqa: S101 - only defined ones are held against anything
    worse = -1.0 if better == "higher" else 1.0
    lines = promise_lines(
        _level(this), finding.n, rows, promised.variance, worse * promised.skewness, _habit(this, finding)
    )
    held = _judged(this, finding, lines, worse * (finding.value - promised.value))

    def line(distance: float | None) -> float | None:
        return None if distance is None else promised.value + worse * distance

    return replace(held, noise_floor=line(held.noise_floor), usual_range=line(held.usual_range))


def _errors(this: Round, promise: Promise, labelled: DatasetTally) -> Iterator[Finding]:
    expected = promise.by.expect(labelled_rows(labelled.performance["scores"])[0])
    for each in _JUDGED:
        finding = replace(_finding(each, None), measure=each.error, n=expected.n)
        (estimate,) = each.estimates(expected).values()
        (realised,) = each.values(labelled.performance[each.kind]).values()
        if isinstance(estimate, Undefined) or isinstance(realised, Undefined):
            why = next(value.why for value in (realised, estimate) if isinstance(value, Undefined))
            yield replace(finding, verdict=Verdict.UNDEFINED, why=why)
            continue
        finding = replace(finding, value=abs(estimate.value - realised), standard_error=estimate.given_scores)
        lines = error_lines(
            _level(this), finding.n, promise.rows, estimate.given_scores, _habit(this, finding)
        )
        yield judged(this, _judged(this, finding, lines, finding.value or 0.0), "lower")


def _judged(this: Round, finding: Finding, lines: Lines, distance: float) -> Finding:
    asked = lines.asked_by(this.settings.alarm)
    before = this.verdict_before(finding.measure, finding.column, finding.segment, finding.label)
    return replace(
        finding,
        noise_floor=asked.noise_floor,
        usual_range=asked.usual_range,
        verdict=asked.verdict(distance, this.settings.alarm, before),
        why=asked.why,
    )


def _habit(this: Round, finding: Finding) -> Habit | None:
    return this.reference.calibration.habits.get((finding.segment or "", "", finding.measure))


def _level(this: Round) -> float:
    """Give the probability at which one estimate, of one part, may leave what the reference promises."""
    return level_of(this.settings.budget, len(_JUDGED) * (2 + len(this.reference.tally.segments)))
