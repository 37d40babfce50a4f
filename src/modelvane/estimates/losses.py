"""How large the errors of rows are expected to be, by their features and prediction: what is counted, and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane import fixed
from modelvane.block import Block, Encoded
from modelvane.casting import Numbers
from modelvane.estimates import by_segment, expectation
from modelvane.estimates.by_segment import BySegment
from modelvane.estimates.expectation import Expectation, arrays_of, facts_of
from modelvane.estimates.trees import Floats, Trees
from modelvane.ruler import Ruler
from modelvane.schema import Schema
from modelvane.tallies.categorical import Codes
from modelvane.tallies.codec import inside, nested
from modelvane.tallies.dataset import union

LOSSES, OF_LABELLED = "losses", "losses_of_labelled"
"""Names of what counts all rows, and the rows that have labels."""

_CHUNK = 1 << 20
_TREES = ("thresholds", "starts", "masks")


class LossTally(Struct, frozen=True):
    """Expected losses of rows; tallies of one ruler add, bit for bit in any grouping.

    Parameters
    ----------
    n
        Rows with a prediction, and a target where only labelled rows are counted.
    unusable
        Other rows.
    absolute, squared
        Exact sums of the expected absolute and squared errors, in quanta of each.
    absolute_squares, squared_squares
        Exact sums of the squares of both.
    segments
        The same of the rows of each segment, by its name.
    """

    n: int
    unusable: int
    absolute: int
    squared: int
    absolute_squares: int
    squared_squares: int
    segments: Mapping[str, LossTally] = field(default_factory=dict)

    def __add__(self, other: LossTally) -> LossTally:
        sums = [one + more for one, more in zip(self._sums(), other._sums(), strict=True)]
        return LossTally.of_sums(sums, union(self.segments, other.segments))

    @classmethod
    def of_sums(cls, sums: Sequence[int], segments: Mapping[str, LossTally] | None = None) -> LossTally:
        """Give a tally by its sums, in the order of its parameters."""
        n, unusable, absolute, squared, absolute_squares, squared_squares = sums
        return cls(n, unusable, absolute, squared, absolute_squares, squared_squares, segments or {})

    def _sums(self) -> tuple[int, ...]:
        return (
            self.n,
            self.unusable,
            self.absolute,
            self.squared,
            self.absolute_squares,
            self.squared_squares,
        )

    def facts(self) -> dict[str, Any]:
        """Give the sums as JSON values: as text, since they may be of any size."""
        told: dict[str, Any] = {"sums": [str(each) for each in self._sums()]}
        if self.segments:
            told["segments"] = {name: each.facts()["sums"] for name, each in self.segments.items()}
        return told

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays: none."""
        return {}


