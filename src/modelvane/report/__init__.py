"""What people look at: distributions, findings over time and their charts, for live page and report."""

from __future__ import annotations

from modelvane.formatting import number_text, value_text
from modelvane.report.charts import bullet, grouped_bars, over_time, sparkline
from modelvane.report.distribution import Distribution, distribution
from modelvane.report.history import MAX_POINTS, Point, Series, series_of, unit_of

__all__ = [
    "MAX_POINTS",
    "Distribution",
    "Point",
    "Series",
    "bullet",
    "distribution",
    "grouped_bars",
    "number_text",
    "over_time",
    "series_of",
    "sparkline",
    "unit_of",
    "value_text",
]
