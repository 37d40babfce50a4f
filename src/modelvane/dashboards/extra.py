"""What writes Grafana's format is no part of the base install."""

from __future__ import annotations

from importlib.util import find_spec

from modelvane.errors import ModelvaneError


class MissingGrafanaError(ModelvaneError, ImportError):
    """Grafana's files were asked for where its library is not installed."""


def require_grafana() -> None:
    """Check that Grafana's library is there.

    Raises
    ------
    MissingGrafanaError
        With the extra that brings it.
    """
    if find_spec("grafana_foundation_sdk") is None:
        raise MissingGrafanaError(
            "Dashboards for Grafana need grafana-foundation-sdk, which is not installed",
            remedy="pip install 'modelvane[grafana]'; without it, `modelvane dashboards --preview` draws the same "
            "panels as a page",
        )
