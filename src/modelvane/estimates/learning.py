"""Learning the losses of a regression from a reference (direct loss estimation; NannyML, 2022).

The reference has to be rows that the watched model was not fitted on, as for everything that is said of its
performance: errors of rows that it was fitted on are too small, and so would be all that is expected of others. What is
learned of how estimates scatter, and of how far off they are, is learned of trees that were fitted on other parts of
the reference, each of which is a stretch of time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.block import Block
from modelvane.casting import Numbers
from modelvane.estimates.by_segment import BySegment, wanted_columns
from modelvane.estimates.expectation import Expectation
from modelvane.estimates.fitting import fitted, require_scikit_learn
from modelvane.estimates.lines import mean_habit, moments_of_rows
from modelvane.estimates.losses import LOSSES, OF_LABELLED, LossRuler, known
from modelvane.estimates.trees import Floats
from modelvane.row_ruler import MOST_COLUMNS, Learned
from modelvane.schema import Kind, Role, Schema, Task
from modelvane.tallies.categorical import Codes

LEAST_ROWS = 500
"""Rows with a prediction and a target that it takes to learn from."""
MOST_FITTED = 100_000
"""Rows, evenly spaced, that trees are fitted to: more hardly change so few of them."""
MOST_ERROR = 2.0**250
"""An error beyond which nothing is learned: its fourth power is still a number."""
FOLDS = 3
# rows of a category whose mean error counts as much as the mean of all
_SHRINKING = 20.0
# the largest error is so many quanta: sums of trees stay within `fixed.WORD`
_QUANTA = 36
_ROLES = (Role.FEATURE, Role.SEGMENT)


@dataclass(eq=False, slots=True)
class _Fitted:
    """The ruler that was learned last, which counts all rows and, the same, labelled ones."""

    ruler: LossRuler | None = None


@dataclass(frozen=True, eq=False, slots=True)
class LossKind:
    """Learns what counts expected losses."""

    of_truth: bool
    _fitted: _Fitted = field(default_factory=_Fitted)

    @property
    def name(self) -> str:
        """That of its rulers."""
        return OF_LABELLED if self.of_truth else LOSSES

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give features, prediction and target of a regression."""
        target = schema.target
        if schema.task is not Task.REGRESSION or target is None or target.kind is not Kind.NUMERICAL:
            return ()
        if not schema.predictions:
            return ()
        return tuple(dict.fromkeys([*_inputs(schema), target.name, *wanted_columns(schema)]))

    def learn(self, learned: Learned) -> LossRuler | None:
        """Learn a ruler; ``None`` where too few rows have a prediction and a target."""
        if self.of_truth:
            ruler = self._fitted.ruler
            # labels are held against estimates of all rows
            return None if ruler is None else replace(ruler, of_truth=True, segments=BySegment())
        self._fitted.ruler = learned_ruler(learned)
        return self._fitted.ruler


def loss_kinds() -> tuple[LossKind, LossKind]:
    """Give what learns a regression's losses: ``Reference.of(data, also=loss_kinds())``.

    Raises
    ------
    MissingExtraError
        Where scikit-learn, which fits the trees, is not installed.
    """
    require_scikit_learn()
    both = _Fitted()
    return LossKind(False, both), LossKind(True, both)


def _inputs(schema: Schema) -> tuple[str, ...]:
    features = [
        column.name
        for column in schema.measured
        if column.role in _ROLES and column.kind is not None and not column.kind.is_list
    ]
    # the prediction, the target and what tells segments apart are looked at as well
    most = MOST_COLUMNS - 2 - len(wanted_columns(schema))
    return (*features[:most], schema.predictions[0].name)


