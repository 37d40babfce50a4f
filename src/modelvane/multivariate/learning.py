"""Learning from the reference's rows what their columns have to do with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from msgspec import Struct

from modelvane.block import Block
from modelvane.casting import Numbers
from modelvane.multivariate.correlation import FEWEST
from modelvane.multivariate.moments import CrossMoments
from modelvane.multivariate.noise import ErrorNull, change_null, habits
from modelvane.multivariate.plane import Plane
from modelvane.multivariate.quantification import quantified
from modelvane.multivariate.ruler import NAME, MomentsRuler
from modelvane.multivariate.sample_ruler import NAME as SAMPLE
from modelvane.multivariate.sample_ruler import SampleRuler
from modelvane.multivariate.scores import ColumnScores, NumericalScores, Scores
from modelvane.row_ruler import Learned
from modelvane.ruler import CategoricalRuler
from modelvane.schema import Schema
from modelvane.tallies.categorical import Codes
from modelvane.tallies.numerical import NumericalTally

# a half of them teaches, the other is compared with, and windows are drawn of both
_FEWEST_ROWS = 4 * FEWEST
_TEACHING, _OTHERS = slice(0, None, 2), slice(1, None, 2)


class CrossMomentsKind:
    """Learns how features and predictions hang together; a row kind (see `modelvane.row_ruler.RowKind`)."""

    name: ClassVar[str] = NAME

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give the features and predictions that have single values; none where there is only one."""
        columns = [
            column.name
            for column in (*schema.features, *schema.predictions)
            if column.kind is not None and not column.kind.is_list
        ]
        return columns if len(columns) > 1 else ()

    def learn(self, learned: Learned) -> MomentsRuler | None:
        """Learn from every other row, and take the moments of the others; ``None`` of too few rows or columns."""
        scored = learned.once(_Scored.of)
        if scored is None:
            return None
        plane = Plane.of(CrossMoments.of(list(scored.table[_TEACHING].T)))
        known = CrossMoments.of(list(scored.table[_OTHERS].T))
        usual_change, usual_error = None, None
        if learned.in_time_order:
            usual_change, usual_error = habits(scored.table, plane, learned.tally.rows / learned.block.rows)
        return MomentsRuler(
            scores=scored.scores,
            known=known,
            plane=plane,
            error=ErrorNull.of(plane.errors(scored.table[_OTHERS])),
            change=change_null(scored.table, known.n),
            usual_change=usual_change,
            usual_error=usual_error,
        )


class RowSampleKind:
    """Learns what a sample of rows is compared with; a row kind (see `modelvane.row_ruler.RowKind`).

    Parameters
    ----------
    classifier
        Whether also what the domain classifier takes: rows of the reference, and how well it usually tells windows of
        it from the rest.
    """

    name: ClassVar[str] = SAMPLE

    def __init__(self, *, classifier: bool = False) -> None:
        self._classifier = classifier

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give the columns of `CrossMomentsKind`."""
        return CrossMomentsKind().wanted(schema)

    def learn(self, learned: Learned) -> SampleRuler | None:
        """Learn from the rows that scores were not learned from; ``None`` of too few rows or columns."""
        scored = learned.once(_Scored.of)
        if scored is None:
            return None
        spacing = learned.tally.rows / learned.block.rows if learned.in_time_order else None
        return SampleRuler.of(
            {name: learned.rulers[name] for name in scored.scores},
            scored.scores,
            scored.table,
            scored.table[_OTHERS],
            spacing=spacing,
            classifier=self._classifier,
        )


class _Scored(Struct, frozen=True, eq=False):
    """The columns that vary: what scores them, and all rows' scores, shape ``(rows, columns)``."""

    scores: Mapping[str, ColumnScores]
    table: Scores

    @classmethod
    def of(cls, learned: Learned) -> _Scored | None:
        block = learned.block
        if block.rows < _FEWEST_ROWS:
            return None
        scores = _scores(learned, block.take(_TEACHING))
        columns = {name: each.of_column(block.columns[name]) for name, each in scores.items()}
        varying = [
            name for name, found in columns.items() if np.ptp(found[_TEACHING]) and np.ptp(found[_OTHERS])
        ]
        if len(varying) < 2:
            return None
        return cls(
            {name: scores[name] for name in varying}, np.stack([columns[name] for name in varying], axis=1)
        )


def _scores(learned: Learned, rows: Block) -> dict[str, ColumnScores]:
    found: dict[str, ColumnScores] = {}
    numerical, categorical, sizes = {}, {}, {}
    for name, column in rows.columns.items():
        tally, ruler = learned.tally.columns[name], learned.rulers[name]
        if isinstance(tally, NumericalTally) and isinstance(column, Numbers):
            found[name] = NumericalScores.of(tally)
            numerical[name] = found[name].of_column(column)
        elif isinstance(ruler, CategoricalRuler) and isinstance(column, Codes):
            categorical[name], sizes[name] = column.codes, len(ruler.names)
    found |= quantified(numerical, categorical, sizes)
    return {name: found[name] for name in rows.columns}
