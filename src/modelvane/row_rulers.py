"""The kinds of row rulers that there are: what every reference learns, and what reads them from a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


def with_defaults(also: Sequence[RowKind]) -> tuple[RowKind, ...]:
    """Give the kinds that every reference learns, and others; of two of one name, the other."""
    named = {kind.name for kind in also}
    return (*(kind for kind in DEFAULTS if kind.name not in named), *also)


def learn(
    kinds: Sequence[RowKind], block: Callable[[Sequence[str]], Block], known: Learned
) -> tuple[dict[str, RowRuler], dict[str, RowTally]]:
    """Learn row rulers and tally what they were learned from, but for a sample of it.

    Parameters
    ----------
    block
        Gives the reference's rows, in order of time where they have one, with some columns.
    known
        All but the rows.
    """
    rulers: dict[str, RowRuler] = {}
    tallies: dict[str, RowTally] = {}
    names: list[str] = []
    rows = known.block
    for kind in kinds:
        wanted = list(kind.wanted(known.schema))[:MOST_COLUMNS]
        if not wanted or not known.tally.rows:
            continue
        if wanted != names:
            # columns are read once for kinds that follow each other and want the same
            names, rows = wanted, _evenly(block(wanted))
        ruler = kind.learn(replace(known, block=rows))
        if ruler is not None:
            rulers[ruler.name] = ruler
            if not isinstance(ruler, SampleRuler):
                # a sample would be rows, in a file that is to have none
                tallies[ruler.name] = ruler.count(rows)
    return rulers, tallies


def _evenly(block: Block) -> Block:
    if block.rows <= MOST_ROWS:
        return block
    return block.take(np.linspace(0, block.rows - 1, MOST_ROWS).astype(np.intp))


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
