"""Where things of the containers are on this machine: host names, ports, volumes, mounted files."""

from __future__ import annotations

import re
import shutil
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from modelvane.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stack.local.compose import Mount, Service

HOST = "127.0.0.1"

_HERE = ("127.0.0.1", "0.0.0.0", "localhost")  # noqa: S104 - what the containers listen on
_CREDENTIALS = re.compile(r"mongodb://[^@/\s]+@")


class Places:
    """Translates what the files of the stack say for containers into what holds on this machine.

    Parameters
    ----------
    services
        All that are started, and those whose addresses are named.
    folder
        Where volumes and translated files are kept.
    ports
        Ports of this machine by those of the services, where they differ.
    overlay
        By the name of a file, mounted or generated: values that are merged into it.

    Raises
    ------
    UnknownNameError
        For a port that no service has.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        folder: Path,
        *,
        ports: Mapping[int, int],
        overlay: Mapping[str, Any],
    ) -> None:
        self._folder = folder
        self._ports = {port: ports.get(port, port) for one in services.values() for port in one.ports}
        for port in ports:
            if port not in self._ports:
                raise UnknownNameError.of("port", str(port), map(str, self._ports))
        names = "|".join(map(re.escape, sorted((*services, *_HERE), key=len, reverse=True)))
        numbers = "|".join(map(str, sorted(self._ports)))
        self._address = re.compile(rf"(?<![\w.-])(?:{names}):({numbers})(?!\d)")
        self._overlay = overlay

    def port(self, port: int) -> int:
        """Give the port of this machine."""
        return self._ports[port]

    def volume(self, name: str) -> Path:
        """Give the folder of a volume, which is made if it is not there."""
        path = self._folder / "volumes" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def text(self, text: str, service: Service) -> str:
        """Give a text (of a file, a variable or an argument) as it holds here for a service."""
        places = {mount.target: str(self._path(mount, service)) for mount in service.mounts}
        if places:
            targets = "|".join(map(re.escape, sorted(places, key=len, reverse=True)))
            text = re.sub(rf"(?<![\w./-])(?:{targets})(?![\w.-])", lambda found: places[found[0]], text)
        # the server that stands for MongoDB here knows no passwords
        text = _CREDENTIALS.sub("mongodb://", text)
        return self._address.sub(lambda found: f"{HOST}:{self.port(int(found[1]))}", text)

    def argument(self, text: str, service: Service) -> str:
        """Give an argument of a service's own command, in which its port may stand without a host."""
        text = self.text(text, service).replace("=0.0.0.0", f"={HOST}")
        own = "|".join(map(str, service.ports))
        return (
            re.sub(rf"(?<=port=)({own})$", lambda found: str(self.port(int(found[1]))), text) if own else text
        )

    def translate(self, service: Service) -> None:
        """Write the files that are mounted into a service as they hold here; lay the overlay over generated ones."""
        for mount in service.mounts:
            place = self._path(mount, service)
            if mount.path is None:
                self._lay_over(place)
                continue
            if place.is_dir():
                shutil.rmtree(place)
            is_file = mount.path.is_file()
            for source in [mount.path] if is_file else filter(Path.is_file, mount.path.rglob("*")):
                copy = place if is_file else place / source.relative_to(mount.path)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(self.text(self._overlaid(source), service), encoding="utf-8")

    def _lay_over(self, volume: Path) -> None:
        for name in self._overlay:
            if (generated := volume / name).is_file():
                generated.write_text(self._overlaid(generated), encoding="utf-8")

    def _path(self, mount: Mount, service: Service) -> Path:
        if mount.path is None:
            return self.volume(mount.volume or "")
        return self._folder / "files" / service.name / mount.path.name

    def _overlaid(self, source: Path) -> str:
        text = source.read_text(encoding="utf-8")
        if source.name not in self._overlay:
            return text
        # whoever generated the file knows it by its head, and writes it again when the stack is raised again
        head = "".join(takewhile(lambda line: line.startswith("#"), text.splitlines(keepends=True)))
        read = yaml.load(text, _Tagged)  # noqa: S506 - safe YAML, with tags kept
        return head + yaml.dump(merged(read, self._overlay[source.name]), Dumper=_TaggedDumper)


class _Tag(str):
    """A text with a tag of its own, such as ``!file``."""

    __slots__ = ("tag",)


class _Tagged(yaml.SafeLoader):
    """Keeps tags that it does not know."""


class _TaggedDumper(yaml.SafeDumper):
    """Writes them again."""


def _keep(_: yaml.SafeLoader, suffix: str, node: yaml.Node) -> _Tag:
    kept = _Tag(node.value)
    kept.tag = f"!{suffix}"
    return kept


_Tagged.add_multi_constructor("!", _keep)
_TaggedDumper.add_representer(_Tag, lambda dumper, kept: dumper.represent_scalar(kept.tag, str(kept)))


def merged(base: Any, over: Any) -> Any:
    """Give plain values with others laid over them: mappings are merged, everything else is replaced.

    >>> merged({"a": {"b": 1, "c": [2]}}, {"a": {"c": [3]}})
    {'a': {'b': 1, 'c': [3]}}
    """
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: merged(base.get(key), value) for key, value in over.items()}
    return over
