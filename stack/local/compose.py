"""What compose.yaml says of each service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from modelvane.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FINISHED = "service_completed_successfully"
"""The condition of those that wait for the end of a one-shot service."""

_SECRETS = "/run/secrets"
_URL = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class Mount:
    """A folder or file of the host, or a volume, at a place in the container."""

    target: str
    path: Path | None = None
    volume: str | None = None


@dataclass(frozen=True)
class Service:
    """One service.

    Parameters
    ----------
    name
        Its name, which is its host name too.
    image
        The image's name and tag.
    command
        Program and arguments, or only these where the image has the program.
    environment
        Variables.
    mounts
        Volumes, files, and secrets.
    ports
        On which it listens.
    published
        Those of its ports that can be reached from the host.
    health
        The address that answers 200 once it is healthy; without one a connection to its first port will do.
    after
        Conditions by the name of another service.
    one_shot
        Whether it is done when it ends.
    profiles
        It is started only with one of these, where there are some.
    """

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    mounts: tuple[Mount, ...]
    ports: tuple[int, ...]
    published: tuple[int, ...]
    health: str | None
    after: Mapping[str, str]
    one_shot: bool
    profiles: tuple[str, ...]


def load(path: Path) -> dict[str, Any]:
    """Read a compose file as plain values."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def services_of(
    content: Mapping[str, Any], folder: Path, profiles: Collection[str] = ()
) -> dict[str, Service]:
    """Give the services that are started with some profiles, each after those that it waits for.

    Parameters
    ----------
    content
        Of the compose file.
    folder
        Where it is.
    profiles
        Those that are asked for.

    Raises
    ------
    UnknownNameError
        For a profile that no service has, or a service that waits for one that is not there.
    ConfigError
        When services wait for each other.
    """
    known = {profile for one in content["services"].values() for profile in one.get("profiles", ())}
    for profile in profiles:
        if profile not in known:
            raise UnknownNameError.of("profile", profile, known)
    awaited = {
        other: condition["condition"]
        for one in content["services"].values()
        for other, condition in one.get("depends_on", {}).items()
    }
    services = {
        name: _service(
            name, one, content, folder, one_shot=awaited.get(name) == FINISHED or one.get("restart") == "no"
        )
        for name, one in content["services"].items()
    }
    started = {
        name: service
        for name, service in services.items()
        if not service.profiles or set(service.profiles) & set(profiles)
    }
    return _in_order(started)


def _service(
    name: str, said: Mapping[str, Any], content: Mapping[str, Any], folder: Path, *, one_shot: bool
) -> Service:
    test = said.get("healthcheck", {}).get("test", ())
    url = _URL.search(" ".join(test))
    published = tuple(int(str(port).rpartition(":")[2]) for port in said.get("ports", ()))
    return Service(
        name=name,
        image=said["image"],
        command=tuple(map(str, said.get("command", ()))),
        environment={key: str(value) for key, value in said.get("environment", {}).items()},
        mounts=(
            *(_mount(text, folder) for text in said.get("volumes", ())),
            *(
                Mount(f"{_SECRETS}/{each}", folder / content["secrets"][each]["file"])
                for each in said.get("secrets", ())
            ),
        ),
        ports=(*published, *(int(port) for port in said.get("expose", ()))),
        published=published,
        health=url.group() if url else None,
        after={other: condition["condition"] for other, condition in said.get("depends_on", {}).items()},
        one_shot=one_shot,
        profiles=tuple(said.get("profiles", ())),
    )


def _mount(text: str, folder: Path) -> Mount:
    source, target, *_ = text.split(":")
    if source.startswith((".", "/")):
        return Mount(target, path=(folder / source).resolve())
    return Mount(target, volume=source)


def _in_order(services: Mapping[str, Service]) -> dict[str, Service]:
    ordered: dict[str, Service] = {}
    while len(ordered) < len(services):
        free = [
            service
            for name, service in services.items()
            if name not in ordered and service.after.keys() <= ordered.keys()
        ]
        if not free:
            _complain(services, ordered)
        ordered |= {service.name: service for service in free}
    return ordered


def _complain(services: Mapping[str, Service], ordered: Collection[str]) -> None:
    waiting = {name: sorted(one.after) for name, one in services.items() if name not in ordered}
    for others in waiting.values():
        for other in others:
            if other not in services:
                raise UnknownNameError.of("service in depends_on", other, services)
    raise ConfigError("Services of compose.yaml wait for each other", received=waiting)
