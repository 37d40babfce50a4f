"""What a retrain reports when it is done: JSON in a file, or as the last line of its standard output."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from modelvane.errors import DecodeError

_EXPECTED = (
    '{"promoted": true, "champion": 7.8, "challenger": 6.9, "measure": "mean_absolute_error", "version": "2022-03-01", '
    '"reference": "models/2022-03-01/reference.mv", "why": "..."}; without promotion, "promoted" and "why" are enough, '
    'and "not_yet": true beside them has it tried again soon'
)
_LARGEST = 2**20


class Outcome(msgspec.Struct, frozen=True):
    """Whether the challenger answers from now on.

    Parameters
    ----------
    promoted
        Whether it does.
    champion, challenger
        What both scored on the same held-out rows.
    measure
        What of, such as ``mean_absolute_error``.
    version
        Of the model that was promoted.
    reference
        File of the new reference, absolute or from the config's folder: saved, or data to build it from.
    why
        What decided, in a sentence.
    not_yet
        Whether nothing was promoted for want of rows to decide on: it is tried again before the cool-down is over.
    details
        Whatever else is worth keeping with the event.
    """

    promoted: bool
    champion: float | None = None
    challenger: float | None = None
    measure: str = ""
    version: str = ""
    reference: str | None = None
    why: str = ""
    not_yet: bool = False
    details: dict[str, Any] = {}

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return msgspec.structs.asdict(self)

    @property
    def scores(self) -> str:
        """How the sentence on it goes on: both scores and the reason, as far as they are known."""
        said = ""
        if self.champion is not None and self.challenger is not None:
            measure = f"{self.measure.replace('_', ' ')} " if self.measure else ""
            said = f": {measure}{self.challenger:.4g} of the challenger, {self.champion:.4g} of the champion"
        return f"{said}{'; ' if said else ': '}{self.why}" if self.why else said

    def save(self, file: Path) -> None:
        """Write it whole, for `read_outcome`."""
        part = file.with_name(f"{file.name}.part")
        part.write_bytes(msgspec.json.encode(self))
        part.replace(file)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Parameters
    ----------
    fault
        Why there is no outcome, or ``None``.
    said
        The end of what it said.
    answer
        What may be its outcome: the last line of its standard output.
    """

    fault: str | None
    said: str = ""
    answer: str = ""


def read_outcome(file: Path, answer: str) -> Outcome:
    """Read the outcome of a run from its file, or else from its last line.

    Raises
    ------
    DecodeError
        When there is none, or it is not what was asked for.
    """
    try:
        with file.open("rb") as stream:
            text = stream.read(_LARGEST)
        where = str(file)
    except FileNotFoundError:
        text, where = answer.encode("utf-8", "replace"), "the last line of its output"
    except OSError as error:
        raise DecodeError(f"The outcome cannot be read: {file}", received=str(error)) from error
    if not text.strip():
        raise DecodeError("The retrain reported no outcome", received="nothing", expected=_EXPECTED)
    try:
        return msgspec.json.decode(text, type=Outcome)
    except msgspec.DecodeError as error:
        raise DecodeError(
            f"The outcome in {where} cannot be read: {error}",
            received=text[:200].decode("utf-8", "replace"),
            expected=_EXPECTED,
        ) from None
