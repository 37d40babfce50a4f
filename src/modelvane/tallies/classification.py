"""What is remembered of predicted classes and their targets."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.casting import Categories
from modelvane.ruler import CategoricalRuler, require_same
from modelvane.tallies.categorical import Codes
from modelvane.tallies.cells import Cells, Integers

CLASS_BUDGET = 100

OTHER = "other"


class ClassRuler(CategoricalRuler, frozen=True, eq=False, dict=True):
    """Classes of a model in canonical form, in reading order (2 before 10); one more cell for all others."""

    kind: ClassVar[str] = "classes"

    @classmethod
    def of(cls, *columns: Categories, budget: int = CLASS_BUDGET) -> ClassRuler:
        """Freeze a ruler from the reference's targets, and its predictions where there are any.

        Of more classes than ``budget`` the most frequent have cells of their own.
        """
        counts: dict[str, int] = {}
        for column in columns:
            rows = np.bincount(column.codes[column.codes >= 0], minlength=len(column.names)).tolist()
            for name, count in zip(column.names, rows, strict=True):
                counts[name] = counts.get(name, 0) + count
        used = sorted(
            (name for name, count in counts.items() if count), key=lambda name: (-counts[name], name)
        )
        return cls.named(*used[:budget])

    @classmethod
    def named(cls, *names: str) -> ClassRuler:
        """Give the ruler of known classes.

        >>> ClassRuler.named("10", "2").names
        ('2', '10')
        """
        return cls(tuple(sorted(set(names), key=_reading_order)))

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> ClassRuler:  # noqa: ARG003 - one signature for all rulers
        """Read what `arrays` and `facts` gave."""
        return cls(tuple(facts["names"]))


class ConfusionTally(Struct, frozen=True, eq=False, dict=True):
    """Rows per pair of target and predicted class; tallies of one ruler add, bit for bit in any grouping.

    Parameters
    ----------
    ruler
        Frozen from the reference.
    cells
        Rows per pair: cell ``target * ruler.size + prediction``.
    other_correct
        Rows whose target and prediction are one and the same class that is not on the ruler.
    unusable
        Rows where prediction or target is missing or of the wrong type.
    """

    ruler: ClassRuler
    cells: Cells
    other_correct: int
    unusable: int

    @classmethod
    def zero(cls, ruler: ClassRuler) -> ConfusionTally:
        """Give the tally of no rows."""
        return cls(ruler, Cells.zero(ruler.size**2), 0, 0)

    @classmethod
    def of(cls, ruler: ClassRuler, prediction: Categories, target: Categories) -> ConfusionTally:
        """Tally the rows of two columns of equal length."""
        both = (prediction.codes >= 0) & (target.codes >= 0)
        predicted, true = prediction.codes[both], target.codes[both]
        if not len(true):
            return cls(ruler, Cells.zero(ruler.size**2), 0, len(both))
        columns, rows = ruler.codes(prediction.names)[predicted], ruler.codes(target.names)[true]
        counts = np.bincount(rows * ruler.size + columns, minlength=ruler.size**2)
        other_correct = 0
        if counts[-1]:
            code_of = {name: code for code, name in enumerate(target.names)}
            as_target = np.array([code_of.get(name, -1) for name in prediction.names])[predicted]
            other_correct = int(np.count_nonzero((as_target == true) & (rows == ruler.unseen)))
        return cls(ruler, Cells.of(counts.astype(np.int64)), other_correct, len(both) - len(true))

    def __add__(self, other: ConfusionTally) -> ConfusionTally:
        require_same(self.ruler, other.ruler)
        return ConfusionTally(
            self.ruler,
            self.cells + other.cells,
            self.other_correct + other.other_correct,
            self.unusable + other.unusable,
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ConfusionTally)
            and self.ruler.digest == other.ruler.digest
            and (self.other_correct, self.unusable) == (other.other_correct, other.unusable)
            and self.cells == other.cells
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {"other_correct": self.other_correct, "unusable": self.unusable}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return self.cells.arrays()

    @classmethod
    def from_arrays(
        cls, ruler: ClassRuler, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> ConfusionTally:
        """Read what `facts` and `arrays` gave."""
        return cls(ruler, Cells.from_arrays(ruler.size**2, arrays), **facts)

    @cached_property
    def n(self) -> int:
        """Rows with a target and a prediction."""
        return self.cells.total

    @property
    def rows(self) -> int:
        """All rows."""
        return self.n + self.unusable

    @cached_property
    def matrix(self) -> Integers:
        """Rows per target (first axis) and prediction, shape ``(ruler.size, ruler.size)``."""
        return self.cells.dense()[0].reshape(self.ruler.size, self.ruler.size)

    @cached_property
    def correct(self) -> int:
        """Rows where target and prediction are the same class."""
        return int(np.trace(self.matrix[:-1, :-1])) + self.other_correct

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of the rows and columns of `matrix`; the last is not the name of a class of the ruler."""
        other = OTHER
        while other in self.ruler.names:
            other = f"({other})"
        return (*self.ruler.names, other)


def categories_of(ruler: CategoricalRuler, column: Codes) -> Categories:
    """Give a column that was looked up on its own ruler as categories again, to look up on another."""
    return Categories(column.codes, [*ruler.names, *column.unseen])


def _reading_order(name: str) -> tuple[bool, float, str]:
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name
