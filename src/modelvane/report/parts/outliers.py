"""The rows that are most unlike the reference's, and the cells that make them so."""

from __future__ import annotations

from dataclasses import dataclass

from modelvane.findings import Finding, Findings
from modelvane.outliers.reference import MEASURE
from modelvane.reference import Reference
from modelvane.settings import Outliers
from modelvane.tallies.dataset import DatasetTally
from modelvane.tallies.outliers import ScoredCell
from modelvane.times import NO_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierRow:
    """One row.

    Parameters
    ----------
    score
        In the part's unit.
    time
        Of the event, seconds since 1970; ``None`` where it has none.
    is_outlier
        Whether its score is above the threshold.
    cells
        Its rarest cells, what is rarest first.
    """

    score: int
    time: float | None
    is_outlier: bool
    cells: tuple[ScoredCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierPart:
    """What is told of outliers.

    Parameters
    ----------
    finding
        Their share, against what is expected.
    count, of
        Outliers, and all rows.
    threshold
        Scores above it are those of outliers.
    unit
        Of scores: ``"bits"``, or ``"thousandths"`` of an isolation forest.
    rows
        The most outlying ones; values of hidden columns are not told.
    """

    finding: Finding
    count: int
    of: int
    threshold: int
    unit: str
    rows: tuple[OutlierRow, ...]


def outlier_part(
    reference: Reference, settings: Outliers, rows: DatasetTally, findings: Findings
) -> OutlierPart | None:
    """Give what is told of the outliers of a window or of a batch; ``None`` where no row was scored."""
    known, current = (reference.outliers_of(tally) for tally in (reference.tally, rows))
    finding = findings.get(MEASURE)
    if known is None or current is None or finding is None or not current.rows:
        return None
    threshold = known.quantile(settings.quantile)
    return OutlierPart(
        finding=finding,
        count=current.above(threshold),
        of=current.rows,
        threshold=threshold,
        unit="bits" if reference.forest is None else "thousandths",
        rows=tuple(
            OutlierRow(
                score=row.score,
                time=None if row.time == NO_TIME else row.time / 1e6,
                is_outlier=row.score > threshold,
                cells=tuple(cell.redacted(settings.hidden) for cell in row.cells),
            )
            for row in current.top
        ),
    )
