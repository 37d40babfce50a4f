"""What is measured of a column given others, as the catalogue tells it."""

from __future__ import annotations

from modelvane.conditional.ruler import NAME
from modelvane.multivariate.measures import RowMeasure

CONDITIONAL_DRIFT = RowMeasure(
    "conditional_drift",
    "Conditional drift",
    "ratio",
    "|sum over cells of other columns of (rows / n) x (mean rank - reference's mean rank)|: direct standardisation, "
    "Neison, 1844",
    NAME,
    needs="a number that one or two other columns explain",
)
