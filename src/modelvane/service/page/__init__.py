"""The live page: views in, HTML out; no I/O but its own templates and style."""

from __future__ import annotations

from modelvane.report.order import shown_columns
from modelvane.service.page.assets import Asset, static
from modelvane.service.page.render import CONTENT_SECURITY_POLICY, render_dataset, render_overview
from modelvane.service.page.view import DatasetView, ServiceState

__all__ = [
    "CONTENT_SECURITY_POLICY",
    "Asset",
    "DatasetView",
    "ServiceState",
    "render_dataset",
    "render_overview",
    "shown_columns",
    "static",
]
