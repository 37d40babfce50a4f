"""What is watched of each labelled row: how far, and which way, its prediction was off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Block
from modelvane.casting import Categories, Numbers, canonical
from modelvane.performance import classes_of, positive_class
from modelvane.ruler import CategoricalRuler, Floats, NumericalRuler, Ruler
from modelvane.schema import Kind, Schema, Task
from modelvane.tallies.scores import EPSILON


class Signal(Struct, frozen=True):
    """A number of each labelled row, whose mean says how good the predictions are.

    Parameters
    ----------
    name, title, unit
        Of the mean.
    task, needs
        What it takes.
    """

    name: str
    title: str
    unit: str
    task: Task
    needs: str


MEAN_ERROR, MEAN_ABSOLUTE_ERROR, ERROR_RATE, LOG_LOSS = (
    "mean_error",
    "mean_absolute_error",
    "error_rate",
    "log_loss",
)
_NUMBERS = "a numerical prediction, and a target"
SIGNALS = {
    each.name: each
    for each in (
        Signal(MEAN_ERROR, "Mean error", "column", Task.REGRESSION, _NUMBERS),
        Signal(MEAN_ABSOLUTE_ERROR, "Mean absolute error", "column", Task.REGRESSION, _NUMBERS),
        Signal(ERROR_RATE, "Error rate", "", Task.CLASSIFICATION, "predicted classes, and a target"),
        Signal(LOG_LOSS, "Log loss", "", Task.CLASSIFICATION, "probabilities of classes, and a target"),
    )
}

# an error is this many bits finer than the largest that counts, which is so many times what nine of ten stay below
_FINER = 22
_LARGEST = 4.0

Integers = NDArray[np.int64]


class Read(NamedTuple):
    """What was read of some rows.

    Parameters
    ----------
    usable
        Which of them have a prediction and a target, shape ``(rows,)``.
    values
        Of those alone, shape ``(signals, usable rows)``.
    """

    usable: NDArray[np.bool_]
    values: Floats


class Reader(Struct, frozen=True, eq=False):
    """Reads how predictions were off: errors (prediction minus target) and their size, wrong classes, or log loss.

    Parameters
    ----------
    target, predictions
        Names of the columns.
    rulers
        Of these columns.
    names
        Of what it reads.
    scored
        The classes whose probabilities the predictions are; empty for anything else.
    """

    target: str
    predictions: tuple[str, ...]
    rulers: Mapping[str, Ruler]
    names: tuple[str, ...]
    scored: tuple[str, ...] = ()

    @classmethod
    def of(cls, schema: Schema, rulers: Mapping[str, Ruler]) -> Reader | None:
        """Say what is read; ``None`` without single predictions and targets."""
        target, predictions = schema.target, schema.predictions
        if target is None or not predictions or schema.task is Task.RECOMMENDATION:
            return None
        names = tuple(column.name for column in predictions)
        if schema.task is Task.REGRESSION:
            if not all(isinstance(rulers[name], NumericalRuler) for name in (target.name, names[0])):
                return None
            return cls(target.name, names[:1], rulers, (MEAN_ERROR, MEAN_ABSOLUTE_ERROR))
        if predictions[0].kind is Kind.CATEGORICAL:
            return cls(target.name, names[:1], rulers, (ERROR_RATE,))
        scored = names
        if len(names) == 1:
            scored = (positive_class(schema.positive, _names(rulers[target.name])),)
        return cls(target.name, names, rulers, (LOG_LOSS,), scored)

    def read(self, block: Block) -> Read:
        """Read some rows."""
        truth = block.columns[self.target]
        predicted = [block.columns[name] for name in self.predictions]
        if self.names[0] == MEAN_ERROR:
            assert isinstance(truth, Numbers)  # noqa: S101 - by the schema
            assert isinstance(predicted[0], Numbers)  # noqa: S101 - as above
            return _errors(truth, predicted[0])
        classes = classes_of(self.rulers[self.target], truth)
        if self.names[0] == ERROR_RATE:
            return _wrong(classes, classes_of(self.rulers[self.predictions[0]], predicted[0]))
        scores = np.stack([column.values for column in predicted if isinstance(column, Numbers)])
        return _log_loss(classes, scores, self.scored)


def _names(ruler: Ruler) -> list[str]:
    if isinstance(ruler, CategoricalRuler):
        return list(ruler.names)
    assert isinstance(ruler, NumericalRuler)  # noqa: S101 - classes are single values
    return [canonical(value) or "" for value in ruler.edges.tolist()]


def _errors(truth: Numbers, predicted: Numbers) -> Read:
    with np.errstate(over="ignore", invalid="ignore"):
        error = predicted.values - truth.values
    # of two finite numbers only: NaN stands for every fault
    usable = ~np.isnan(error)
    error = error[usable]
    return Read(usable, np.stack([error, np.abs(error)]))


def _wrong(truth: Categories, predicted: Categories) -> Read:
    usable = (truth.codes >= 0) & (predicted.codes >= 0)
    code_of = {name: code for code, name in enumerate(truth.names)}
    as_truth = np.array([code_of.get(name, -1) for name in predicted.names] or [-1], np.int64)
    wrong = as_truth[predicted.codes[usable]] != truth.codes[usable]
    return Read(usable, wrong[None].astype(np.float64))


def _log_loss(truth: Categories, scores: Floats, scored: Sequence[str]) -> Read:
    code_of = {name: code for code, name in enumerate(scored)}
    none = len(scored)
    codes = np.array([*(code_of.get(name, none) for name in truth.names), none], np.int64)[
        np.where(truth.codes < 0, -1, truth.codes)
    ]
    known = truth.codes >= 0 if none == 1 else codes < none
    usable = known & ((scores >= 0.0) & (scores <= 1.0)).all(axis=0)
    scores, codes = scores[:, usable], codes[usable]
    if none == 1:
        of_truth = np.where(codes == 0, scores[0], 1.0 - scores[0])
    else:
        of_truth = scores[codes, np.arange(len(codes))]
    return Read(usable, -np.log(np.clip(of_truth, EPSILON, 1.0 - EPSILON))[None])


class Scale(NamedTuple):
    """How a signal is added up.

    Parameters
    ----------
    quantum
        Its unit, a power of two.
    limit
        In quanta; what is larger counts as that, so that no single row moves the mean of a bin.
    """

    quantum: float
    limit: int

    @classmethod
    def of(cls, values: Floats) -> Scale:
        """Freeze it from the reference: four times what nine of ten values stay below counts as what it is.

        >>> scale = Scale.of(np.array([0.0, 1.0, -3.0, 2.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0]))
        >>> scale.limit * scale.quantum
        8.0
        """
        size = np.abs(values)
        usual = float(np.quantile(size, 0.9)) if len(size) else 0.0
        largest = _LARGEST * (usual or float(size.max(initial=0.0)) or 1.0)
        largest = min(largest, 2.0**1000)
        quantum = math.ldexp(1.0, max(math.frexp(largest)[1] - _FINER, -1000))
        return cls(quantum, round(largest / quantum))

    def quantised(self, values: Floats) -> Integers:
        """Give values in whole quanta."""
        with np.errstate(over="ignore"):
            scaled = np.rint(values * (1 / self.quantum))
        return np.clip(scaled, -self.limit, self.limit).astype(np.int64)
