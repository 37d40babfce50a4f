"""A progress bar on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from modelvane.jobs import Progress


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show how far a job is: rows or columns, and the time left; nothing where standard error is no terminal."""
    if not sys.stderr.isatty():
        from modelvane.jobs import Silent  # noqa: PLC0415 - heavy, and not for --help

        yield Silent()
        return
    from rich.console import Console  # noqa: PLC0415 - for terminals only
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - as above

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        yield _Bar(bar)


class _Bar:
    """A bar for each thing that takes a while, one below the other."""

    def __init__(self, bar: RichProgress) -> None:
        self._bar = bar
        self._unit = ""
        self._total: int | None = None
        self._done = 0

    def begin(self, what: str, unit: str, total: int | None) -> None:
        for earlier in self._bar.task_ids:
            self._bar.update(earlier, total=1, completed=1)
        self._unit, self._total, self._done = unit, total, 0
        self._task = self._bar.add_task(what, total=total, said=self._said())

    def advance(self, done: int, share: float | None = None) -> None:
        self._done += done
        if self._total is None and share is not None:
            self._bar.update(self._task, total=1.0, completed=share, said=self._said())
        else:
            self._bar.update(self._task, completed=self._done, said=self._said())

    def _said(self) -> str:
        of = "" if self._total is None else f" of {self._total:,}"
        return f"{self._done:,}{of} {self._unit}"
