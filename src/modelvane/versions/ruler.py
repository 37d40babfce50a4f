"""Which version predicted a row, and what it lost: counted by version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane import fixed
from modelvane.block import Block
from modelvane.casting import Numbers
from modelvane.performance import PerformanceRuler
from modelvane.row_ruler import Learned
from modelvane.ruler import CategoricalRuler, Ruler
from modelvane.schema import Role, Schema
from modelvane.tallies.categorical import Codes
from modelvane.versions.losses import Loss, LossTally

NAME = "versions"
_RIGHT = Loss("error_rate", 1.0, binary=True)
# a squared error is as fine as errors are within 2^16 of the finest
_SQUARED = 2.0**32
# an error counts as at most so many times what most of the reference's stay below: one broken row is not all of a mean
_LARGEST = 16.0


class VersionTally(Struct, frozen=True):
    """Losses by version; tallies add, bit for bit in any grouping.

    Parameters
    ----------
    versions
        By name; rows without a name are in none.
    n
        All rows, with a loss or without.
    """

    versions: Mapping[str, LossTally]
    n: int

    def __add__(self, other: VersionTally) -> VersionTally:
        both = dict(self.versions)
        for name, tally in other.versions.items():
            both[name] = both[name] + tally if name in both else tally
        return VersionTally(both, self.n + other.n)

    def facts(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"n": self.n, "versions": {name: each.facts() for name, each in self.versions.items()}}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give none: all of it is integers of any size."""
        return {}


class Rows(NamedTuple):
    """Rows that have a version and a loss: the name of each as a code, and their losses in quanta."""

    names: Sequence[str]
    codes: NDArray[np.int64]
    quanta: Sequence[NDArray[np.float64]]

    def tally(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> LossTally:
        """Tally some of them."""
        return LossTally.of([part[index] for part in self.quanta])


class VersionRuler(Struct, frozen=True, eq=False, dict=True):
    """Counts losses by version.

    Parameters
    ----------
    column
        That of the version.
    performance
        How predictions are held against targets.
    """

    column: str
    performance: PerformanceRuler
    name: str = NAME
    of_truth: bool = True

    @property
    def columns(self) -> Sequence[str]:
        """The version, the predictions and the target."""
        return (self.column, *self.performance.predictions, self.performance.target)

    @cached_property
    def losses(self) -> tuple[Loss, ...]:
        """What is compared."""
        regression = self.performance.regression
        if regression is None:
            return (_RIGHT,)
        quantum = regression.errors.quantum
        return (
            Loss("mean_absolute_error", quantum),
            Loss("mean_squared_error", max(quantum * quantum * _SQUARED, 2.0**-1000)),
        )

    @cached_property
    def largest(self) -> float:
        """The largest error that counts as what it is: 16 times the outer of the reference's 5 % and 95 % quantiles.

        Where it has no predictions, or nearly all are right, the farthest from 0 of the errors on its ruler.
        """
        regression = self.performance.regression
        if regression is None:
            return 1.0
        usual = max(abs(each) for each in (regression.under or 0.0, regression.over or 0.0))
        farthest = float(np.abs(regression.errors.edges).max(initial=0.0))
        return min(_LARGEST * usual or farthest or regression.limit, regression.limit)

    def count(self, block: Block) -> VersionTally:
        """Count rows, also none."""
        rows = self.rows(block)
        tallies = {
            rows.names[code]: rows.tally(rows.codes == code) for code in np.unique(rows.codes).tolist()
        }
        return VersionTally(tallies, block.rows)

    def rows(self, block: Block) -> Rows:
        """Give the rows that have a version and a loss, in order."""
        column, ruler = block.columns[self.column], self.performance.rulers[self.column]
        assert isinstance(column, Codes)  # noqa: S101 - versions are categories
        assert isinstance(ruler, CategoricalRuler)  # noqa: S101 - as above
        usable, quanta = self._quanta(block)
        kept = np.flatnonzero(usable & (column.codes >= 0))
        codes = column.codes[kept].astype(np.int64)
        return Rows([*ruler.names, *column.unseen], codes, [part[kept] for part in quanta])

    def _quanta(self, block: Block) -> tuple[NDArray[np.bool_], list[NDArray[np.float64]]]:
        performance = self.performance
        if performance.regression is None:
            correct, usable = performance.correct(block)
            return usable, [(~correct).astype(np.float64)]
        truth, predicted = block.columns[performance.target], block.columns[performance.predictions[0]]
        assert isinstance(truth, Numbers)  # noqa: S101 - by the schema
        assert isinstance(predicted, Numbers)  # noqa: S101 - as above, by how it was frozen
        usable = np.isfinite(truth.values) & np.isfinite(predicted.values)
        with np.errstate(over="ignore", invalid="ignore"):
            errors = np.where(usable, np.minimum(np.abs(predicted.values - truth.values), self.largest), 0.0)
            squares = np.minimum(errors * errors, performance.regression.limit)
        absolute, squared = self.losses
        return usable, [
            fixed.quantise(errors, 0.0, absolute.quantum),
            fixed.quantise(squares, 0.0, squared.quantum),
        ]

    def facts(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"column": self.column, "performance": self.performance.facts()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the rest."""
        return self.performance.arrays()

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> VersionTally:  # noqa: ARG002 - one signature for all
        """Read a tally's facts."""
        versions = {name: LossTally.from_facts(each) for name, each in facts["versions"].items()}
        return VersionTally(versions, facts["n"])


class _VersionKind:
    """Learns how losses are counted, where the schema says which version predicted a row."""

    name = NAME

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give the version, the predictions and the target; none where one of them is not known."""
        version, target = schema.column_of(Role.VERSION), schema.target
        if version is None or target is None or not schema.predictions:
            return ()
        return (version.name, *(column.name for column in schema.predictions), target.name)

    def learn(self, learned: Learned) -> VersionRuler | None:
        """Learn a ruler; ``None`` for lists of items, which have no loss of single rows."""
        version = learned.schema.column_of(Role.VERSION)
        performance = PerformanceRuler.of(learned.schema, learned.rulers, learned.block)
        if version is None or performance is None or performance.ranking is not None:
            return None
        return VersionRuler(version.name, performance.on(learned.rulers))


KIND = _VersionKind()


def read(
    schema: Schema, rulers: Mapping[str, Ruler], facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> VersionRuler:
    """Read what a ruler's facts and arrays gave."""
    performance = PerformanceRuler.from_arrays(schema, rulers, facts["performance"], dict(arrays))
    return VersionRuler(facts["column"], performance)
