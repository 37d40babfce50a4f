"""Several worker processes that count as one service: where they meet, and which of them live.

Each worker holds a lock on a file of its own for as long as it lives, whichever way it ends: so nobody has to be told
that it died, and a process that later gets its number is not taken for it.
"""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from shutil import rmtree
from threading import Lock
from typing import TYPE_CHECKING

from prometheus_client import multiprocess, values
from prometheus_client.mmap_dict import MmapedDict

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_ACCUMULATED = ("counter", "histogram", "summary")


class Workers:
    """The processes that share a folder of counts.

    Parameters
    ----------
    folder : Path
        Where they meet; made if it is not there.
    fresh : bool
        Whether this process has counted nothing in it yet.
    """

    def __init__(self, folder: Path, *, fresh: bool) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._join(fresh=fresh)
        os.register_at_fork(after_in_child=lambda: self._join(fresh=True))

    @contextmanager
    def census(self) -> Iterator[list[int]]:
        """Give the process ids of the living; while it lasts, no worker comes, and nobody else counts them."""
        with self._alone():
            living = []
            for presence in self.folder.glob("worker_*"):
                pid = int(presence.name.removeprefix("worker_"))
                # asking for one's own lock would give it up
                if pid == os.getpid() or _is_held(presence):
                    living.append(pid)
                else:
                    self._bury(pid)
            yield sorted(living)

    def counts(self) -> list[str]:
        """Give the files of counts; those that a starting worker has just opened are empty, and cannot be read."""
        return [str(file) for file in self.folder.glob("*.db") if file.stat().st_size > 0]

    def _join(self, *, fresh: bool) -> None:
        self._threads = Lock()  # a new one: at a fork, another thread may have held the parent's
        pid = os.getpid()
        with self._alone():
            if fresh:
                self._bury(pid)  # somebody who had this number before
            self._presence = (self.folder / f"worker_{pid}").open("a")
            fcntl.lockf(self._presence, fcntl.LOCK_EX)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # lockf keeps processes apart, and unlike flock does not outlive its owner in a forked child; but it
        # does not keep apart the threads of one process
        with self._threads, (self.folder / "lock").open("a") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            yield

    def _bury(self, pid: int) -> None:
        """Drop what a dead worker was doing, and keep what it had counted in one file for all of the dead."""
        multiprocess.mark_process_dead(pid, str(self.folder))  # type: ignore[no-untyped-call] # not typed there
        for kind in _ACCUMULATED:
            own = self.folder / f"{kind}_{pid}.db"
            if str(own) in self.counts():
                _add(own, self.folder / f"{kind}_buried.db")
            own.unlink(missing_ok=True)
        (self.folder / f"worker_{pid}").unlink(missing_ok=True)


@cache
def meet() -> Workers | None:
    """Join the workers of this process's service, if it is one of several.

    Where ``PROMETHEUS_MULTIPROC_DIR`` is set they meet there. Otherwise those of gunicorn and of ``uvicorn
    --workers`` meet in a folder of their parent process.
    """
    given = os.environ.get(VARIABLE)
    folder = Path(given) if given else _place()
    if folder is None:
        return None
    if not given:
        os.environ[VARIABLE] = str(folder)
    counts_in_files = values.ValueClass._multiprocess  # noqa: SLF001 - nowhere else is told what was chosen
    if not counts_in_files:
        # prometheus_client chose when it was imported, which was before the variable was set
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call] # not typed there
    return Workers(folder, fresh=not counts_in_files)


def _place() -> Path | None:
    parent = _parent()
    if parent is None:
        return None
    ours = Path(tempfile.gettempdir()) / f"modelvane-{os.getuid()}"
    ours.mkdir(mode=0o700, exist_ok=True)
    if ours.is_symlink() or ours.stat().st_uid != os.getuid():
        raise PermissionError(f"{ours} is not this user's own folder. Set {VARIABLE} to one that is.")
    for left in ours.iterdir():
        pid, _, born = left.name.partition("-")
        if _born(int(pid)) != born and not any(map(_is_held, left.glob("worker_*"))):
            rmtree(left, ignore_errors=True)  # two services that start at once may both be at it
    return ours / f"{parent}-{_born(parent)}"


def _parent() -> int | None:
    # Workers load the application under these modules; with gunicorn --preload, the parent itself loads it.
    if _is_called_from("gunicorn.workers.base", "uvicorn._subprocess"):
        return os.getppid()
    return os.getpid() if _is_called_from("gunicorn.arbiter") else None


def _is_called_from(*modules: str) -> bool:
    frame = sys._getframe()  # noqa: SLF001 - documented, and the only way to look up
    while frame is not None and frame.f_globals.get("__name__") not in modules:
        frame = frame.f_back  # type: ignore[assignment] # None ends the loop
    return frame is not None


def _born(pid: int) -> str:
    """Give when a process started, in ticks of the kernel; processes that get the same number differ in it."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    with suppress(OSError):  # no /proc here, or no such process
        os.kill(pid, 0)
        return "unknown"
    return "never"


def _is_held(presence: Path) -> bool:
    try:
        with presence.open("a") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _add(counts: Path, total: Path) -> None:
    sums = MmapedDict(str(total))  # type: ignore[no-untyped-call] # prometheus_client has no types there
    for key, value, timestamp, _ in MmapedDict.read_all_values_from_file(str(counts)):  # type: ignore[no-untyped-call] # as above
        sums.write_value(key, sums.read_value(key)[0] + value, timestamp)  # type: ignore[no-untyped-call] # as above
    sums.close()  # type: ignore[no-untyped-call] # as above
