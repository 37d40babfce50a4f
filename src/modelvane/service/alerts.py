"""What Alertmanager posts: read, kept as events, and handed to who retrains."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

import msgspec

from modelvane.errors import DecodeError, SchemaError, UnknownNameError
from modelvane.events import Event, Kind

_EXPECTED = (
    'the body of an Alertmanager webhook: {"version": "4", "alerts": [{"status": "firing", "labels": {...}}]}'
)
_NAME, _DATASET = "alertname", "dataset"


class Alert(msgspec.Struct, frozen=True, rename="camel"):
    """One alert of a notification."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: str = ""
    ends_at: str = ""
    generator_url: str = msgspec.field(default="", name="generatorURL")
    fingerprint: str = ""

    @property
    def name(self) -> str:
        """What the rule is called."""
        return self.labels.get(_NAME, "")

    @property
    def dataset(self) -> str | None:
        """Which dataset it is about, if any."""
        return self.labels.get(_DATASET)


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    """What Alertmanager posts to a webhook, version 4 of the format."""

    version: Literal["4"]
    alerts: list[Alert]
    status: Literal["firing", "resolved"] | None = None
    receiver: str = ""
    group_key: str = ""
    truncated_alerts: int = 0
    external_url: str = msgspec.field(default="", name="externalURL")


_decoder = msgspec.json.Decoder(Notification)


def decode_alerts(body: bytes) -> Notification:
    """Read a notification; what other versions of Alertmanager add is left alone.

    Raises
    ------
    DecodeError
        For a body that is not JSON.
    SchemaError
        For JSON that is no notification.
    """
    try:
        notification = _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise SchemaError(
            f"This is no notification of Alertmanager: {error}", received=_shown(body), expected=_EXPECTED
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError(
            f"The body is not JSON: {error}", received=_shown(body), expected=_EXPECTED
        ) from None
    for place, alert in enumerate(notification.alerts):
        if not alert.name:
            raise SchemaError(
                f"This is no notification of Alertmanager: $.alerts[{place}].labels has no {_NAME}",
                received=dict(alert.labels),
                expected=_EXPECTED,
            )
    return notification


def event_of(alert: Alert, notification: Notification, datasets: Collection[str], at: float) -> Event:
    """Give the event of an alert; one of an unknown dataset belongs to none."""
    is_firing = alert.status == "firing"
    summary = alert.annotations.get("summary", "")
    what = f"{alert.name} {'fires' if is_firing else 'is over'}{': ' if summary else ''}{summary}"
    details: dict[str, Any] = {
        name: value for name, value in msgspec.to_builtins(alert).items() if value and name != "status"
    }
    details |= {"receiver": notification.receiver, "groupKey": notification.group_key}
    kind = Kind.ALERT_FIRING if is_firing else Kind.ALERT_RESOLVED
    return Event(kind, at, alert.dataset if alert.dataset in datasets else None, what, details)


def answer_of(
    notification: Notification, datasets: Collection[str], asked: Mapping[str, str]
) -> dict[str, Any]:
    """Say what became of a notification.

    Parameters
    ----------
    asked
        Datasets whose retrain was considered, with the alert that asked.

    Raises
    ------
    UnknownNameError
        When every alert is of a dataset that is not watched; they are kept all the same.
    """
    unknown = sorted({a.dataset for a in notification.alerts if a.dataset is not None} - set(datasets))
    if unknown and all(alert.dataset in unknown for alert in notification.alerts):
        error = UnknownNameError.of("dataset", unknown[0], datasets)
        raise UnknownNameError(
            f"No alert is of a dataset that is watched; {len(notification.alerts)} were kept as events",
            received=", ".join(unknown),
            available=error.available,
            remedy=error.remedy,
        )
    return {
        "kept": len(notification.alerts),
        "truncated": notification.truncated_alerts,
        "considered": [{"dataset": dataset, "alert": alert} for dataset, alert in asked.items()],
        "unknown_datasets": unknown,
        "datasets": sorted(datasets),
    }


def _shown(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace")
