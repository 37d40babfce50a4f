"""What is known of the arrival of rows, beside what is in them."""

from __future__ import annotations

from msgspec import Struct


class Stream(Struct, frozen=True):
    """Facts of a window that no column holds.

    Parameters
    ----------
    now
        Seconds since 1970.
    coverage
        Share of the window's rows whose label is known.
    lag
        Median seconds from prediction to label, over the performance window.
    duplicates
        Rows refused because of their id, while the window's rows came.
    missing, unexpected
        Columns that rows of the window lacked altogether, and those that the reference does not know.
    last_row
        When the last row came, seconds since 1970.
    rows_per_second
        Over the window.
    late
        Rows too late for the time window.
    """

    now: float
    coverage: float | None = None
    lag: float | None = None
    duplicates: int = 0
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    last_row: float | None = None
    rows_per_second: float | None = None
    late: int = 0
