"""Labels from a file into a log, in bulk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from modelvane.schema import Schema
from modelvane.store.protocol import Log
from modelvane.transfer.label_files import LabelFile
from modelvane.transfer.label_values import Faults, LabelFault, Labelling, LabelReader


@dataclass(slots=True)
class Imported:
    """What became of the rows of a file.

    Parameters
    ----------
    matched
        First targets of logged rows.
    waiting
        Labels of ids that no row has (yet): unknown, or early.
    repeated
        Labels that said the same again.
    changed
        Labels that replaced another target.
    faults
        Rows that are no labels.
    """

    matched: int = 0
    waiting: int = 0
    repeated: int = 0
    changed: int = 0
    faults: Faults = field(default_factory=Faults)

    @property
    def left_out(self) -> int:
        """Rows of which no label was taken."""
        counts = self.faults.counts
        return sum(counts.values()) - counts.get(LabelFault.UNREADABLE_TIME, 0)

    def to_dict(self) -> dict[str, int]:
        """Give plain JSON values."""
        return {
            "matched": self.matched,
            "waiting": self.waiting,
            "repeated": self.repeated,
            "changed": self.changed,
            "left_out": self.left_out,
        }


class LabelSink(Protocol):
    """Where labels go: a log, or a service that has one."""

    def send(self, labels: Labelling) -> dict[str, int]:
        """Keep labels; give how many were matched, waiting, repeated and changed."""


@dataclass(frozen=True, slots=True)
class LogSink:
    """Keeps labels in a log.

    Parameters
    ----------
    received
        When they arrive, seconds since 1970.
    """

    log: Log
    dataset: str
    received: float

    def send(self, labels: Labelling) -> dict[str, int]:
        """Keep labels in one transaction."""
        result = self.log.label(self.dataset, labels.ids, labels.targets, labels.times, self.received)
        return {
            "matched": result.matched,
            "waiting": result.waiting,
            "repeated": result.repeated,
            "changed": result.changed,
        }


def import_labels(
    file: LabelFile,
    schema: Schema,
    sink: LabelSink,
    *,
    advance: Callable[[int], None] = lambda _rows: None,
) -> Imported:
    """Send the labels of a file, a batch at a time; the same file again changes nothing.

    Parameters
    ----------
    schema
        Of the dataset: what its targets are.
    advance
        Called with the rows of each batch once their labels are kept.

    Raises
    ------
    DecodeError
        When the file lacks a column, or is damaged; the labels before are kept.
    StoreError
        When the labels cannot be kept.
    """
    imported = Imported()
    reader = LabelReader(schema.target)
    imported.faults = reader.faults
    for batch in file.batches():
        labels = reader.read(batch)
        if labels.ids:
            for outcome, count in sink.send(labels).items():
                setattr(imported, outcome, getattr(imported, outcome) + count)
        advance(len(batch.ids))
    reader.faults.add(LabelFault.TORN, file.torn)
    return imported