class LossRuler(Struct, frozen=True, eq=False, dict=True):
    """Sums what trees expect of rows.

    Parameters
    ----------
    of_truth
        Whether it counts the rows that have labels.
    inputs
        Features and the prediction, in the order of the trees' features.
    prediction, target
        Names of the columns that a row has to have.
    encodings
        Of a categorical column, the number that stands for each category of its ruler: its mean error.
    trees
        Whose leaves have values.
    absolute, squared
        Those of absolute and of squared errors, in quanta, shape ``(TREES, LEAVES)``.
    quanta
        Of both.
    kurtosis
        Of errors, given their expected square: ``mean(e^4) / mean(expected square ^ 2)``.
    promises
        By name of the measure.
    segments
        Those that are counted apart.
    """

    of_truth: bool
    inputs: tuple[str, ...]
    prediction: str
    target: str
    encodings: Mapping[str, Floats]
    trees: Trees
    absolute: NDArray[np.int64]
    squared: NDArray[np.int64]
    quanta: tuple[float, float]
    kurtosis: float
    promises: Mapping[str, Expectation]
    segments: BySegment = BySegment()

    @property
    def name(self) -> str:
        """What it counts."""
        return OF_LABELLED if self.of_truth else LOSSES

    @property
    def columns(self) -> Sequence[str]:
        """What trees ask about, the prediction, and the target where labelled rows are counted."""
        asked = [self.inputs[feature] for feature in self.trees.used]
        asked += [self.prediction, *([self.target] if self.of_truth else []), *self.segments.columns]
        return tuple(dict.fromkeys(asked))

    @cached_property
    def _cells(self) -> dict[int, NDArray[np.intp]]:
        """By categorical feature, the cell of each category; the last is that of all others."""
        return {
            feature: self.trees.cells(feature, np.append(self.encodings[name], np.nan))
            for feature, name in enumerate(self.inputs)
            if name in self.encodings
        }

    def count(self, block: Block) -> LossTally:
        """Tally what the rows of a block are expected to lose."""
        expected = self.expected(block)
        usable = self.usable(block)
        segments = {
            name: _tally(tuple(each[index] for each in expected), usable[index])
            for name, index in self.segments.divide(block)
        }
        return replace(_tally(expected, usable), segments=segments)

    def expected(self, block: Block) -> tuple[NDArray[np.int64], ...]:
        """Give the expected absolute, and the expected squared error of each row, in quanta."""
        cells = {}
        for feature in self.trees.used:
            column = block.columns[self.inputs[feature]]
            if isinstance(column, Codes):
                known = self._cells[feature]
                places = np.where(
                    (column.codes < 0) | (column.codes >= len(known)), len(known) - 1, column.codes
                )
                cells[feature] = known[places]
            else:
                assert isinstance(column, Numbers)  # noqa: S101 - lists are no inputs
                cells[feature] = self.trees.cells(feature, column.values)
        return self.trees.sums(cells, block.rows, self.absolute, self.squared)

    def usable(self, block: Block) -> NDArray[np.bool_]:
        """Say which rows have what it takes."""
        asked = (self.prediction, self.target) if self.of_truth else (self.prediction,)
        return np.asarray(np.logical_and.reduce([known(block.columns[name]) for name in asked]))

    def facts(self) -> dict[str, Any]:
        """Give what is plain JSON values of it."""
        return {
            "inputs": list(self.inputs),
            "quanta": [each.hex() for each in self.quanta],
            "kurtosis": self.kurtosis.hex(),
            "promises": facts_of(self.promises),
            **self.segments.facts(),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the trees, encodings and habits."""
        found: dict[str, NDArray[Any]] = {name: getattr(self.trees, name) for name in _TREES}
        found |= {"absolute": self.absolute, "squared": self.squared}
        found |= nested("encodings", dict(self.encodings))
        return found | arrays_of(self.promises) | self.segments.arrays()

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> LossTally:  # noqa: ARG002 - one signature for all row rulers
        """Read a tally's facts."""
        told = facts.get("segments", {})
        segments = {name: LossTally.of_sums([int(each) for each in sums]) for name, sums in told.items()}
        return LossTally.of_sums([int(each) for each in facts["sums"]], segments)


def read(
    schema: Schema,
    rulers: Mapping[str, Ruler],
    facts: dict[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    *,
    of_truth: bool,
) -> LossRuler:
    """Read what `LossRuler.facts` and `LossRuler.arrays` gave."""
    assert schema.target is not None  # noqa: S101 - or there would be nothing to read
    absolute, squared = map(float.fromhex, facts["quanta"])
    return LossRuler(
        of_truth,
        tuple(facts["inputs"]),
        schema.predictions[0].name,
        schema.target.name,
        inside("encodings", dict(arrays)),
        Trees(**{name: arrays[name] for name in _TREES}),
        arrays["absolute"],
        arrays["squared"],
        (absolute, squared),
        float.fromhex(facts["kurtosis"]),
        expectation.read(facts["promises"], arrays),
        by_segment.read(schema, rulers, facts, arrays),
    )


def known(column: Encoded) -> NDArray[np.bool_]:
    """Say which rows of a numerical column have a number."""
    assert isinstance(column, Numbers)  # noqa: S101 - predictions and targets of a regression are numbers
    return ~np.isnan(column.values)


def _tally(expected: tuple[NDArray[np.int64], ...], usable: NDArray[np.bool_]) -> LossTally:
    total = int(np.count_nonzero(usable))
    kept = expected if total == len(usable) else tuple(each[usable] for each in expected)
    (absolute, absolute_squares), (squared, squared_squares) = map(_exact, kept)
    return LossTally(total, len(usable) - total, absolute, squared, absolute_squares, squared_squares)


def _exact(quanta: NDArray[np.int64]) -> tuple[int, int]:
    total = squares = 0
    for start in range(0, len(quanta), _CHUNK):
        part = quanta[start : start + _CHUNK]
        total += int(part.sum())
        squares += fixed.sum_of_squares(part)
    return total, squares
