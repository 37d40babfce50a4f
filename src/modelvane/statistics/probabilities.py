"""How good predicted probabilities are: statistics of scores and targets.

With one column of probabilities they are of the positive class. With one per class, each is held against
the rest, and ranking values are averaged over the classes with both positives and negatives in the window.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from modelvane.later import special
from modelvane.statistics import exact
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.tallies.cells import Integers
from modelvane.tallies.scores import (
    BRIER_QUANTUM,
    CALIBRATION_BINS,
    LOSS_QUANTUM,
    SCORE_QUANTUM,
    ScoreTally,
)
from modelvane.undefined import Undefined, Value

NO_ROWS = "no rows with a target and probabilities in the window"
ONE_CLASS = "one class only in the window"

_OfCells: TypeAlias = Callable[[Integers, Integers], float]


def roc_auc(tally: ScoreTally) -> Value:
    """Give the probability that a positive row scores above a negative one, ties counting half.

    Rows in one cell count as a tie; `roc_auc_error_bound` says how much that can hide. For continuous scores that
    spread over a logit or more the two orders within a cell cancel out, which leaves about 1e-4.
    """
    return _macro(tally, _roc_auc)


def roc_auc_error_bound(tally: ScoreTally) -> Value:
    """Give how far `roc_auc` can be from that of the raw scores: half the share of pairs in one cell.

    The cells of exactly 0 and exactly 1 hold true ties and do not add to it.
    """
    return _macro(tally, _roc_auc_error_bound)


def class_roc_auc_error_bounds(tally: ScoreTally) -> dict[str, float]:
    """Give how far each value of `class_roc_auc` can be from that of the raw scores."""
    found = _each(tally, _roc_auc_error_bound)
    return {name: bound for name, bound in found.items() if isinstance(bound, float)}


def class_roc_auc(tally: ScoreTally) -> dict[str, Value]:
    """Give `roc_auc` of each scored class against the rest."""
    return _each(tally, _roc_auc)


def average_precision(tally: ScoreTally) -> Value:
    """Give ``sum((recall_i - recall_(i-1)) precision_i)`` over thresholds from high to low, one per cell."""
    return _macro(tally, _average_precision)


def average_precision_error_bound(tally: ScoreTally) -> Value:
    """Give how far `average_precision` can be from the one of the raw scores.

    In each cell, positives first is the best order and negatives first the worst.
    """
    return _macro(tally, _average_precision_error_bound)


def log_loss(tally: ScoreTally) -> Value:
    """Give ``mean(-log(probability of the target))``, in nats, with probabilities kept 2^-52 from 0 and 1.

    Probabilities of a row are taken as they are, whether they add up to 1 or not.
    """
    return _per_row(tally, tally.log_loss, LOSS_QUANTUM)


def brier_score(tally: ScoreTally) -> Value:
    """Give ``mean((score - is target)^2)``, 0 to 1; with a column per class their sum (Brier, 1950)."""
    return _per_row(tally, tally.brier, BRIER_QUANTUM)


def expected_calibration_error(tally: ScoreTally) -> Value:
    """Give ``sum(rows of bin / rows |mean score - share of positives|)`` over 10 equal-width bins.

    Naeini et al., 2015; with one column per class the mean over classes (Kull et al., 2019).
    """
    if not tally.n:
        return Undefined(NO_ROWS)
    _, high, low = tally.calibration.dense()
    positives = tally.calibration_positives.dense()[0]
    scores = ((high << 32) + low) * SCORE_QUANTUM
    off = np.abs(scores - positives).reshape(-1, CALIBRATION_BINS).sum(axis=1) / tally.n
    return min(1.0, float(off.mean()))


def _each(tally: ScoreTally, of_cells: _OfCells) -> dict[str, Value]:
    why = Undefined("no positives or no negatives of the class in the window" if tally.n else NO_ROWS)
    return {
        name: of_cells(positives, negatives) if positives.any() and negatives.any() else why
        for name, positives, negatives in zip(tally.ruler.names, *tally.by_class, strict=True)
    }


def _macro(tally: ScoreTally, of_cells: _OfCells) -> Value:
    found = [value for value in _each(tally, of_cells).values() if isinstance(value, float)]
    if found:
        return sum(found) / len(found)
    return Undefined(ONE_CLASS if tally.n else NO_ROWS)


def _roc_auc(positives: Integers, negatives: Integers) -> float:
    below = np.cumsum(negatives) - negatives / 2
    return float(positives @ below) / (float(positives.sum()) * float(negatives.sum()))


def _roc_auc_error_bound(positives: Integers, negatives: Integers) -> float:
    tied = float(positives[1:-1].astype(np.float64) @ negatives[1:-1])
    return tied / (2.0 * float(positives.sum()) * float(negatives.sum()))


def _average_precision(positives: Integers, negatives: Integers) -> float:
    return float(_precisions(positives, negatives).sum()) / float(positives.sum())


def _precisions(positives: Integers, negatives: Integers) -> np.typing.NDArray[np.float64]:
    # per cell that has positives, from high scores to low: positives times the precision at the cell's end
    held, hits, misses = _descending(positives, negatives)
    return held * hits / (hits + misses)


def _average_precision_error_bound(positives: Integers, negatives: Integers) -> float:
    held, hits, misses = _descending(positives, negatives)
    inside = negatives[::-1][positives[::-1] > 0]
    tied = held * hits / (hits + misses)
    best = held * hits / (hits + misses - inside)
    # sum of j / (j + misses) for j from the cell's first hit to its last
    before = hits - held
    worst = held - misses * (special.digamma(hits + misses + 1) - special.digamma(before + misses + 1))
    ends = np.flatnonzero(positives[::-1])
    is_tie = (ends == 0) | (ends == len(positives) - 1)
    gain, loss = (np.where(is_tie, 0.0, np.maximum(off, 0.0)).sum() for off in (best - tied, tied - worst))
    return float(max(gain, loss)) / float(positives.sum())


def _descending(
    positives: Integers, negatives: Integers
) -> tuple[np.typing.NDArray[np.float64], np.typing.NDArray[np.float64], np.typing.NDArray[np.float64]]:
    down, up = positives[::-1], negatives[::-1]
    some = down > 0
    return (
        down[some].astype(np.float64),
        np.cumsum(down)[some].astype(np.float64),
        np.cumsum(up)[some].astype(np.float64),
    )


def _or_none(bound: Value) -> float:
    return bound if isinstance(bound, float) else 0.0


def _per_row(tally: ScoreTally, total: int, quantum: float) -> Value:
    return exact.number(Fraction(total, tally.n) * Fraction(quantum)) if tally.n else Undefined(NO_ROWS)


PROBABILITIES: tuple[Statistic[ScoreTally] | LabelledStatistic[ScoreTally], ...] = (
    Statistic(
        "roc_auc",
        "ROC AUC",
        roc_auc,
        "ratio",
        "Hanley and McNeil, 1982",
        "higher",
        error_bound=lambda tally: _or_none(roc_auc_error_bound(tally)),
    ),
    Statistic(
        "roc_auc_error_bound",
        "Error bound of ROC AUC",
        roc_auc_error_bound,
        "ratio",
        "pairs in one cell / (2 positives negatives)",
        "lower",
    ),
    LabelledStatistic(
        "class_roc_auc",
        "ROC AUC per class",
        class_roc_auc,
        "ratio",
        "one class against the rest",
        "class",
        "higher",
        error_bounds=class_roc_auc_error_bounds,
    ),
    Statistic(
        "average_precision",
        "Average precision",
        average_precision,
        "ratio",
        "sum((R_i - R_(i-1)) P_i)",
        "higher",
        error_bound=lambda tally: _or_none(average_precision_error_bound(tally)),
    ),
    Statistic(
        "average_precision_error_bound",
        "Error bound of average precision",
        average_precision_error_bound,
        "ratio",
        "best and worst order within cells",
        "lower",
    ),
    Statistic("log_loss", "Log loss", log_loss, "nats", "mean(-log(p of the target)): Good, 1952", "lower"),
    Statistic("brier_score", "Brier score", brier_score, "", "mean((p - y)^2): Brier, 1950", "lower"),
    Statistic(
        "expected_calibration_error",
        "Expected calibration error",
        expected_calibration_error,
        "ratio",
        "Naeini et al., 2015, 10 equal-width bins; several classes: Kull et al., 2019",
        "lower",
    ),
)
