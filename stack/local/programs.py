"""Which program of this machine does what an image does, and why some cannot be had."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stack.local.compose import Service
    from stack.local.places import Places

ROOT = Path(__file__).parents[2]

_OWN = "modelvane/"
_SERVER = ROOT / "tests" / "stores" / "servers" / "mongo_java_server"
_JARS = ROOT / ".cache" / "mongo-java-server"
_JAVA_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


@dataclass(frozen=True)
class Program:
    """What is started for a service, and a word about where that differs from its image."""

    command: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class Missing:
    """Why a service is left out; where the stack is nothing without it, ``needed``."""

    why: str
    needed: bool = False


def program_of(service: Service, places: Places) -> Program | Missing:
    """Give the program that runs here for a service."""
    arguments = tuple(places.argument(argument, service) for argument in service.command)
    name = service.image.rpartition(":")[0]
    if name.startswith(_OWN):
        return Program(_of_the_venv(arguments))
    if name == "prom/prometheus":
        return _installed("prometheus", arguments, ("prometheus",))
    if name == "prom/alertmanager":
        return _installed("prometheus-alertmanager", arguments, ("prometheus-alertmanager", "alertmanager"))
    if name == "prom/node-exporter":
        return _installed(
            "prometheus-node-exporter",
            arguments,
            ("prometheus-node-exporter", "node_exporter"),
            needed=False,
        )
    if name == "mongo":
        return _mongodb(service, places)
    return Missing(f"{name} is only in its image; what it would be given is checked by the tests")


def _of_the_venv(arguments: tuple[str, ...]) -> tuple[str, ...]:
    program, *rest = arguments
    if program == "python":
        return (sys.executable, *rest)
    return (str(Path(sys.executable).with_name(program)), *rest)


def _installed(
    package: str, arguments: tuple[str, ...], names: tuple[str, ...], *, needed: bool = True
) -> Program | Missing:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        return Missing(f"{names[0]} is not installed: apt-get install {package}", needed=needed)
    return Program((found, *arguments))


def _mongodb(service: Service, places: Places) -> Program | Missing:
    jars = [_JARS / line.split()[1] for line in (_SERVER / "jars.sha256").read_text().splitlines()]
    java = shutil.which("java")
    if java is None or not all(jar.exists() for jar in jars):
        return Missing(
            "the server that stands for MongoDB is not there: apt-get install default-jdk-headless, "
            f"then {(_SERVER / 'fetch').relative_to(ROOT)}",
            needed=True,
        )
    data = places.volume(next(mount.volume for mount in service.mounts if mount.volume) or "") / "data"
    classes = os.pathsep.join(map(str, jars))
    command = (java, *_JAVA_OPTIONS, "-cp", classes, str(_SERVER / "Serve.java"), str(data))
    return Program(
        (*command, str(places.port(service.ports[0]))), note="mongo-java-server, without a password"
    )
