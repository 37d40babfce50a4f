"""Raises the services in the order of their health, and keeps an eye on them."""

from __future__ import annotations

import os
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from examples.shared.processes import ProcessError, answers, require_free_port

from modelvane.errors import ModelvaneError
from stack.local.places import HOST
from stack.local.programs import ROOT, Program, program_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from examples.shared.processes import Children

    from stack.local.compose import Service
    from stack.local.places import Places

_PATIENCE = 300.0
_PAUSE = 0.1


class MissingError(ModelvaneError):
    """The stack lacks a program without which it is none."""


@dataclass(frozen=True)
class Raised:
    """What became of a service: its log, or why it was left out."""

    service: Service
    log: Path | None = None
    note: str = ""


class Stack:
    """The services of compose.yaml as processes.

    Parameters
    ----------
    services
        Those to raise, each after what it waits for.
    places
        Where they find each other.
    children
        Holds the processes, and ends them.
    folder
        Gets ``logs/``.
    """

    def __init__(
        self, services: Mapping[str, Service], places: Places, children: Children, folder: Path
    ) -> None:
        self._services = services
        self._places = places
        self._children = children
        self._logs = folder / "logs"
        self._programs: dict[str, Program] = {}
        self._left_out: dict[str, str] = {}
        self._healthy: set[str] = set()

    def prepare(self) -> None:
        """Find the programs, and see that the ports are free.

        Raises
        ------
        MissingError
            A program that cannot be done without is not there.
        ProcessError
            A port is taken.
        """
        for name, service in self._services.items():
            program = program_of(service, self._places)
            if isinstance(program, Program):
                self._programs[name] = program
                for port in service.ports:
                    require_free_port(name, HOST, self._places.port(port), f"--port {port}=OTHER")
            elif program.needed:
                raise MissingError(f"The stack cannot be raised without {name}", received=program.why)
            else:
                self._left_out[name] = program.why
        shutil.rmtree(self._logs, ignore_errors=True)
        self._logs.mkdir(parents=True)

    def up(self, tell: Callable[[str], None] = lambda _: None) -> None:
        """Start each service when those that it waits for are healthy, or done; return when all are.

        Parameters
        ----------
        tell
            Is told the name of each that is.

        Raises
        ------
        ProcessError
            One ended, or was not healthy in time; with the tail of its log.
        """
        waiting = [name for name in self._services if name in self._programs]
        deadlines: dict[str, float] = {}
        while waiting or deadlines:
            for name in [name for name in waiting if self._may_start(self._services[name])]:
                waiting.remove(name)
                self.start(name)
                deadlines[name] = time.monotonic() + _PATIENCE
            self._children.check()
            for name in list(deadlines):
                if self.is_healthy(name):
                    self._healthy.add(name)
                    tell(name)
                    del deadlines[name]
                elif time.monotonic() > deadlines[name]:
                    raise ProcessError(
                        f"{name} is not healthy after {_PATIENCE:g} seconds", remedy=str(self.log(name))
                    )
            time.sleep(_PAUSE)

    def start(self, name: str) -> None:
        """Start one service, and wait for nothing."""
        service = self._services[name]
        self._places.translate(service)
        said = {key: self._places.text(value, service) for key, value in service.environment.items()}
        path = os.pathsep.join([str(ROOT), str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
        self._children.spawn(
            name,
            (*_ends_with_us(), *self._programs[name].command),
            self.log(name),
            environment={**os.environ, "PYTHONPATH": path, **said},
            ends=service.one_shot,
        )

    def stop(self, name: str) -> None:
        """End one service."""
        self._healthy.discard(name)
        self._children.end(name)

    def is_healthy(self, name: str) -> bool:
        """Tell whether a service answers; a one-shot service whether it is done."""
        service = self._services[name]
        if service.one_shot:
            return self._children.has_ended(name)
        if service.health is not None:
            return answers(self._places.text(service.health, service))
        return not service.ports or _takes_connections(self._places.port(service.ports[0]))

    def check(self) -> None:
        """Raise if a service has died."""
        self._children.check()

    def address(self, name: str) -> str:
        """Give the base address of a service."""
        return f"http://{HOST}:{self._places.port(self._services[name].ports[0])}"

    def path(self, name: str, inside: str) -> Path:
        """Give where a path inside a service's container is on this machine."""
        return Path(self._places.text(inside, self._services[name]))

    def log(self, name: str) -> Path:
        """Give the file with all that a service has printed."""
        return self._logs / f"{name}.log"

    def overview(self) -> list[tuple[str, str, str]]:
        """Give name, address and a note of every service; one that is left out has no address, but a reason."""
        return [
            (name, "left out", self._left_out[name])
            if name in self._left_out
            else (name, self._shown(name), self._programs[name].note)
            for name in self._services
        ]

    def _shown(self, name: str) -> str:
        service = self._services[name]
        if service.one_shot:
            return "done"
        if service.published:
            return self.address(name)
        return f"{HOST}:{self._places.port(service.ports[0])}" if service.ports else "runs"

    def _may_start(self, service: Service) -> bool:
        return all(other in self._healthy or other in self._left_out for other in service.after)


def _ends_with_us() -> tuple[str, ...]:
    # what nobody ends, after `kill -9` of this process, would keep its port; where util-linux is not, it does
    setpriv = shutil.which("setpriv")
    return () if setpriv is None else (setpriv, "--pdeathsig", "TERM")


def _takes_connections(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
