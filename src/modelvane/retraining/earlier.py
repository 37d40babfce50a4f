"""What the log says of a dataset's earlier retrains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import replace

from modelvane.events import Event, Kind
from modelvane.retraining.pause import Pause

_ENDS = (Kind.RETRAIN_FAILED, Kind.CHAMPION_KEPT, Kind.MODEL_PROMOTED)
_TAKEN = (Kind.REFERENCE_SWITCHED, Kind.REFERENCE_REFUSED)
KINDS = (Kind.RETRAIN_STARTED, Kind.RETRAIN_REHEARSED, *_ENDS, *_TAKEN)
"""Of what events it is read."""


class Promoted(NamedTuple):
    """File of a promoted model's reference, and the model's version, which may be empty."""

    reference: str
    version: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """When the last run began, and what the service that began it did not get to.

    Parameters
    ----------
    pause
        What it means for the next one.
    unfinished
        The begin of a run whose end is not in the log.
    promoted
        A model whose reference was neither taken nor refused.
    """

    pause: Pause
    unfinished: Event | None = None
    promoted: Promoted | None = None


def earlier_runs(events: Iterable[Event], *, rehearsals: bool) -> Earlier:
    """Read events of one dataset, the oldest first.

    Parameters
    ----------
    rehearsals
        Whether a run that was only rehearsed counts as a start.
    """
    pause = Pause()
    unfinished: Event | None = None
    promoted: Promoted | None = None
    for event in events:
        if event.kind is Kind.RETRAIN_STARTED or (rehearsals and event.kind is Kind.RETRAIN_REHEARSED):
            pause = Pause(event.at)
        if event.kind is Kind.RETRAIN_STARTED:
            unfinished = event
        elif event.kind in _ENDS:
            unfinished = None
            early = event.kind is Kind.CHAMPION_KEPT and event.details.get("outcome", {}).get(
                "not_yet", False
            )
            pause = replace(pause, was_early=early)
        if event.kind is Kind.MODEL_PROMOTED:
            outcome = event.details.get("outcome", {})
            file = outcome.get("reference")
            promoted = None if file is None else Promoted(file, outcome.get("version", ""))
        elif event.kind in _TAKEN:
            promoted = None
    return Earlier(pause, unfinished, promoted)
