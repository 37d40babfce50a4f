"""Every error that modelvane raises on purpose.

::

    ModelvaneError
    ├── ConfigError         a setting is missing, unknown or out of range
    ├── SchemaError         columns do not fit the schema
    │   └── DecodeError     a body or a file cannot be read as rows
    ├── ReferenceFileError  a reference file is not one, is damaged or is too new
    ├── TallyMismatchError  two tallies were counted on different rulers
    ├── UnknownNameError    a dataset, column, measure or method that is not there
    └── StoreError          the log cannot keep or return rows
        └── OverloadedError the queue is full; retry later
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ModelvaneError(Exception):
    """An error with a remedy.

    Parameters
    ----------
    what
        What went wrong, and where, in one sentence.
    received, expected, available, remedy
        The rest of a useful message; each is left out of the text when it is empty.
    """

    def __init__(
        self,
        what: str,
        *,
        received: object = None,
        expected: str = "",
        available: Iterable[str] = (),
        remedy: str = "",
    ) -> None:
        self.what = what
        self.received = None if received is None else _short(received)
        self.expected = expected
        self.available = tuple(available)
        self.remedy = remedy
        super().__init__(self._text())

    def _text(self) -> str:
        parts = [self.what.rstrip(".") + "."]
        if self.received is not None:
            parts.append(f"Received: {self.received}.")
        if self.expected:
            parts.append(f"Expected: {self.expected}.")
        if self.available:
            parts.append(f"Available: {', '.join(self.available)}.")
        if self.remedy:
            parts.append(self.remedy if self.remedy[-1] in ".?!" else self.remedy + ".")
        return " ".join(parts)


class ConfigError(ModelvaneError):
    """A setting is missing, unknown or out of range."""


class SchemaError(ModelvaneError):
    """Columns do not fit the schema."""


class DecodeError(SchemaError):
    """A body or a file cannot be read as rows."""


class ReferenceFileError(ModelvaneError):
    """A reference file is not one, is damaged, or was written by a newer version."""


class TallyMismatchError(ModelvaneError):
    """Two tallies were counted on different rulers and so cannot be added or compared."""


class UnknownNameError(ModelvaneError):
    """A dataset, column, measure or method that is not there."""

    @classmethod
    def of(cls, kind: str, name: str, available: Iterable[str]) -> UnknownNameError:
        """Build the error, with the nearest known name as the remedy.

        >>> str(UnknownNameError.of("dataset", "taxy", ["taxi", "reco"]))
        "Unknown dataset. Received: 'taxy'. Available: reco, taxi. Did you mean 'taxi'?"
        """
        known = sorted(available)
        near = difflib.get_close_matches(name, known, n=1)
        return cls(
            f"Unknown {kind}",
            received=name,
            available=known,
            remedy=f"Did you mean {near[0]!r}?" if near else "",
        )


class StoreError(ModelvaneError):
    """The log cannot keep or return rows."""


class OverloadedError(StoreError):
    """The queue is full; the caller should retry later."""


def _short(value: object, limit: int = 200) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
