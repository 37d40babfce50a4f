"""Prefect is no part of the base install."""

from __future__ import annotations

from importlib.util import find_spec

from modelvane.errors import ModelvaneError


class MissingPrefectError(ModelvaneError, ImportError):
    """Flows were asked for where Prefect is not installed."""


def require_prefect() -> None:
    """Check that Prefect is there.

    Raises
    ------
    MissingPrefectError
        With the extra that brings it.
    """
    if find_spec("prefect") is None:
        raise MissingPrefectError(
            "modelvane.flows needs Prefect, which is not installed",
            remedy="pip install 'modelvane[prefect]'; without it, `modelvane report` in cron computes the same",
        )
