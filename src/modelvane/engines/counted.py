"""What was counted of a batch, and where it came from."""

from __future__ import annotations

from hashlib import blake2b

from msgspec import Struct

from modelvane.errors import DecodeError
from modelvane.reference import Reference
from modelvane.stream import Stream
from modelvane.tallies import codec
from modelvane.tallies.dataset import DatasetTally, WindowTally
from modelvane.tallies.joint import JointTally


class Slice(Struct, frozen=True):
    """The rows of one part of the period, which is half open; times in seconds since 1970."""

    since: float
    until: float
    rows: DatasetTally
    labelled: DatasetTally


class Unread(Struct, frozen=True):
    """What could not be counted, and why: the run went on without it.

    Parameters
    ----------
    where
        A file, a column of a file, a batch.
    why
        The error's whole sentence.
    """

    where: str
    why: str

    def error(self) -> DecodeError:
        """Give what ends a run that is strict about it."""
        return DecodeError(
            f"{self.where} cannot be counted: {self.why}",
            remedy="Repair it, or run without strict: what is found then says what it lacks",
        )


class Provenance(Struct, frozen=True):
    """From which rows it was counted.

    Parameters
    ----------
    source
        Its name.
    rows
        How many rows were counted.
    first, last
        Their first and last event times, seconds since 1970; ``None`` without times.
    digest
        Hash of what was counted, in hexadecimal: equal rows, in whatever order and batches, give equal ones.
    """

    source: str
    rows: int
    first: float | None
    last: float | None
    digest: str


class Counted(Struct, frozen=True):
    """Everything that findings and reports of a batch are made from: its size follows from columns, never from rows.

    Parameters
    ----------
    window
        All rows, and the labelled ones.
    slices
        The same rows by time, without segments, in order; none without times.
    joint
        Predictions (down) against targets (across) of a regression; ``None`` for anything else.
    stream
        What is known of the rows' arrival.
    provenance
        Which rows they were.
    unread
        What could not be counted.
    """

    window: WindowTally
    slices: tuple[Slice, ...]
    joint: JointTally | None
    stream: Stream
    provenance: Provenance
    unread: tuple[Unread, ...] = ()


def digest_of(reference: Reference, window: WindowTally) -> str:
    """Give the hash of what was counted, in hexadecimal."""
    text = blake2b(reference.digest.encode(), digest_size=16)
    for part in (window.rows, window.labelled):
        for name, tally in sorted(part.columns.items()):
            text.update(name.encode() + codec.content("column", tally.facts(), tally.arrays()))
    return text.hexdigest()
