"""Child processes that end with their parent, however it is interrupted."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import requests

from modelvane.errors import ModelvaneError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from examples.taxi.interrupts import Interrupts

_GRACE = 10.0  # seconds between asking a child to end and making it
_TAIL = 15  # lines of a dead child's log that are worth reading


class ProcessError(ModelvaneError):
    """A child died, did not come up, or cannot have its port."""


@dataclass(frozen=True)
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Children:
    """Starts processes in sessions of their own, and ends them all when the block is left.

    A terminal sends Ctrl-C to every process of its foreground group. In a session of its own a child hears
    of it only from here, in order: the service first, which still flushes its log to the monitor.
    """

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._children: list[_Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._interrupts.shield():
            for child in reversed(self._children):
                _end(child.process)

    def start(
        self, name: str, command: Sequence[str], log: Path, *, ready: str, patience: float = 60.0
    ) -> None:
        """Start a child and wait until it answers.

        Parameters
        ----------
        name
            What messages call it.
        command
            Program and arguments.
        log
            File for all it prints.
        ready
            Address that answers 200 once it can work.
        patience
            Seconds to wait for that.

        Raises
        ------
        ProcessError
            It died, or did not answer in time; with the tail of its log.
        """
        with self._interrupts.shield(), log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._children.append(_Child(name, process, log))
        deadline = time.monotonic() + patience
        while not _answers(ready):
            self.check()
            if time.monotonic() > deadline:
                raise ProcessError(
                    f"The {name} does not answer at {ready} after {patience:g} seconds.\n{_tail(log)}\n",
                    remedy=f"Its whole log is {log}",
                )
            time.sleep(0.1)

    def check(self) -> None:
        """Raise if a child has died, or if an interrupt is waiting.

        Raises
        ------
        ProcessError
            With the tail of the child's log.
        """
        self._interrupts.check()
        for child in self._children:
            if (code := child.process.poll()) is not None:
                raise ProcessError(
                    f"The {child.name} ended with exit code {code}.\n{_tail(child.log)}\n",
                    remedy=f"Its whole log is {child.log}",
                )


def require_free_port(name: str, host: str, port: int, option: str) -> None:
    """Refuse a port that another process listens on.

    Raises
    ------
    ProcessError
        With the option that chooses another.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do, so that connections of an earlier run that still time out do not count as in use.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ProcessError(
                f"The {name} cannot have port {port} on {host}",
                received=error.strerror,
                remedy=f"Stop what uses the port (an earlier demo?), or choose another with {option}",
            ) from error


def _answers(address: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment cannot know this machine's own ports
        try:
            return session.get(address, timeout=2).status_code == 200
        except requests.RequestException:
            return False


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
    # The group may hold grandchildren that ignored, or never heard of, the request to end.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(lines[-_TAIL:]) or "(it printed nothing)"
