"""Which rows are unlike those of the reference, and by which of their cells."""

from modelvane.outliers.count import RARE, OutlierCount
from modelvane.outliers.ruler import OutlierRuler

__all__ = ["RARE", "OutlierCount", "OutlierRuler"]
