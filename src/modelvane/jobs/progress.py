"""How far a job is, for whoever wants to show it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told what a job does."""

    def begin(self, what: str, unit: str, total: int | None) -> None:
        """Begin something that takes a while; ``total`` is how many of the unit there are, where that is known."""

    def advance(self, done: int, share: float | None = None) -> None:
        """Count what was done; ``share`` (0 to 1) says how far that is, where there is no total."""


class Silent:
    """Says nothing."""

    def begin(self, what: str, unit: str, total: int | None) -> None:
        """Say nothing."""

    def advance(self, done: int, share: float | None = None) -> None:
        """Say nothing."""
