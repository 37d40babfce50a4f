"""What came in to a watch, counted."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Traffic:
    """What came in, since the service started."""

    rows: int = 0
    duplicates: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)

    def reject(self, reason: str, rows: int = 1) -> None:
        """Count what was refused."""
        self.rejected[reason] = self.rejected.get(reason, 0) + rows
