"""Prefect is no part of the base install."""

from __future__ import annotations

from modelvane.extras import require


def require_prefect() -> None:
    """Check that Prefect is there.

    Raises
    ------
    MissingExtraError
        With the extra that brings it.
    """
    require(
        "prefect",
        "modelvane.flows needs Prefect",
        "pip install 'modelvane[prefect]'; without it, `modelvane report` in cron computes the same",
    )
