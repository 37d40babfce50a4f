"""The health of a prediction service, whatever its framework: what is counted, by whom, and how it is shown."""

from __future__ import annotations

from modelvane.client.health.health import EXCLUDED, Health
from modelvane.client.health.metrics import BUCKETS
from modelvane.client.health.model import Model

__all__ = ["BUCKETS", "EXCLUDED", "Health", "Model"]
