"""Which model a service answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import InfoMetricFamily

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Model:
    """The identity of a model, shown as the series ``model_info``.

    Parameters
    ----------
    name : str
        What the model is called.
    version : str
        Which of its versions answers.
    trained : datetime or str, optional
        When it was trained; a datetime is shown in ISO 8601.
    reference : str, optional
        Digest of the reference that its predictions are compared with.
    """

    name: str
    version: str = ""
    trained: datetime | str | None = None
    reference: str | None = None

    def series(self) -> InfoMetricFamily:
        """Give the series; what is not known is an empty label."""
        trained = self.trained
        return InfoMetricFamily(
            "model",
            "The model that answers.",
            value={
                "name": self.name,
                "version": self.version,
                "trained": trained if isinstance(trained, str) else trained.isoformat() if trained else "",
                "reference": self.reference or "",
            },
        )
