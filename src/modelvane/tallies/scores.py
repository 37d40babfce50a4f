"""What is remembered of predicted probabilities and their targets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any, ClassVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane import fixed
from modelvane.casting import Categories, Numbers
from modelvane.errors import SchemaError
from modelvane.ruler import CategoricalRuler, Floats, require_same
from modelvane.tallies.cells import Cells, Integers
from modelvane.tallies.codec import inside, nested

CELLS = 2048
CALIBRATION_BINS = 10
# probabilities of log loss are kept this far from 0 and 1, as scikit-learn does for 64-bit floats
EPSILON = 2.0**-52

# -log(EPSILON) is 36: its quanta stay within the fast path of `fixed`
LOSS_QUANTUM = 2.0**-36
BRIER_QUANTUM = 2.0**-40
# coarser, so that sums of 2^33 rows fit one machine word
SCORE_QUANTUM = 2.0**-30

_CHUNK = 1 << 22

# logits of the outermost inner edges: 1.5e-8 from 0 and 1, less than 32-bit scores can tell from 1
_REACH = 18.0

# the parts of a tally that are held per class, and how many cells of a class each has
_CELLS_OF = {
    "positives": CELLS,
    "negatives": CELLS,
    "calibration": CALIBRATION_BINS,
    "calibration_positives": CALIBRATION_BINS,
}


class ScoreRuler(CategoricalRuler, frozen=True, eq=False, dict=True):
    """The classes that have a column of probabilities: the positive one alone, or each."""

    kind: ClassVar[str] = "scores"

    @property
    def scored(self) -> int:
        """Number of probabilities per row."""
        return len(self.names)

    @property
    def is_binary(self) -> bool:
        """One class has scores; every target that is not this class is negative."""
        return self.scored == 1

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> ScoreRuler:  # noqa: ARG003 - one signature for all rulers
        """Read what `arrays` and `facts` gave."""
        return cls(tuple(facts["names"]))


@cache
def edges() -> Floats:
    """Give the ``CELLS - 1`` upper limits of all cells but the last, the same for every model.

    A cell holds the scores from its lower limit up to, but without, its upper one. The first is exactly 0 and
    the last exactly 1; the limits between are evenly spaced in ``log(p / (1 - p))``.
    """
    # rounded to 24 bits, so that the last bit of a machine's exponential moves no limit
    lower = (
        (1.0 / (1.0 + np.exp(np.linspace(_REACH, 0.0, CELLS // 2 - 1)))).astype(np.float32).astype(np.float64)
    )
    limits = np.concatenate(([np.nextafter(0.0, 1.0)], lower, 1.0 - lower[-2::-1], [1.0]))
    limits.flags.writeable = False
    return limits


class ScoreTally(Struct, frozen=True, eq=False, dict=True):
    """Scores of positives and negatives per class; tallies of one ruler add, bit for bit in any grouping.

    Parameters
    ----------
    ruler
        The scored classes.
    positives, negatives
        Rows per cell of `edges`, class after class: ``scored * CELLS`` cells.
    calibration
        Per class and equal-width bin of [0, 1]: rows, and the exact sum of their scores in `SCORE_QUANTUM`.
    calibration_positives
        Per class and bin, the rows whose target is the class.
    log_loss
        Exact sum of ``-log(probability of the target)``, clipped to `EPSILON`, in `LOSS_QUANTUM`.
    brier
        Exact sum of ``(score - is target)^2`` over the scored classes, in `BRIER_QUANTUM`.
    unusable
        Rows whose target is missing or (with several classes) not scored, or a score is no number in [0, 1].
    """

    ruler: ScoreRuler
    positives: Cells
    negatives: Cells
    calibration: Cells
    calibration_positives: Cells
    log_loss: int
    brier: int
    unusable: int

    @classmethod
    def zero(cls, ruler: ScoreRuler) -> ScoreTally:
        """Give the tally of no rows."""
        cells, bins = Cells.zero(ruler.scored * CELLS), Cells.zero(ruler.scored * CALIBRATION_BINS)
        return cls(ruler, cells, cells, bins, bins, 0, 0, 0)

    @classmethod
    def of(cls, ruler: ScoreRuler, scores: Sequence[Numbers], target: Categories) -> ScoreTally:
        """Tally columns of equal length: probabilities of each class, in the order of the ruler, and targets.

        Raises
        ------
        SchemaError
            When there are more or fewer columns of probabilities than scored classes.
        """
        if len(scores) != ruler.scored:
            raise SchemaError(
                "Probabilities do not fit the classes",
                received=f"{len(scores)} columns",
                expected=f"one column for each of {', '.join(ruler.names)}",
            )
        every = np.stack([column.values for column in scores])
        classes = np.append(ruler.codes(target.names), np.int32(ruler.unseen))
        # faults of the target index the last code from the end or beyond: they are no class
        codes = classes[np.where(target.codes < 0, -1, target.codes)]
        usable = target.codes >= 0 if ruler.is_binary else codes != ruler.unseen
        usable = usable & ((every >= 0.0) & (every <= 1.0)).all(axis=0)
        unusable = len(usable) - int(np.count_nonzero(usable))
        if unusable == len(usable):
            zero = cls.zero(ruler)
            return cls(
                ruler, zero.positives, zero.negatives, zero.calibration, zero.calibration, 0, 0, unusable
            )
        if unusable:
            every, codes = every[:, usable], codes[usable]
        is_target = codes == np.arange(ruler.scored)[:, None]
        split = [_split(one, is_one) for one, is_one in zip(every, is_target, strict=True)]
        bins, bin_positives = _calibration(every, is_target)
        return cls(
            ruler,
            positives=Cells.of(np.concatenate([positives for positives, _ in split])),
            negatives=Cells.of(np.concatenate([negatives for _, negatives in split])),
            calibration=bins,
            calibration_positives=bin_positives,
            log_loss=_log_loss(every, is_target),
            brier=_quanta(np.square(every - is_target).ravel(), BRIER_QUANTUM),
            unusable=unusable,
        )

    def __add__(self, other: ScoreTally) -> ScoreTally:
        require_same(self.ruler, other.ruler)
        return ScoreTally(
            self.ruler,
            self.positives + other.positives,
            self.negatives + other.negatives,
            self.calibration + other.calibration,
            self.calibration_positives + other.calibration_positives,
            self.log_loss + other.log_loss,
            self.brier + other.brier,
            self.unusable + other.unusable,
        )

    def _state(self) -> tuple[object, ...]:
        return (
            self.log_loss,
            self.brier,
            self.unusable,
            self.positives,
            self.negatives,
            self.calibration,
            self.calibration_positives,
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ScoreTally)
            and self.ruler.digest == other.ruler.digest
            and self._state() == other._state()
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values; integers as text, since they may be of any size."""
        return {"sums": [str(self.log_loss), str(self.brier), str(self.unusable)]}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return {
            name: array
            for part in _CELLS_OF
            for name, array in nested(part, getattr(self, part).arrays()).items()
        }

    @classmethod
    def from_arrays(
        cls, ruler: ScoreRuler, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> ScoreTally:
        """Read what `facts` and `arrays` gave."""

        def cells(part: str) -> Cells:
            return Cells.from_arrays(ruler.scored * _CELLS_OF[part], inside(part, arrays))

        log_loss, brier, unusable = map(int, facts["sums"])
        return cls(
            ruler,
            positives=cells("positives"),
            negatives=cells("negatives"),
            calibration=cells("calibration"),
            calibration_positives=cells("calibration_positives"),
            log_loss=log_loss,
            brier=brier,
            unusable=unusable,
        )

    @cached_property
    def n(self) -> int:
        """Rows with a target and all their probabilities."""
        return (self.positives.total + self.negatives.total) // self.ruler.scored

    @property
    def rows(self) -> int:
        """All rows."""
        return self.n + self.unusable

    @cached_property
    def by_class(self) -> tuple[Integers, Integers]:
        """Positives and negatives per class and cell, each of shape ``(scored, CELLS)``."""
        shape = self.ruler.scored, CELLS
        return self.positives.dense()[0].reshape(shape), self.negatives.dense()[0].reshape(shape)


def _split(scores: Floats, is_target: NDArray[np.bool_]) -> tuple[Integers, Integers]:
    return _count(scores[is_target]), _count(scores[~is_target])


def _count(scores: Floats) -> Integers:
    # sorted, the edges are looked up in the scores: much quicker than the scores in the edges
    ends = np.searchsorted(np.sort(scores), edges(), "left")
    return np.diff(ends, prepend=0, append=len(scores)).astype(np.int64)


def _calibration(scores: Floats, is_target: NDArray[np.bool_]) -> tuple[Cells, Cells]:
    size = len(scores) * CALIBRATION_BINS
    bins = np.minimum((scores * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    bins += CALIBRATION_BINS * np.arange(len(scores))[:, None]
    quanta = np.rint(scores / SCORE_QUANTUM)
    sums = np.zeros(size, np.int64)
    for at in range(0, scores.shape[1], _CHUNK):
        part = slice(at, at + _CHUNK)
        # whole numbers below 2^53 add up exactly as floats, in any order
        sums += np.bincount(bins[:, part].ravel(), quanta[:, part].ravel(), size).astype(np.int64)
    return (
        Cells.of(np.bincount(bins.ravel(), minlength=size), sums),
        Cells.of(np.bincount(bins[is_target], minlength=size)),
    )


def _log_loss(scores: Floats, is_target: NDArray[np.bool_]) -> int:
    if len(scores) == 1:
        of_target = np.where(is_target[0], scores[0], 1.0 - scores[0])
    else:
        of_target = scores.T[is_target.T]
    return _quanta(-np.log(np.clip(of_target, EPSILON, 1.0 - EPSILON)), LOSS_QUANTUM)


def _quanta(values: Floats, quantum: float) -> int:
    return fixed.exact_sum(fixed.quantise(values, 0.0, quantum))
