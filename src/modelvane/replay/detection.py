"""What faults made of a stream: the alarms that were not there without them."""

from __future__ import annotations

from dataclasses import dataclass

from modelvane.faults import InjectedFault
from modelvane.replay.episodes import Episode
from modelvane.replay.replay import Replayed


@dataclass(frozen=True, slots=True)
class Detection:
    """What a watch made of one fault.

    Parameters
    ----------
    fault
        What was injected.
    by
        The first alarm after its beginning that the same stream without faults did not have; ``None`` where there
        was none.
    on_column
        The first of them on the fault's own column.
    """

    fault: InjectedFault
    by: Episode | None
    on_column: Episode | None

    @property
    def delay(self) -> int | None:
        """Rows from the fault's beginning until the alarm."""
        return None if self.by is None else self.by.row - self.fault.start


def detections(faults: tuple[InjectedFault, ...], faulty: Replayed, clean: Replayed) -> tuple[Detection, ...]:
    """Say for each fault what found it; of faults that overlap each is found by the same alarm."""
    found = []
    for fault in faults:
        caused = [one for one in faulty.episodes if one.row > fault.start and not _was_there(one, clean)]
        own = [one for one in caused if one.column == fault.column]
        found.append(Detection(fault, next(iter(caused), None), next(iter(own), None)))
    return tuple(found)


def _was_there(episode: Episode, clean: Replayed) -> bool:
    return any(one.finding.key == episode.finding.key and one.covers(episode.row) for one in clean.episodes)
