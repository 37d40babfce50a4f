"""When generated alerts fire, and how loudly."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modelvane.config.addresses import Url
from modelvane.config.lengths import Length, LengthOfSomething
from modelvane.config.section import Section
from modelvane.errors import ConfigError
from modelvane.periods import length_of

Severity = Literal["page", "ticket", "info", "none"]
"""Who hears of an alert: somebody now, somebody in working hours, whoever looks; ``none``: there is no such alert."""

AlertName = Literal[
    "ServiceDown",
    "ServiceErrors",
    "ServiceSlow",
    "NoPredictions",
    "DatasetDrift",
    "JointDrift",
    "QualityFault",
    "PerformanceBelowLimit",
    "EstimateBelowReference",
    "ConceptDrift",
    "GroupsApart",
    "ChallengerBetter",
    "AttributionDrift",
    "LabelsLate",
    "MonitorBlind",
    "MonitorDropping",
    "SeriesBudget",
]
"""Every alert that is generated; what each means is in `modelvane.rules.kinds`."""


class DatasetAlertsSection(Section):
    """Alerts of a dataset."""

    severity: dict[AlertName, Severity] = Field(
        {}, description="Severity by alert, where it is not the alert's own; `none` leaves an alert out."
    )
    hold: dict[AlertName, Length] = Field(
        {}, description="By alert, how long it has to last before it fires, where it is not the alert's own."
    )
    silence: LengthOfSomething = Field(
        "15min",
        description="NoPredictions: how long a dataset may have none; its own limit of `last_row_age` goes first.",
    )
    drifted_columns: int = Field(1, ge=1, description="DatasetDrift: how many columns have to drift.")
    rows: int = Field(
        30,
        ge=1,
        description="DatasetDrift, JointDrift, QualityFault: rows of the window that it takes where the dataset has "
        "limits for its columns in `thresholds`, which a few rows are beyond by chance; never more than the window "
        "has.",
    )
    label_silence: LengthOfSomething = Field(
        "26h",
        description="LabelsLate: how long no label may come while predictions do. By default more than a day, for "
        "labels that come nightly.",
    )
    label_coverage: float = Field(
        0.1,
        ge=0,
        le=1,
        description="PerformanceBelowLimit: share of the window's rows that have to be labelled. 0 where labels are "
        "rare, or come when their rows have left the window.",
    )
    labelled_rows: int = Field(
        30,
        ge=1,
        description="PerformanceBelowLimit: labelled rows that it takes (of a recommender: rows); never more than the "
        "window has.",
    )


class WebhooksSection(Section):
    """Where Alertmanager sends alerts to."""

    monitor: Url | None = Field(
        None, description="The monitor, as Alertmanager reaches it; `links.monitor` otherwise."
    )
    page: Url | None = Field(None, description="Alerts that somebody should see now.")
    ticket: Url | None = Field(None, description="Alerts for working hours.")
    info: Url | None = Field(None, description="The others.")


class AlertsSection(DatasetAlertsSection):
    """Alerts of everything."""

    scrape_interval: LengthOfSomething = Field(
        "15s",
        description="Prometheus' scrape_interval; no alert fires sooner than after two scrapes and two evaluations.",
    )
    over: LengthOfSomething = Field(
        "5min", description="What rates and shares are taken over: at least four scrapes."
    )
    errors: float = Field(
        0.05, ge=0, lt=1, description="ServiceErrors: share of requests that may be answered with 5xx."
    )
    requests: int = Field(
        20,
        ge=1,
        description="ServiceErrors, ServiceSlow: requests that it takes within `over` to judge a service.",
    )
    rejected: int = Field(
        0, ge=0, description="MonitorDropping: posts that the monitor may refuse within `over`."
    )
    queue: float = Field(
        0.8, gt=0, le=1, description="MonitorDropping: share of `service.limits.queue_rows` that may wait."
    )
    series: float = Field(
        0.9, gt=0, le=1, description="SeriesBudget: share of `service.limits.series` that may be used."
    )
    webhooks: WebhooksSection = Field(WebhooksSection(), description="Where alerts are sent to.")


_SCRAPES = 4


def check_alerts(alerts: AlertsSection) -> None:
    """Check what settings say together.

    Raises
    ------
    ConfigError
        When a rate would be taken over too few scrapes to be there at all times.
    """
    least = _SCRAPES * length_of(alerts.scrape_interval)
    if length_of(alerts.over) < least:
        raise ConfigError(
            "alerts.over is too short for alerts.scrape_interval",
            received=alerts.over,
            expected=f"{least:g}s or more, which is {_SCRAPES} scrapes",
        )
