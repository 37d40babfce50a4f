"""Prometheus series: findings, the 2022 series and what the service observes of itself, computed at scrape.

>>> from modelvane.findings import Family, Finding, Findings
>>> drift = Finding(family=Family.DRIFT, measure="kolmogorov_smirnov", column="distance", value=0.25)
>>> taxi = Exposed("taxi", Findings("taxi", 0.0, 100, 0, (drift,)))
>>> body, content_type = render(registry_of(ModelCollector(lambda: [taxi])), "text/plain")
>>> print(body.decode().splitlines()[2])
modelvane_drift_distance{dataset="taxi",column="distance",method="kolmogorov_smirnov",segment=""} 0.25
"""

from __future__ import annotations

from modelvane.exposition.collector import DEFAULT_LIMIT, Exposed, ModelCollector, registry_of
from modelvane.exposition.observed import DatasetObserved, ServiceObserved
from modelvane.exposition.text import render

__all__ = [
    "DEFAULT_LIMIT",
    "DatasetObserved",
    "Exposed",
    "ModelCollector",
    "ServiceObserved",
    "registry_of",
    "render",
]