def learned_ruler(learned: Learned) -> LossRuler | None:
    """Fit trees, and learn what they say of parts that they have not seen."""
    schema, block = learned.schema, learned.block
    target = schema.target
    assert target is not None  # noqa: S101 - or there is nothing that is wanted
    prediction = schema.predictions[0].name
    usable = np.flatnonzero(known(block.columns[prediction]) & known(block.columns[target.name]))
    if len(usable) < LEAST_ROWS:
        return None
    block = block.take(usable)
    errors = np.abs(_values(block, prediction) - _values(block, target.name))
    if errors.max() > MOST_ERROR:
        return None
    expected = np.empty((block.rows, 2))
    rows = np.arange(block.rows)
    for fold in np.array_split(rows, FOLDS):
        others = np.concatenate((rows[: fold[0]], rows[fold[-1] + 1 :]))
        apart = _fit(learned, block.take(others), errors[others])
        expected[fold] = _losses(apart, block.take(fold))
    ruler = _fit(learned, block, errors)
    own = _losses(ruler, block)
    square = float(np.mean(np.square(expected[:, 1])))
    kurtosis = float(np.mean(errors**4)) / square if square > 0 else 1.0
    promised = partial(_promises, in_time_order=learned.in_time_order)
    by_segment = BySegment(learned.breakdowns if wanted_columns(schema) else ())
    return replace(
        ruler,
        kurtosis=max(kurtosis, 1.0),
        promises=promised(errors, expected, own),
        segments=replace(
            by_segment,
            promises={
                segment: promised(errors[index], expected[index], own[index])
                for segment, index in by_segment.divide(block)
            },
        ),
    )


def _fit(learned: Learned, block: Block, errors: Floats) -> LossRuler:
    schema = learned.schema
    assert schema.target is not None  # noqa: S101 - as above
    if block.rows > MOST_FITTED:
        evenly = np.linspace(0, block.rows - 1, MOST_FITTED).astype(np.intp)
        block, errors = block.take(evenly), errors[evenly]
    inputs, encodings, columns = _inputs(schema), {}, []
    for name in inputs:
        column = block.columns[name]
        if isinstance(column, Codes):
            size = len(learned.rulers[name].names)  # type: ignore[union-attr] # categorical, as its codes are
            encodings[name] = _encoding(column.codes, size, errors)
            columns.append(np.append(encodings[name], np.nan)[_among(column.codes, size)])
        else:
            columns.append(_values(block, name))
    trees, values = fitted(np.column_stack(columns), errors)
    quanta = _quantum(float(errors.max())), _quantum(float(errors.max()) ** 2)
    absolute, squared = (
        np.rint(of_leaves / quantum).astype(np.int64)
        for of_leaves, quantum in zip(values, quanta, strict=True)
    )
    return LossRuler(
        False,
        inputs,
        schema.predictions[0].name,
        schema.target.name,
        encodings,
        trees,
        absolute,
        squared,
        quanta,
        kurtosis=1.0,
        promises={},
    )


def _losses(ruler: LossRuler, block: Block) -> Floats:
    """Give the expected absolute and squared error of rows, shape ``(rows, 2)``."""
    return np.asarray(np.column_stack(ruler.expected(block)) * np.array(ruler.quanta))


def _encoding(codes: NDArray[np.int32], size: int, errors: Floats) -> Floats:
    """Give each category its mean error, drawn towards that of all: the order in which one split is best.

    Fisher, 1958; James and Stein, 1961.
    """
    places = _among(codes, size)
    rows, sums = np.bincount(places, minlength=size + 1), np.bincount(places, errors, size + 1)
    return np.asarray((sums[:size] + _SHRINKING * errors.mean()) / (rows[:size] + _SHRINKING))


def _among(codes: NDArray[np.int32], size: int) -> NDArray[np.intp]:
    """Give the places of categories of the ruler; all others have the last."""
    return np.where((codes < 0) | (codes >= size), size, codes).astype(np.intp)


def _promises(
    errors: Floats, expected: Floats, own: Floats, *, in_time_order: bool
) -> dict[str, Expectation]:
    """Give what is promised of each measure: that which the final trees say, with the spread of what others said."""
    absolute, squared = own.mean(axis=0).tolist()
    root = math.sqrt(max(squared, 0.0))
    # a row moves the root of a mean by half of what it moves the mean, per root
    per_root = 0.5 / root if root > 0 else 0.0
    told = {
        "mean_absolute_error": (absolute, expected[:, 0], errors),
        "root_mean_squared_error": (root, expected[:, 1] * per_root, np.square(errors) * per_root),
    }
    return {
        name: Expectation(
            value,
            *moments_of_rows(of_rows),
            mean_habit(of_rows) if in_time_order else None,
            mean_habit(realised - of_rows) if in_time_order else None,
        )
        for name, (value, of_rows, realised) in told.items()
    }


def _quantum(most: float) -> float:
    return math.ldexp(1.0, max(math.frexp(most)[1] - _QUANTA, -1000))


def _values(block: Block, name: str) -> Floats:
    column = block.columns[name]
    assert isinstance(column, Numbers)  # noqa: S101 - asked of numbers only
    return column.values
