"""Versions of a model in a folder, and a pointer file that says which one answers.

::

    models/
      20220301T040000Z/     model.skops, reference.parquet, ...: written whole, never changed
      current               the name of the version that answers, below it those before; replaced in one step
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from modelvane.errors import ModelvaneError

POINTER = "current"


class VersionError(ModelvaneError):
    """A version is not there, or there is none to go back to."""


class Versions:
    """The versions of one model.

    Parameters
    ----------
    folder
        Where they are; made when the first is added.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def pointer(self) -> Path:
        """The file whose first line names the current version."""
        return self.folder / POINTER

    def names(self) -> list[str]:
        """Give every version, the oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(
            found.name for found in self.folder.iterdir() if found.is_dir() and not found.name.startswith(".")
        )

    def current(self) -> str | None:
        """Give the version that answers; ``None`` before there is one."""
        return next(iter(self._answered()), None)

    def before(self) -> str | None:
        """Give the version that answered before the current one, if it is still there."""
        there = self.names()
        return next((name for name in self._answered()[1:] if name in there), None)

    def _answered(self) -> list[str]:
        """Give the versions that answered, the current one first; what was rolled back is not among them."""
        try:
            return self.pointer.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []

    def path(self, name: str) -> Path:
        """Give the folder of a version.

        Raises
        ------
        VersionError
            When it is not there.
        """
        names = self.names()
        if name not in names:
            raise VersionError(f"There is no such version in {self.folder}", received=name, available=names)
        return self.folder / name

    def add(
        self, write: Callable[[Path], None], *, name: str | None = None, now: datetime | None = None
    ) -> str:
        """Write a new version, whole or not at all, and give its name; it does not answer yet.

        Parameters
        ----------
        write
            Is given an empty folder to fill.
        name
            What it is to be called; the moment by default. Versions are as old as the order of their names says.
        """
        wanted = name or (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        taken = self.names()
        name = next(n for n in (wanted, *(f"{wanted}-{i}" for i in range(1, 1000))) if n not in taken)
        part = self.folder / f".{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            write(part)
            part.rename(self.folder / name)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return name

    def promote(self, name: str) -> None:
        """Let a version answer from now on: whoever reads the pointer reads the old name or the new one."""
        self.path(name)
        self._point([name, *(other for other in self._answered() if other != name)])

    def _point(self, names: list[str]) -> None:
        part = self.folder / f".{POINTER}.part"
        with part.open("w", encoding="utf-8") as stream:
            stream.writelines(f"{name}\n" for name in names)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(self.pointer)

    def roll_back(self) -> str:
        """Let the version that answered before the current one answer again, and give its name.

        Raises
        ------
        VersionError
            When there is none before it.
        """
        there = self.names()
        before = [name for name in self._answered()[1:] if name in there]
        if not before:
            raise VersionError(
                f"There is no version before the current one in {self.folder}",
                received=self.current() or "no current version",
                available=there,
            )
        self._point(before)
        return before[0]

    def prune(self, keep: int) -> list[str]:
        """Remove all but the last `keep` versions, never the current one, and give the names of what is gone."""
        names = self.names()
        gone = [name for name in names[: max(0, len(names) - keep)] if name != self.current()]
        for name in gone:
            shutil.rmtree(self.folder / name)
        return gone
