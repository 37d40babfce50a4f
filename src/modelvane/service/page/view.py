"""What the page shows of one dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modelvane.events import Kind
from modelvane.findings import Findings
from modelvane.report.distribution import Distribution
from modelvane.report.parts.multivariate import MultivariatePart
from modelvane.report.parts.outliers import OutlierPart
from modelvane.service.events import Told
from modelvane.validity import Validity

_MARKED = (Kind.ALERT_FIRING, Kind.RETRAIN_STARTED, Kind.REFERENCE_SWITCHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """How the service itself does for one dataset; ``None`` for what it does not know.

    Parameters
    ----------
    rows_accepted, rows_rejected
        Rows since the start; rejected ones by reason.
    queue_rows, queue_limit
        Rows that wait to be committed, and how many may.
    commit_seconds, evaluation_seconds
        What the last commit and the last evaluation took.
    window
        The window in words, such as ``"last 5000 rows"``.
    compared_with
        What it is compared with where that is not the reference as it was built, such as ``"the 4 windows before"``.
    uptime_seconds
        Since the service started.
    """

    rows_accepted: int | None = None
    rows_rejected: Mapping[str, int] = field(default_factory=dict)
    queue_rows: int | None = None
    queue_limit: int | None = None
    commit_seconds: float | None = None
    evaluation_seconds: float | None = None
    window: str = ""
    compared_with: str = ""
    uptime_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetView:
    """Everything that the page shows of one dataset.

    Parameters
    ----------
    name
        Of the dataset.
    findings
        The last round; ``None`` before the first.
    history
        Rounds before and with the last, oldest first.
    distributions
        Of the columns to show; see `modelvane.report.order.shown_columns`.
    service
        How the service does.
    headline
        Measure of performance to show first; the first one with a value when ``None``.
    events
        What happened to it, oldest first.
    outliers
        The most outlying rows; ``None`` where none were scored.
    references
        What it was compared with, and when, the first one first.
    together
        How columns hang together; ``None`` where that is not known.
    """

    name: str
    findings: Findings | None = None
    history: Sequence[Findings] = ()
    distributions: Sequence[Distribution] = ()
    service: ServiceState = field(default_factory=ServiceState)
    headline: str | None = None
    events: Sequence[Told] = ()
    outliers: OutlierPart | None = None
    references: Sequence[Validity] = ()
    together: MultivariatePart | None = None

    @property
    def marks(self) -> tuple[float, ...]:
        """When something happened that a chart should show."""
        return tuple(told.first_at for told in self.events if told.event.kind in _MARKED)
