"""The series of Evidently 0.1.54's ``model_monitoring``, so that dashboards and clients of 2022 keep working.

Pure functions of window columns and of `Facts` frozen in the reference::

    facts = Facts.of(reference_columns, mapping)
    samples = series(facts, window_columns, mapping, ["data_drift", "data_quality"])

Nothing else of modelvane depends on these formulas; its own findings are computed from tallies.
"""

from __future__ import annotations

from modelvane.compat.facts import Facts
from modelvane.compat.mapping import ColumnMapping
from modelvane.compat.monitors import MONITORS, check_monitors, series
from modelvane.compat.sample import Sample

__all__ = ["MONITORS", "ColumnMapping", "Facts", "Sample", "check_monitors", "series"]
