"""Alarms as people meet them: each from when it comes until it has gone."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from modelvane.findings import Finding

Key = tuple[str, str | None, str | None, str | None]


class Episode(Struct, frozen=True):
    """One alarm.

    Parameters
    ----------
    finding
        As it was when the alarm came.
    row, time
        Rows of the stream so far when it came, and the time, seconds since 1970.
    until_row, until
        The same when it had gone; ``None`` when it was still there at the end.
    """

    finding: Finding
    row: int
    time: float
    until_row: int | None = None
    until: float | None = None

    @property
    def measure(self) -> str:
        """What was measured."""
        return self.finding.measure

    @property
    def column(self) -> str | None:
        """Of which column."""
        return self.finding.column

    def covers(self, row: int) -> bool:
        """Say whether the alarm was there when so many rows had gone by."""
        return self.row <= row and (self.until_row is None or row < self.until_row)


class Episodes:
    """Follows alarms from round to round."""

    def __init__(self) -> None:
        self._open: dict[Key, Episode] = {}
        self._over: list[Episode] = []

    def see(self, alarms: Iterable[Finding], row: int, time: float) -> None:
        """Take the alarms of one round."""
        now = {finding.key: finding for finding in alarms}
        for key in [key for key in self._open if key not in now]:
            self._over.append(replace(self._open.pop(key), until_row=row, until=time))
        for key, finding in now.items():
            self._open.setdefault(key, Episode(finding, row, time))

    def told(self) -> tuple[Episode, ...]:
        """Give all so far, in order of their beginning."""
        return tuple(
            sorted([*self._over, *self._open.values()], key=lambda one: (one.row, str(one.finding.key)))
        )


def union(episodes: Iterable[Episode]) -> list[tuple[int, int | None]]:
    """Give the stretches of rows in which there was any alarm.

    Examples
    --------
    >>> from modelvane.findings import Family
    >>> finding = Finding(family=Family.DRIFT, measure="psi")
    >>> union([Episode(finding, 10, 0.0, 30, 0.0), Episode(finding, 20, 0.0, 40, 0.0), Episode(finding, 50, 0.0)])
    [(10, 40), (50, None)]
    """
    stretches: list[tuple[int, int | None]] = []
    for each in sorted(episodes, key=lambda one: one.row):
        last = stretches[-1] if stretches else None
        if last is None or (last[1] is not None and each.row > last[1]):
            stretches.append((each.row, each.until_row))
        elif last[1] is not None:
            until = None if each.until_row is None else max(last[1], each.until_row)
            stretches[-1] = last[0], until
    return stretches
