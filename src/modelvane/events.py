"""What happened to a watch, beside its rows: alerts, retrains, models, references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What kind of thing happened."""

    ALERT_FIRING = "alert_firing"
    """Alertmanager said that an alert fires."""
    ALERT_RESOLVED = "alert_resolved"
    """Alertmanager said that an alert is over."""
    RETRAIN_SKIPPED = "retrain_skipped"
    """An alert asked for a retrain, and there was a reason against one."""
    RETRAIN_REHEARSED = "retrain_rehearsed"
    """A retrain would have been started, but for `dry_run`."""
    RETRAIN_STARTED = "retrain_started"
    """A retrain was started."""
    RETRAIN_FAILED = "retrain_failed"
    """A retrain ended without an outcome: it failed, took too long, or was stopped."""
    CHAMPION_KEPT = "champion_kept"
    """The challenger was not better."""
    MODEL_PROMOTED = "model_promoted"
    """The challenger was better, and answers from now on."""
    REFERENCE_BEGUN = "reference_begun"
    """Windows began to be compared with the reference that the config names: at the first start, or a new one."""
    REFERENCE_SWITCHED = "reference_switched"
    """Windows are compared with another reference."""
    REFERENCE_REFUSED = "reference_refused"
    """Another reference could not be taken; the one before stays."""

    @property
    def is_alert(self) -> bool:
        """Whether Alertmanager said it, as often as it likes, rather than modelvane."""
        return self in (Kind.ALERT_FIRING, Kind.ALERT_RESOLVED)


LASTING = (Kind.REFERENCE_BEGUN, Kind.REFERENCE_SWITCHED)
"""Kinds that a log keeps whatever their age: which reference was valid when."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Parameters
    ----------
    kind
        What kind of thing.
    at
        When, in seconds since 1970.
    dataset
        Of which dataset; ``None`` for what belongs to none.
    what
        In one sentence.
    details
        Plain JSON values: the labels of an alert, the scores of a challenger, the digest of a reference.
    """

    kind: Kind
    at: float
    dataset: str | None
    what: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "kind": str(self.kind),
            "at": self.at,
            "dataset": self.dataset,
            "what": self.what,
            "details": dict(self.details),
        }
