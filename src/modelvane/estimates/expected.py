"""The tallies that labels will give, as far as predictions tell: rows enter as what they are expected to be.

Statistics of performance are pure functions of tallies, so an estimate of one is the same function of an expected
tally, whose counts are in quanta of `ROW`: confidence-based performance estimation (Bialek et al., 2024).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.estimates.isotonic import Floats
from modelvane.estimates.scores import calibrated, first_positive, middles
from modelvane.tallies.cells import Cells, Integers
from modelvane.tallies.classification import ClassRuler, ConfusionTally
from modelvane.tallies.scores import (
    BRIER_QUANTUM,
    CALIBRATION_BINS,
    CELLS,
    EPSILON,
    LOSS_QUANTUM,
    ScoreRuler,
    ScoreTally,
)
from modelvane.undefined import Undefined

ROW = 1 << 20
"""Quanta of a row in an expected tally."""

NO_SCORES = "no probabilities of classes: predicted classes alone do not tell how sure they are"
NOT_TWO = "one column of probabilities, but not two classes in the reference"
NO_CLASS = "no rows with this class and a probability in the reference"


class Expectation(Struct, frozen=True, eq=False, dict=True):
    """What a probability of a class meant in the reference.

    Parameters
    ----------
    classes, scored
        Rulers of predicted classes, and of the positive one.
    shares
        Expected share of positives by score, shape ``(CELLS,)``.
    """

    classes: ClassRuler
    scored: ScoreRuler
    shares: Floats

    @classmethod
    def of(cls, confusion: ConfusionTally, scores: ScoreTally) -> Expectation | Undefined:
        """Calibrate the scores of a binary classifier on the reference's tallies."""
        if not scores.ruler.is_binary or len(confusion.ruler.names) != 2:
            return Undefined(NOT_TWO)
        if not scores.n:
            return Undefined(NO_CLASS)
        return cls(confusion.ruler, scores.ruler, calibrated(scores)[0])

    def expect(self, rows: Integers) -> Expected:
        """Give what rows by score, shape ``(CELLS,)``, are expected to be."""
        return Expected(self, rows)

    @property
    def sides(self) -> tuple[int, int]:
        """Places of the positive and of the negative class among the classes."""
        positive = self.classes.code(self.scored.names[0])
        return positive, 1 - positive

    @cached_property
    def predicted(self) -> NDArray[np.intp]:
        """Place of the class that is predicted, by score."""
        positive, negative = self.sides
        return np.where(np.arange(CELLS) < first_positive(), negative, positive)


class Expected(Struct, frozen=True, eq=False, dict=True):
    """Rows by score, and their expected labels.

    Parameters
    ----------
    by
        What says what to expect.
    rows
        Rows by score, shape ``(CELLS,)``.
    """

    by: Expectation
    rows: Integers

    @cached_property
    def n(self) -> int:
        """Rows."""
        return int(self.rows.sum())

    @cached_property
    def positives(self) -> Floats:
        """Expected positives by score."""
        return self.rows * self.by.shares

    @cached_property
    def negatives(self) -> Floats:
        """Expected negatives by score."""
        return self.rows * (1.0 - self.by.shares)

    @cached_property
    def matrix(self) -> Floats:
        """Expected rows by target and by prediction, shape ``(2, 2)``."""
        positive, negative = self.by.sides
        found = np.zeros((2, 2))
        for target, rows in ((positive, self.positives), (negative, self.negatives)):
            found[target] = np.bincount(self.by.predicted, rows, 2)
        return found

    @cached_property
    def confusion(self) -> ConfusionTally:
        """The expected confusion, counts in quanta of `ROW`."""
        ruler = self.by.classes
        counts = np.zeros((ruler.size, ruler.size), np.int64)
        counts[:2, :2] = _quanta(self.matrix)
        return ConfusionTally(ruler, Cells.of(counts.ravel()), 0, 0)

    @cached_property
    def scores(self) -> ScoreTally:
        """The expected scores of positives and negatives, counts in quanta of `ROW`."""
        # rows that nothing is expected of are in no statistic of an expected tally
        bins = Cells.zero(CALIBRATION_BINS)
        of_positives, of_negatives = losses()
        return ScoreTally(
            self.by.scored,
            Cells.of(_quanta(self.positives)),
            Cells.of(_quanta(self.negatives)),
            bins,
            bins,
            _total(self, of_positives["log_loss"], of_negatives["log_loss"], LOSS_QUANTUM),
            _total(self, of_positives["brier_score"], of_negatives["brier_score"], BRIER_QUANTUM),
            0,
        )


def losses() -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Give the losses of a positive and of a negative row, by score."""
    scores = np.clip(middles(), EPSILON, 1.0 - EPSILON)
    return (
        {"log_loss": -np.log(scores), "brier_score": np.square(1.0 - middles())},
        {"log_loss": -np.log1p(-scores), "brier_score": np.square(middles())},
    )


def _quanta(rows: Floats) -> Integers:
    return np.rint(rows * ROW).astype(np.int64)


def _total(expected: Expected, of_positives: Floats, of_negatives: Floats, quantum: float) -> int:
    total = expected.positives @ of_positives + expected.negatives @ of_negatives
    return round(float(total) * (ROW / quantum))
