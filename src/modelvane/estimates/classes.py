"""What rows with a probability for each of several classes are expected to be: what is counted, and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.block import Block
from modelvane.casting import Numbers
from modelvane.estimates import by_segment, expectation
from modelvane.estimates.by_segment import BySegment
from modelvane.estimates.expectation import Expectation, arrays_of, facts_of
from modelvane.estimates.expected import ROW
from modelvane.estimates.isotonic import Floats
from modelvane.estimates.scores import cell_of
from modelvane.performance import classes_of
from modelvane.ruler import Ruler
from modelvane.schema import Schema
from modelvane.tallies.cells import Integers
from modelvane.tallies.classification import ClassRuler
from modelvane.tallies.codec import inside, nested
from modelvane.tallies.dataset import union

CLASSES, OF_LABELLED = "expected_classes", "expected_classes_of_labelled"
"""Names of what counts all rows, and the rows that have labels."""
MOST_CLASSES = 20
"""Classes beyond which nothing is estimated: products of three are remembered."""
MOST_CLASSES_BY_SEGMENT = 8
"""Classes beyond which segments are not estimated: a dataset has up to 200 of them, and a window many panes."""
PART = 1 << 10
"""Quanta of a row in products of two expectations."""

# sums of so many rows are whole numbers below 2^53
_BLOCK = 1 << 17


class ClassTally(Struct, frozen=True, eq=False):
    """Expected classes of rows; tallies of one ruler add, bit for bit in any grouping.

    Parameters
    ----------
    n
        Rows with a probability for each class, and a target where only labelled rows are counted.
    unusable
        Other rows.
    matrix
        Rows by expected and by predicted class, in quanta of `ROW`, shape ``(classes, classes)``.
    products
        By predicted class, sums of the products of what is expected of two classes, in quanta of ``PART ** 2``, shape
        ``(classes, classes, classes)``.
    segments
        The same of the rows of each segment, by its name.
    """

    n: int
    unusable: int
    matrix: Integers
    products: Integers
    segments: Mapping[str, ClassTally] = field(default_factory=dict)

    def __add__(self, other: ClassTally) -> ClassTally:
        return ClassTally(
            self.n + other.n,
            self.unusable + other.unusable,
            self.matrix + other.matrix,
            self.products + other.products,
            union(self.segments, other.segments),
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ClassTally)
            and (self.n, self.unusable) == (other.n, other.unusable)
            and np.array_equal(self.matrix, other.matrix)
            and np.array_equal(self.products, other.products)
            and dict(self.segments) == dict(other.segments)
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        told: dict[str, Any] = {"n": self.n, "unusable": self.unusable}
        if self.segments:
            told["segments"] = {name: each.facts() for name, each in self.segments.items()}
        return told

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays; those of segments by their place, since a name may be any text."""
        found: dict[str, NDArray[Any]] = {"matrix": self.matrix, "products": self.products}
        for place, each in enumerate(self.segments.values()):
            found |= nested(f"segment{place}", each.arrays())
        return found


