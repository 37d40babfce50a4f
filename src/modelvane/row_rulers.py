"""The kinds of row rulers that there are: what every reference learns, and what reads them from a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane import concept, conditional, versions
from modelvane.attribution import ruler as attribution
from modelvane.block import Block
from modelvane.concept import ConceptKind, ConceptRuler
from modelvane.conditional import ConditionalKind, ConditionalRuler
from modelvane.errors import UnknownNameError
from modelvane.estimates import classes, losses
from modelvane.estimates.learning_classes import ClassesKind
from modelvane.multivariate.learning import CrossMomentsKind, RowSampleKind
from modelvane.multivariate.ruler import MomentsRuler
from modelvane.multivariate.sample_ruler import SampleRuler
from modelvane.outliers import forest
from modelvane.row_ruler import MOST_COLUMNS, MOST_ROWS, Learned, RowKind, RowRuler, RowTally
from modelvane.ruler import Ruler
from modelvane.schema import Schema
from modelvane.tallies import codec

Reader = Callable[[Schema, Mapping[str, Ruler], dict[str, Any], Mapping[str, NDArray[Any]]], RowRuler]

DEFAULTS: tuple[RowKind, ...] = (
    CrossMomentsKind(),
    RowSampleKind(),
    ConditionalKind(),
    ConceptKind(),
    versions.KIND,
    ClassesKind(),
    ClassesKind(of_truth=True),
)
"""What every reference learns, where it applies."""
READERS: Mapping[str, Reader] = {
    MomentsRuler.name: MomentsRuler.read,
    SampleRuler.name: SampleRuler.read,
    attribution.NAME: attribution.read,
    conditional.NAME: ConditionalRuler.read,
    concept.NAME: ConceptRuler.from_arrays,
    versions.NAME: versions.read,
    classes.CLASSES: partial(classes.read, of_truth=False),
    classes.OF_LABELLED: partial(classes.read, of_truth=True),
    losses.LOSSES: partial(losses.read, of_truth=False),
    losses.OF_LABELLED: partial(losses.read, of_truth=True),
    forest.NAME: forest.read,
}
"""By name of a row ruler: reads its facts and arrays."""


OUTLIERS = "outliers"
"""What the scores of rows are called where measures of whole rows are left out."""


def require_known(names: Iterable[str]) -> None:
    """Check names of what looks at whole rows: row rulers, or the scores of rows.

    Raises
    ------
    UnknownNameError
        For a name that no reference of this version has.
    """
    known = (OUTLIERS, *READERS)
    for name in names:
        if name not in known:
            raise UnknownNameError.of("measure of whole rows in leave_out", name, known)


def with_defaults(also: Sequence[RowKind]) -> tuple[RowKind, ...]:
    """Give the kinds that every reference learns, and others; of two of one name, the other."""
    named = {kind.name for kind in also}
    return (*(kind for kind in DEFAULTS if kind.name not in named), *also)


def learn(
    kinds: Sequence[RowKind],
    block: Callable[[Sequence[str]], Block],
    known: Learned,
) -> tuple[dict[str, RowRuler], dict[str, RowTally]]:
    """Learn row rulers and tally what they were learned from, but for a sample of it.

    Parameters
    ----------
    block
        Gives some of the reference's rows (see `some_of`), in order of time where they have one, with some columns.
    known
        All but the rows. Kinds that want the same columns look at the same rows, one kind after the other: on threads
        they take as long, and each thread keeps memory of its own.
    """
    groups: dict[tuple[str, ...], list[RowKind]] = defaultdict(list)
    for kind in kinds if known.tally.rows else ():
        groups[tuple(kind.wanted(known.schema)[:MOST_COLUMNS])].append(kind)
    groups.pop((), None)

    def learned(group: tuple[tuple[str, ...], list[RowKind]]) -> dict[str, tuple[RowRuler, RowTally | None]]:
        names, alike = group
        of_rows = replace(known, block=block(names))
        rulers = [ruler for kind in alike if (ruler := kind.learn(of_rows)) is not None]
        # a sample would be rows, in a file that is to have none
        return {
            ruler.name: (ruler, None if isinstance(ruler, SampleRuler) else ruler.count(of_rows.block))
            for ruler in rulers
        }

    found = {name: each for part in map(learned, groups.items()) for name, each in part.items()}
    in_order = {kind.name: found[kind.name] for kind in kinds if kind.name in found}
    rulers = {name: ruler for name, (ruler, _) in in_order.items()}
    return rulers, {name: tally for name, (_, tally) in in_order.items() if tally is not None}


def some_of(rows: int) -> NDArray[np.intp] | slice:
    """Give which rows of the reference row rulers are learned from."""
    return slice(None) if rows <= MOST_ROWS else np.linspace(0, rows - 1, MOST_ROWS).astype(np.intp)


def state_of(rulers: Mapping[str, RowRuler | RowTally]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Give the facts and arrays of row rulers, or of their tallies, as a file keeps them."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, ruler in rulers.items():
        arrays |= codec.nested(name, ruler.arrays())
    return {name: ruler.facts() for name, ruler in rulers.items()}, arrays


def rulers_of(
    schema: Schema, rulers: Mapping[str, Ruler], facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
) -> dict[str, RowRuler]:
    """Read what `state_of` gave; what a newer version has learned is left."""
    return {
        name: READERS[name](schema, rulers, about, codec.inside(name, arrays))
        for name, about in facts.items()
        if name in READERS
    }


def tallies_of(
    rulers: Mapping[str, RowRuler], facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
) -> dict[str, RowTally]:
    """Read the tallies that belong to row rulers."""
    return {
        name: rulers[name].tally_of(about, codec.inside(name, arrays))
        for name, about in facts.items()
        if name in rulers
    }
