"""Which reference a dataset was compared with, from when until when: read from what happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from modelvane.events import Event
from modelvane.periods import Period


class Validity(Struct, frozen=True):
    """One reference, and when windows were compared with it.

    Parameters
    ----------
    digest
        Hash of its contents, in hexadecimal.
    since, until
        Seconds since 1970; ``None`` for a beginning that is not known, and for the one that holds.
    rows
        What it was built from; ``None`` where that was not kept.
    period
        First and last event time of these rows, seconds since 1970; ``None`` without times.
    file
        Where it was read from, or what it was built from.
    written
        When that file was written, seconds since 1970.
    """

    digest: str
    since: float | None
    until: float | None = None
    rows: int | None = None
    period: Period | None = None
    file: str = ""
    written: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return dict(msgspec.to_builtins(self))


def told_of(digest: str, rows: int, period: tuple[int, int] | None, file: Path) -> dict[str, Any]:
    """Give what an event keeps of a reference; ``period`` in microseconds since 1970."""
    try:
        written = file.stat().st_mtime
    except OSError:
        written = None
    return {
        "digest": digest,
        "rows": rows,
        "period": None if period is None else [period[0] / 1e6, period[1] / 1e6],
        "file": str(file),
        "written": written,
    }


def history(events: Iterable[Event]) -> Sequence[Validity]:
    """Give the references of one dataset in the order in which they held.

    Parameters
    ----------
    events
        Of `modelvane.events.LASTING`, in the order in which they came; one of the reference that held already
        changes nothing.

    Examples
    --------
    >>> from modelvane.events import Kind
    >>> first = Event(Kind.REFERENCE_BEGUN, 10.0, "taxi", "", {"digest": "ab"})
    >>> second = Event(Kind.REFERENCE_SWITCHED, 20.0, "taxi", "", {"digest": "cd", "before": "ab"})
    >>> [(each.digest, each.since, each.until) for each in history([first, second])]
    [('ab', 10.0, 20.0), ('cd', 20.0, None)]
    """
    found: list[Validity] = []
    for event in events:
        before = event.details.get("before")
        if not found and before is not None:
            # logs of before the first reference was told of
            found.append(Validity(before, None))
        if found and found[-1].digest == event.details["digest"]:
            continue
        if found:
            found[-1] = replace(found[-1], until=event.at)
        found.append(_validity(event))
    return found


def _validity(event: Event) -> Validity:
    told, period = event.details, event.details.get("period")
    return Validity(
        digest=told["digest"],
        since=event.at,
        rows=told.get("rows"),
        period=None if period is None else (period[0], period[1]),
        file=told.get("file", ""),
        written=told.get("written"),
    )
