"""Counts of true against predicted classes, and the rates that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modelvane.compat.columns import Category, ascending

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_CLASSES = 100
"""With more classes than this there are no classification series: a confusion matrix has their square."""


@dataclass(frozen=True, eq=False)
class Confusion:
    """A confusion matrix over the classes that occur, as target or as prediction, by name.

    ``counts[i, j]`` rows have the true class ``i`` and the predicted class ``j``. A rate with a zero
    denominator is 0, as scikit-learn had it.
    """

    classes: tuple[str, ...]
    counts: np.ndarray

    @classmethod
    def of(cls, target: Sequence[str], prediction: Sequence[str]) -> Confusion | None:
        """Count paired classes; ``None`` without a row, or with too many classes to show.

        >>> Confusion.of(["cat", "dog", "dog"], ["dog", "dog", "dog"]).counts.tolist()
        [[0, 1], [0, 2]]
        """
        classes = sorted({*target, *prediction})
        if not 0 < len(classes) <= MAX_CLASSES:
            return None
        index = {value: i for i, value in enumerate(classes)}
        counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
        for true, guess in zip(target, prediction, strict=True):
            counts[index[true], index[guess]] += 1
        return cls(tuple(classes), counts)

    @property
    def true_positives(self) -> np.ndarray:
        """Rows of each class predicted rightly."""
        return np.diag(self.counts)

    @property
    def targets(self) -> np.ndarray:
        """Rows of each true class."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def predictions(self) -> np.ndarray:
        """Rows of each predicted class."""
        return np.asarray(self.counts.sum(axis=0))

    @property
    def accuracy(self) -> float:
        """Share of rows with the true class predicted."""
        return float(self.true_positives.sum() / self.counts.sum())

    @property
    def precision(self) -> np.ndarray:
        """True positives / rows predicted so, per class."""
        return _ratio(self.true_positives, self.predictions)

    @property
    def recall(self) -> np.ndarray:
        """True positives / rows of the class, per class."""
        return _ratio(self.true_positives, self.targets)

    @property
    def f1(self) -> np.ndarray:
        """Harmonic mean of precision and recall, per class."""
        return _ratio(2 * self.true_positives, self.targets + self.predictions)


def class_name(value: Category) -> str:
    """Name a class so that 1, 1.0 and "1" are one class.

    >>> class_name(1.0), class_name(0.5), class_name(True), class_name("yes")
    ('1', '0.5', 'True', 'yes')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def display_names(known: Iterable[Category], target_names: Sequence[str]) -> dict[str, str]:
    """Map the names of the known classes to the mapping's ``target_names``, which go by ascending class.

    Where those are the classes themselves, or are not as many as the classes, each class keeps its own name.

    >>> display_names([1, 0], ["healthy", "sick"])
    {'0': 'healthy', '1': 'sick'}
    """
    own = list(dict.fromkeys(class_name(value) for value in ascending(known)))
    if len(target_names) != len(own) or set(own) == set(target_names):
        return {name: name for name in own}
    return dict(zip(own, target_names, strict=True))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.asarray(np.divide(part, whole, out=np.zeros(part.size), where=whole != 0))
