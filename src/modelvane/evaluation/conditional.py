"""Whether numbers are, for rows alike in other columns, where the reference has them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from modelvane.conditional import NAME, ConditionalRuler
from modelvane.conditional.measures import CONDITIONAL_DRIFT
from modelvane.conditional.relation import Relation
from modelvane.conditional.shift import Shift, shift_of
from modelvane.conditional.tally import ConditionalTally
from modelvane.evaluation.round import Round
from modelvane.evaluation.together import joint_finding, joint_lines, undefined_joint
from modelvane.findings import Finding
from modelvane.formatting import share_text
from modelvane.naming import cut_text
from modelvane.tallies.dataset import DatasetTally

FEWEST = 30
"""Rows in cells of the reference from which on a shift is defined."""

_NAMED = 2


def conditional_findings(this: Round, rows: DatasetTally) -> Iterator[Finding]:
    """Give the mean shift of each numerical column that others explain; nothing where none is."""
    ruler, reference = this.reference.row_rulers.get(NAME), this.reference.tally.together.get(NAME)
    if not isinstance(ruler, ConditionalRuler) or NAME in this.reference.left_out:
        return
    assert isinstance(reference, ConditionalTally)  # noqa: S101 - counted when the ruler was learned
    current = rows.together.get(NAME)
    for column, cells in ruler.cells.items():
        relation = ruler.relations[column]
        shift = None
        if isinstance(current, ConditionalTally):
            shift = shift_of(relation, cells, reference, current)
        if shift is None or shift.n < FEWEST:
            n = 0 if shift is None else shift.n
            why = f"{n} rows with {_given(relation)} of which the reference has enough; it takes {FEWEST}"
            yield undefined_joint(CONDITIONAL_DRIFT, n, why, column)
            continue
        lines = joint_lines(this, CONDITIONAL_DRIFT, shift.floor(this.level), relation.habit, shift.n, column)
        cause = _cause(ruler, relation, shift)
        yield joint_finding(
            this, CONDITIONAL_DRIFT, abs(shift.mean), lines, shift.n, column=column, cause=cause
        )


def _given(relation: Relation) -> str:
    return " and ".join(map(cut_text, relation.given))


def _cause(ruler: ConditionalRuler, relation: Relation, shift: Shift) -> str:
    """Say which way it moved and how far, and where most."""
    way = "higher" if shift.mean > 0 else "lower"
    said = f"{way} given {_given(relation)}, by {share_text(abs(shift.mean))} of all ranks"
    factor = relation.factor(shift.mean)
    if factor is not None:
        said += f", as if values were multiplied by {factor:.2f}"
    most = np.argsort(-np.sign(shift.mean) * shift.by_cell, kind="stable")[:_NAMED].tolist()
    where = [
        f"{relation.names(cell, ruler.levels)} ({share_text(shift.rows[cell] / shift.n)} of the rows)"
        for cell in most
        if shift.by_cell[cell] * shift.mean > 0
    ]
    return f"{said}; most where {'; '.join(where)}" if where else said
