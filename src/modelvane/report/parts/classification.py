"""Predicted classes and their probabilities against the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelvane.batch import Judged
from modelvane.naming import cut_text
from modelvane.tallies.cells import Integers
from modelvane.tallies.classification import ConfusionTally
from modelvane.tallies.scores import CALIBRATION_BINS, SCORE_QUANTUM, ScoreTally

MOST_CLASSES = 12
_STEP = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Rows per target (down) and prediction (across).

    Parameters
    ----------
    labels
        Of both axes, the most frequent classes; the last may stand for all others.
    current, reference
        Counts; ``reference`` is ``None`` where the reference has no labelled rows.
    """

    labels: tuple[str, ...]
    current: tuple[tuple[int, ...], ...]
    reference: tuple[tuple[int, ...], ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """One bin of predicted probabilities: how often the class was true where it was predicted so."""

    score: float
    share: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Curves of one class's probabilities on one side.

    Parameters
    ----------
    roc
        Pairs of false-positive and true-positive rate, from the highest threshold down.
    precision_recall
        Pairs of recall and precision.
    calibration
        By ascending probability, bins with rows only.
    positives, negatives
        Rows.
    """

    roc: tuple[tuple[float, float], ...]
    precision_recall: tuple[tuple[float, float], ...]
    calibration: tuple[Calibrated, ...]
    positives: int
    negatives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCurves:
    """Curves of one class against the rest; ``None`` where a side lacks positives or negatives."""

    label: str
    current: Curves | None
    reference: Curves | None


def confusion_part(judged: Judged) -> Confusion | None:
    """Give the confusion matrix; ``None`` for anything but a classification."""
    before = judged.reference.tally.performance.get("confusion")
    after = judged.counted.window.labelled.performance.get("confusion")
    if not isinstance(after, ConfusionTally):
        return None
    matrices = [tally.matrix for tally in (after, before) if isinstance(tally, ConfusionTally)]
    rows = np.array([matrix.sum(axis=0) + matrix.sum(axis=1) for matrix in matrices]).sum(axis=0)
    classes = np.flatnonzero(rows[:-1])
    most = classes[np.argsort(-rows[classes], kind="stable")[:MOST_CLASSES]]
    shown = sorted(most.tolist())
    rest = [i for i in range(len(rows)) if i not in shown]
    labels = [cut_text(after.labels[i]) for i in shown]
    if rows[rest].any():
        labels.append(after.labels[-1] if len(classes) == len(shown) else "all others")
    else:
        rest = []
    merged = [tuple(map(tuple, _merged(matrix, shown, rest).tolist())) for matrix in matrices]
    return Confusion(
        labels=tuple(labels), current=merged[0], reference=merged[1] if len(merged) > 1 else None
    )


def _merged(matrix: Integers, shown: list[int], rest: list[int]) -> Integers:
    groups = [[i] for i in shown] + ([rest] if rest else [])
    return np.array([[matrix[np.ix_(down, across)].sum() for across in groups] for down in groups], np.int64)


def curves_part(judged: Judged) -> tuple[ClassCurves, ...]:
    """Give the curves of the most frequent scored classes; empty without probabilities."""
    before = judged.reference.tally.performance.get("scores")
    after = judged.counted.window.labelled.performance.get("scores")
    if not isinstance(after, ScoreTally):
        return ()
    reference = before if isinstance(before, ScoreTally) else None
    positives = (after if after.n else reference or after).by_class[0].sum(axis=1)
    most = np.argsort(-positives, kind="stable")[:MOST_CLASSES]
    return tuple(
        ClassCurves(
            label=cut_text(after.ruler.names[i]),
            current=_curves(after, i),
            reference=_curves(reference, i) if reference is not None else None,
        )
        for i in sorted(most.tolist())
    )


def _curves(tally: ScoreTally, place: int) -> Curves | None:
    positives, negatives = (side[place] for side in tally.by_class)
    if not (positives.any() and negatives.any()):
        return None
    # from the highest threshold down
    hits, misses = np.cumsum(positives[::-1]), np.cumsum(negatives[::-1])
    recall, fallout = hits / hits[-1], misses / misses[-1]
    said = hits + misses > 0
    precision = hits[said] / (hits + misses)[said]
    return Curves(
        roc=_thinned(np.concatenate(([0.0], fallout)), np.concatenate(([0.0], recall))),
        precision_recall=_thinned(recall[said], precision),
        calibration=tuple(_calibrated(tally, place)),
        positives=int(hits[-1]),
        negatives=int(misses[-1]),
    )


def _calibrated(tally: ScoreTally, place: int) -> Iterator[Calibrated]:
    bins = slice(place * CALIBRATION_BINS, (place + 1) * CALIBRATION_BINS)
    counts, high, low = (part[bins] for part in tally.calibration.dense())
    positives = tally.calibration_positives.dense()[0][bins]
    scores = ((high << 32) + low) * SCORE_QUANTUM
    for rows, score, true in zip(counts.tolist(), scores.tolist(), positives.tolist(), strict=True):
        if rows:
            yield Calibrated(score=score / rows, share=true / rows, rows=rows)


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Drop points that lie within a pixel or two of the one kept before them."""
    kept = [(float(x[0]), float(y[0]))]
    for point in zip(x.tolist(), y.tolist(), strict=True):
        if max(abs(point[0] - kept[-1][0]), abs(point[1] - kept[-1][1])) >= _STEP:
            kept.append(point)
    last = (float(x[-1]), float(y[-1]))
    return tuple(kept if kept[-1] == last else (*kept, last))