class ClassesRuler(Struct, frozen=True, eq=False, dict=True):
    """Counts what calibrated probabilities expect rows to be; a row ruler (see `modelvane.row_ruler.RowRuler`).

    Parameters
    ----------
    of_truth
        Whether it counts the rows that have labels.
    names
        The classes, which are the columns of their probabilities.
    target, targets
        Name and ruler of the column of targets.
    classes
        Ruler of the confusion matrix.
    shares
        Expected share of each class by its own score, shape ``(classes, CELLS)``.
    promises
        By name of the measure.
    segments
        Those that are counted apart.
    """

    of_truth: bool
    names: tuple[str, ...]
    target: str
    targets: Ruler
    classes: ClassRuler
    shares: Floats
    promises: Mapping[str, Expectation]
    segments: BySegment = BySegment()

    @property
    def name(self) -> str:
        """What it counts."""
        return OF_LABELLED if self.of_truth else CLASSES

    @property
    def columns(self) -> Sequence[str]:
        """The probabilities, the target where labelled rows are counted, and what tells segments apart."""
        target = (self.target,) if self.of_truth else ()
        return tuple(dict.fromkeys((*self.names, *target, *self.segments.columns)))

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """Where each scored class is on the ruler of the confusion matrix."""
        return np.array([self.classes.code(name) for name in self.names], np.intp)

    def count(self, block: Block) -> ClassTally:
        """Tally rows."""
        usable = self.usable(block)
        scores = self.scores(block)[:, usable]
        predicted, expected = scores.argmax(axis=0), self.expected(scores)
        # where among the usable rows each of these is
        places, segments = np.cumsum(usable) - 1, {}
        for name, index in self.segments.divide(block):
            kept = places[index[usable[index]]]
            segments[name] = _tally(predicted[kept], expected[:, kept], len(index) - len(kept))
        return replace(_tally(predicted, expected, block.rows - len(predicted)), segments=segments)

    def scores(self, block: Block) -> Floats:
        """Give the probabilities of rows, shape ``(classes, rows)``."""
        columns = [block.columns[name] for name in self.names]
        return np.stack([column.values for column in columns if isinstance(column, Numbers)])

    def usable(self, block: Block) -> NDArray[np.bool_]:
        """Say which rows have what it takes."""
        scores = self.scores(block)
        found: NDArray[np.bool_] = np.logical_and.reduce((scores >= 0.0) & (scores <= 1.0))
        return found & (self.true(block) >= 0) if self.of_truth else found

    def true(self, block: Block) -> NDArray[np.int64]:
        """Give the place of each row's target on the ruler of the confusion matrix; -1 where it has none."""
        found = classes_of(self.targets, block.columns[self.target])
        places = np.append(self.classes.codes(found.names), -1)
        return places[np.where(found.codes < 0, -1, found.codes)].astype(np.int64)

    def expected(self, scores: Floats) -> Floats:
        """Give what rows are expected to be, shape ``(classes, rows)``; of each row it adds up to 1.

        Each class's probability means what it meant against the rest, and what is said of all is scaled to 1 (Zadrozny
        and Elkan, 2002).
        """
        found = np.stack([shares[cell_of(each)] for shares, each in zip(self.shares, scores, strict=True)])
        nothing = found.sum(axis=0) <= 0
        # where every class is out of the question, the model's own word is all there is
        found[:, nothing] = scores[:, nothing] + np.finfo(float).tiny
        return np.asarray(found / found.sum(axis=0))

    def facts(self) -> dict[str, Any]:
        """Give what is plain JSON values of it."""
        return {
            "names": list(self.names),
            "classes": list(self.classes.names),
            "promises": facts_of(self.promises),
            **self.segments.facts(),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the rest."""
        return {"shares": self.shares, **arrays_of(self.promises), **self.segments.arrays()}

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ClassTally:
        """Read a tally's facts and arrays."""
        matrix, products = (arrays[name].astype(np.int64) for name in ("matrix", "products"))
        segments = {
            name: self.tally_of(each, inside(f"segment{place}", dict(arrays)))
            for place, (name, each) in enumerate(facts.get("segments", {}).items())
        }
        return ClassTally(facts["n"], facts["unusable"], matrix, products, segments)


def read(
    schema: Schema,
    rulers: Mapping[str, Ruler],
    facts: dict[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    *,
    of_truth: bool,
) -> ClassesRuler:
    """Read what `ClassesRuler.facts` and `ClassesRuler.arrays` gave."""
    assert schema.target is not None  # noqa: S101 - or there would be nothing to read
    return ClassesRuler(
        of_truth,
        tuple(facts["names"]),
        schema.target.name,
        rulers[schema.target.name],
        ClassRuler(tuple(facts["classes"])),
        arrays["shares"].astype(np.float64),
        expectation.read(facts["promises"], arrays),
        by_segment.read(schema, rulers, facts, arrays),
    )


def _tally(predicted: NDArray[np.intp], expected: Floats, unusable: int) -> ClassTally:
    size, n = expected.shape
    matrix, products = np.zeros((size, size), np.int64), np.zeros((size, size, size), np.int64)
    for at in range(0, n, _BLOCK):
        of_rows, part = predicted[at : at + _BLOCK], expected[:, at : at + _BLOCK]
        matrix += np.stack([np.bincount(of_rows, each, size) for each in _quanta(part)]).astype(np.int64)
        coarse = np.rint(part * PART)
        for of_class in range(size):
            held = coarse[:, of_rows == of_class]
            products[of_class] += (held @ held.T).astype(np.int64)
    return ClassTally(n, unusable, matrix, products)


def _quanta(expected: Floats) -> Integers:
    """Give whole numbers that add up to `ROW` for each row: what rounding leaves is the likeliest class's."""
    found = np.rint(expected * ROW).astype(np.int64)
    found[expected.argmax(axis=0), np.arange(expected.shape[1])] += ROW - found.sum(axis=0)
    return found
