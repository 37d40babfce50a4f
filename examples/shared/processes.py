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
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from examples.shared.interrupts import Interrupts

PATIENCE = 300.0  # seconds: a reference is built before the monitor answers, which a busy machine does slowly
_GRACE = 10.0  # seconds between asking a child to end and making it
_TAIL = 15  # lines of a dead child's log that are worth reading


class ProcessError(ModelvaneError):
    """A child died, did not come up, or cannot have its port."""


@dataclass(frozen=True)
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path
    ends: bool


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
        self, name: str, command: Sequence[str], log: Path, *, ready: str, patience: float = PATIENCE
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
            Seconds to wait for that; a child that died is not waited for.

        Raises
        ------
        ProcessError
            It died, or did not answer in time; with the tail of its log.
        """
        self.spawn(name, command, log)
        deadline = time.monotonic() + patience
        while not answers(ready):
            self.check()
            if time.monotonic() > deadline:
                raise ProcessError(
                    f"{_last_words(name, log)}The {name} does not answer at {ready} after {patience:g} seconds",
                    remedy=f"Its whole log is {log}",
                )
            time.sleep(0.1)

    def spawn(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        ends: bool = False,
    ) -> None:
        """Start a child, and wait for nothing.

        Parameters
        ----------
        name, command, log
            As for `start`.
        environment
            Its variables; those of this process by default.
        ends
            Whether it is meant to end by itself, with 0.
        """
        with self._interrupts.shield(), log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
            )
            self._children.append(_Child(name, process, log, ends))

    def has_ended(self, name: str) -> bool:
        """Tell whether a child that is meant to end has."""
        return all(child.process.poll() is not None for child in self._children if child.name == name)

    def end(self, name: str) -> None:
        """End a child, which is missed by nobody."""
        with self._interrupts.shield():
            for child in [child for child in self._children if child.name == name]:
                self._children.remove(child)
                _end(child.process)

    def check(self) -> None:
        """Raise if a child has died, or if an interrupt is waiting.

        Raises
        ------
        ProcessError
            With the tail of the child's log.
        """
        self._interrupts.check()
        for child in self._children:
            code = child.process.poll()
            if code is not None and not (child.ends and code == 0):
                raise ProcessError(
                    f"{_last_words(child.name, child.log)}The {child.name} ended with exit code {code}",
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


def answers(address: str) -> bool:
    """Tell whether an address answers 200."""
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


def _last_words(name: str, log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join([f"The last lines of the {name}:", *(lines[-_TAIL:] or ["(it printed nothing)"]), "\n"])
