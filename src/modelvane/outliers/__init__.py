"""Which rows are unlike those of the reference, and by which of their cells."""

from modelvane.outliers.count import OutlierCount, RowScore
from modelvane.outliers.ruler import OutlierRuler

__all__ = ["OutlierCount", "OutlierRuler", "RowScore"]
