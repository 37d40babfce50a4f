"""The stack without containers: the services of compose.yaml as processes of this machine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from examples.shared.processes import Children

from stack import passwords
from stack.local.compose import load, services_of
from stack.local.places import Places, merged
from stack.local.programs import ROOT
from stack.local.raising import Stack

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from examples.shared.interrupts import Interrupts

COMPOSE = ROOT / "compose.yaml"


@contextmanager
def raised(
    folder: Path,
    interrupts: Interrupts,
    *,
    profiles: Collection[str] = (),
    ports: Mapping[int, int] | None = None,
    overlay: Mapping[str, Any] | None = None,
) -> Iterator[Stack]:
    """Give the stack, to be prepared and raised; at the end of the block all of it ends.

    Parameters
    ----------
    folder
        Of volumes, translated files and logs.
    interrupts
        See there.
    profiles
        Of compose.yaml.
    ports
        Ports of this machine by those of compose.yaml, where they differ.
    overlay
        By the name of a file, compose.yaml and those that it mounts: values that are merged into it.

    Raises
    ------
    ConfigError
        When compose.yaml cannot be followed.
    """
    overlay = overlay or {}
    passwords.write()
    folder = folder.resolve()
    content = merged(load(COMPOSE), overlay.get(COMPOSE.name, {}))
    services = services_of(content, ROOT, profiles)
    places = Places(services, folder, ports=ports or {}, overlay=overlay)
    with Children(interrupts) as children:
        yield Stack(services, places, children, folder)
