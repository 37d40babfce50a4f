"""The scores of single rows, for whoever asks before they are logged or without."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from modelvane.block import Block
from modelvane.errors import SchemaError
from modelvane.outliers.ruler import scored
from modelvane.reference import Reference
from modelvane.row_rulers import OUTLIERS
from modelvane.settings import Outliers
from modelvane.tallies.outliers import ScoredCell


class Score(Struct, frozen=True):
    """How unlike the reference's a row is.

    Parameters
    ----------
    score
        Sum of the surprisals of its cells, in bits; by an isolation forest in thousandths.
    threshold
        The score that the reference's own rows exceed no more often than the settings say.
    outlier
        Whether it exceeds that.
    cells
        Those that add to the score, what adds most first.
    """

    score: int
    threshold: int
    outlier: bool
    cells: tuple[ScoredCell, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return dict(msgspec.to_builtins(self))


def score(reference: Reference, outliers: Outliers, data: Any) -> list[Score]:
    """Score rows.

    Parameters
    ----------
    data
        Whatever `modelvane.table.Table.of` reads; a column that it lacks is missing.

    Raises
    ------
    SchemaError
        When the reference scores no rows.

    Examples
    --------
    >>> reference = Reference.of({"distance": [float(i % 50) for i in range(1000)]})
    >>> found, = score(reference, Outliers(), [{"distance": 120.0}])
    >>> found.score, found.threshold, found.cells[0].beyond
    (9, 4, 71.0)
    """
    known, block = reference.outliers_of(reference.tally), reference.encode(data)
    scores = _scores(reference, block)
    if known is None or scores is None:
        raise SchemaError(f"Rows cannot be scored: {why_unscored(reference)}")
    threshold = known.quantile(outliers.quantile)
    return [
        Score(found, threshold, found > threshold, tuple(cell.redacted(outliers.hidden) for cell in cells))
        for found, cells in scores
    ]


def _scores(reference: Reference, block: Block) -> list[tuple[int, tuple[ScoredCell, ...]]] | None:
    if reference.forest is not None:
        return reference.forest.scores(block)
    count = reference.counter.scoring(block.rows, least=1)
    if count is None:
        return None
    for name in count.names:
        count.add(name, block.columns[name])
    return count.scores()


def why_unscored(reference: Reference) -> str:
    """Say why a reference scores no rows."""
    if OUTLIERS in reference.left_out:
        return "outliers are left out (leave_out)"
    if not scored(reference.schema):
        return "no feature has single values, which scores are made of"
    return "the reference was built before rows were scored; build it again"
