"""What is estimated of a classifier with a probability for each of several classes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelvane.estimates.classes import PART, ClassesRuler, ClassTally
from modelvane.estimates.classification import CLASSIFIER
from modelvane.estimates.estimate import Estimate, EstimatedByScore
from modelvane.estimates.expected import ROW, Expectation, Expected
from modelvane.estimates.isotonic import Floats
from modelvane.estimates.scores import cell_of
from modelvane.tallies.cells import Cells, Integers
from modelvane.tallies.classification import ConfusionTally
from modelvane.tallies.scores import ScoreRuler
from modelvane.undefined import Undefined

# how values of each class against the rest become one
_JOINED: dict[str, Callable[[Sequence[float]], float]] = {
    "roc_auc": lambda found: sum(found) / len(found),
    "average_precision": lambda found: sum(found) / len(found),
    "brier_score": sum,
}

SEVERAL: tuple[EstimatedByScore, ...] = tuple(
    each for each in CLASSIFIER if each.by_matrix is not None or each.of.name in _JOINED
)
"""All but the log loss, to which only the probability of the row's own class matters."""


class Known(NamedTuple):
    """What is known of rows whose performance is estimated.

    Parameters
    ----------
    tally
        What they are expected to be.
    scores
        Rows by score, class after class, shape ``(classes, CELLS)``.
    """

    tally: ClassTally
    scores: Integers


def confusion_of(ruler: ClassesRuler, tally: ClassTally) -> ConfusionTally:
    """Give the expected confusion, counts in quanta of `ROW`."""
    size = ruler.classes.size
    counts = np.zeros((size, size), np.int64)
    counts[np.ix_(ruler.places, ruler.places)] = tally.matrix
    return ConfusionTally(ruler.classes, Cells.of(counts.ravel()), 0, 0)


def gradients_of(
    each: EstimatedByScore, ruler: ClassesRuler, tally: ClassTally
) -> dict[str | None, Floats | Undefined]:
    """Give how much a row of each target and prediction moves a value of the confusion, by label."""
    assert each.by_matrix is not None  # noqa: S101 - asked of those of the confusion
    confusion = confusion_of(ruler, tally)
    values = each.values(confusion)
    if not any(isinstance(value, float) for value in values.values()):
        return {label: value for label, value in values.items() if isinstance(value, Undefined)}
    moves = each.by_matrix(confusion.matrix / ROW)
    return {
        label: value if isinstance(value, Undefined) else moved
        for (label, value), moved in zip(values.items(), moves, strict=False)
    }


def estimates_of(
    each: EstimatedByScore, ruler: ClassesRuler, known: Known
) -> dict[str | None, Estimate | Undefined]:
    """Give the estimate of each label."""
    if each.by_matrix is None:
        return {None: _joined(each, ruler, known.scores)}
    values = each.values(confusion_of(ruler, known.tally))
    found: dict[str | None, Estimate | Undefined] = {}
    for label, moved in gradients_of(each, ruler, known.tally).items():
        value = values[label]
        if isinstance(value, Undefined) or isinstance(moved, Undefined):
            found[label] = value if isinstance(value, Undefined) else Undefined("nothing moves it")
            continue
        found[label] = _by_matrix(value, moved[np.ix_(ruler.places, ruler.places)], known.tally)
    return found


def _by_matrix(value: float, moved: Floats, tally: ClassTally) -> Estimate:
    """Propagate the variances of single rows; see `modelvane.estimates.estimate.Estimate.of`."""
    of_rows = float((tally.matrix * np.square(moved)).sum()) / ROW
    expected = float(np.einsum("jk,kji,ik->", moved, tally.products, moved)) / PART**2
    return Estimate(
        value,
        standard_error=math.sqrt(max(of_rows, expected)),
        given_scores=math.sqrt(max(of_rows - expected, 0.0)),
        variance=tally.n * expected,
        skewness=0.0,
    )


def against_rest(ruler: ClassesRuler, at: int, rows: Integers) -> Expected:
    """Give one class against the rest, as a binary classifier with its scores."""
    name = ruler.names[at]
    return Expectation(ruler.classes, ScoreRuler((name,)), ruler.shares[at]).expect(rows)


def _joined(each: EstimatedByScore, ruler: ClassesRuler, scores: Integers) -> Estimate | Undefined:
    """Join the estimates of each class against the rest; their errors as if they were one."""
    every = [each.estimates(against_rest(ruler, at, rows))[None] for at, rows in enumerate(scores)]
    found = [one for one in every if isinstance(one, Estimate)]
    if not found:
        return next(one for one in every if isinstance(one, Undefined))
    join = _JOINED[each.of.name]
    return Estimate(
        join([one.value for one in found]),
        join([one.standard_error for one in found]),
        join([one.given_scores for one in found]),
        join([math.sqrt(one.variance) for one in found]) ** 2,
        skewness=0.0,
    )


class OfRows(NamedTuple):
    """What single rows add to a value, as they are expected to be and as their targets say, shape ``(rows,)``."""

    expected: Floats
    realised: Floats


def of_rows(
    each: EstimatedByScore, ruler: ClassesRuler, known: Known, scores: Floats, true: NDArray[np.int64]
) -> OfRows | None:
    """Give what rows add to a value of all of them; ``None`` where it has none.

    Parameters
    ----------
    known
        Of these rows.
    scores, true
        Their probabilities, shape ``(classes, rows)``, and the places of their targets among all classes.
    """
    n = scores.shape[1]
    if each.by_matrix is not None:
        moved = gradients_of(each, ruler, known.tally)[None]
        if isinstance(moved, Undefined):
            return None
        predicted = ruler.places[scores.argmax(axis=0)]
        by_target = moved[:, predicted]
        expected = (ruler.expected(scores) * by_target[ruler.places]).sum(axis=0)
        return OfRows(n * expected, n * by_target[true, np.arange(n)])
    parts = []
    for at, rows in enumerate(known.scores):
        against = against_rest(ruler, at, rows)
        if isinstance(each.values(against.scores)[None], Undefined):
            continue
        ((of_positive, of_negative),) = each.moves(against)
        cells, shares = cell_of(scores[at]), ruler.shares[at]
        by_score = shares * of_positive + (1.0 - shares) * of_negative
        realised = np.where(true == ruler.places[at], of_positive[cells], of_negative[cells])
        parts.append((n * by_score[cells], n * realised))
    if not parts:
        return None
    weight = _JOINED[each.of.name]([1.0] * len(parts)) / len(parts)
    expected, realised = (weight * np.sum(side, axis=0) for side in zip(*parts, strict=True))
    return OfRows(expected, realised)
