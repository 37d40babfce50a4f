"""What scores rows: the surprisals of the reference's features."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from modelvane.outliers.surprisal import FURTHEST, CategoricalSurprisal, NumericalSurprisal, Surprisal
from modelvane.schema import Schema
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.dataset import ColumnTally
from modelvane.tallies.numerical import NumericalTally


class OutlierRuler(Struct, frozen=True, eq=False):
    """Scores rows: the sum of the surprisals of their features, in bits.

    A sum of logarithms of such shares is Fisher's way to combine tests (1925); as a score of outliers, without a model
    of how columns hang together, it is that of ECOD (Li et al., 2022).

    Parameters
    ----------
    columns
        Surprisals by feature; columns of lists take no part.
    most
        No score is larger.
    """

    columns: Mapping[str, Surprisal]
    most: int

    @classmethod
    def of(cls, schema: Schema, columns: Mapping[str, ColumnTally]) -> OutlierRuler | None:
        """Read it off the reference's tallies; ``None`` where no feature has single values, or there are no rows."""
        found: dict[str, Surprisal] = {}
        most = 0
        for name in scored(schema):
            tally = columns[name]
            known = surprisal_of(tally)
            if known is not None and tally.rows:
                found[name] = known
                most += (
                    (tally.rows + 1).bit_length() - 1 + (FURTHEST if tally.ruler.kind == "numerical" else 0)
                )
        return cls(found, most) if found else None


def scored(schema: Schema) -> list[str]:
    """Give the columns whose cells enter a score."""
    return [column.name for column in schema.features if column.kind is not None and not column.kind.is_list]


def surprisal_of(tally: ColumnTally, *, leave_one_out: bool = False) -> Surprisal | None:
    """Give the surprisals of a column; ``None`` of lists."""
    if isinstance(tally, NumericalTally):
        return NumericalSurprisal.of(tally, leave_one_out=leave_one_out)
    if isinstance(tally, CategoricalTally):
        return CategoricalSurprisal.of(tally, leave_one_out=leave_one_out)
    return None
