"""What writes Grafana's format is no part of the base install."""

from __future__ import annotations

from modelvane.extras import require


def require_grafana() -> None:
    """Check that Grafana's library is there.

    Raises
    ------
    MissingExtraError
        With the extra that brings it.
    """
    require(
        "grafana_foundation_sdk",
        "Dashboards for Grafana need grafana-foundation-sdk",
        "pip install 'modelvane[grafana]'; without it, `modelvane dashboards --preview` draws the same "
        "panels as a page",
    )
