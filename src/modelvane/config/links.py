"""Where people find the rest of the picture."""

from __future__ import annotations

from pydantic import Field

from modelvane.config.addresses import Url
from modelvane.config.section import Section


class LinksSection(Section):
    """Addresses as a browser reaches them, for links between pages, panels and alerts."""

    monitor: Url | None = Field(
        None, description="This service; `http://<service.host>:<service.port>` otherwise."
    )
    grafana: Url | None = Field(None, description="Grafana, for links from alerts to panels.")
    prometheus: Url | None = Field(None, description="Prometheus.")
