"""What is measured of a dataset as a whole: its drift, its labels, how its rows arrive, its outliers."""

from __future__ import annotations

from functools import partial

from modelvane.findings import Family
from modelvane.measure import of_dataset

_drift_of_all = partial(of_dataset, Family.DATASET, needs="a column that can be compared")
_labelling = partial(of_dataset, Family.PERFORMANCE, needs="a target")
_arrival = partial(of_dataset, Family.QUALITY)

DRIFT = (
    _drift_of_all(
        "dataset_drift",
        "Dataset drift",
        "",
        "1 when any column is above its lines, at budget / (columns x 10)",
        series="modelvane_dataset_drift",
    ),
    _drift_of_all(
        "drifted_columns",
        "Drifted columns",
        "",
        "columns above their lines",
        series="modelvane_drifted_columns",
    ),
    _drift_of_all(
        "drifted_share",
        "Share of drifted columns",
        "ratio",
        "columns above their lines / columns compared",
        series="modelvane_drifted_columns_ratio",
    ),
)
LABELS = (
    _labelling(
        "label_coverage",
        "Label coverage",
        "ratio",
        "rows whose label is known / rows of the window",
        better="higher",
    ),
    _labelling("label_lag", "Label lag", "seconds", "median of label time - prediction time", better="lower"),
)
ARRIVAL = (
    _arrival("window_rows", "Rows of the window", "rows", "count"),
    _arrival("duplicate_ids", "Duplicate ids", "rows", "rows refused because their id was known", "ids"),
    _arrival(
        "missing_columns", "Missing columns", "", "columns of the reference that rows lacked altogether"
    ),
    _arrival("unexpected_columns", "Unexpected columns", "", "columns that the reference does not know"),
    _arrival("late_rows", "Late rows", "rows", "rows older than the time window's watermark"),
    _arrival(
        "last_row_age", "Age of the last row", "seconds", "evaluation - arrival of the last row", "a row"
    ),
    _arrival("rows_per_second", "Rows per second", "", "(rows - 1) / (last - first arrival)", "two rows"),
)
OUTLIERS = (
    of_dataset(
        Family.QUALITY,
        "outlier_share",
        "Outliers",
        "ratio",
        "rows whose cells are less probable together than a quantile of the reference's / rows: Fisher, 1925",
        needs="features that are no lists",
        better="lower",
    ),
)
