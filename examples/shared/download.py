"""Fetches a published file: with progress, checked before it gets its name, never left in part."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import requests
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from modelvane.errors import ModelvaneError

if TYPE_CHECKING:
    from rich.console import Console

_TIMEOUT = (5.0, 30.0)  # to connect, between two chunks


class DownloadError(ModelvaneError):
    """The publisher answered, but not with what was asked for."""


class UnreachableError(DownloadError):
    """The publisher cannot be reached from here, or broke off."""


class Publication(NamedTuple):
    """A file that somebody publishes.

    Parameters
    ----------
    address
        Where it is.
    what
        It in a few words, as in *The trips of 2021-01*.
    instead
        What to do without the publisher.
    unpublished
        What to do when the publisher has no such file.
    """

    address: str
    what: str
    instead: str
    unpublished: str = ""


def fetch(
    publication: Publication, target: Path, console: Console, check: Callable[[Path, str], None]
) -> Path:
    """Download a file and check it before it gets its name.

    A file that is there under its final name is therefore always whole, and has passed the check.

    Parameters
    ----------
    publication
        What is fetched.
    target
        The file's name here; its folder is created if need be.
    console
        Gets the progress bar (on a terminal only).
    check
        Is given the file and its SHA-256 in hexadecimal, and raises when it does not do.

    Raises
    ------
    UnreachableError
        No connection, a time-out, a connection that broke off, or a server that is out of order.
    DownloadError
        The file is not published.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            digest = _receive(publication, file.fileno(), console)
        check(part, digest)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _receive(publication: Publication, descriptor: int, console: Console) -> str:
    digest = hashlib.sha256()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    try:
        with requests.get(publication.address, stream=True, timeout=_TIMEOUT) as answer:
            _require_success(answer, publication)
            size = int(answer.headers.get("content-length", 0)) or None
            with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
                task = progress.add_task(publication.what, total=size)
                for chunk in answer.iter_content(1 << 16):
                    os.write(descriptor, chunk)
                    digest.update(chunk)
                    progress.advance(task, len(chunk))
    except requests.RequestException as error:
        raise UnreachableError(
            f"{publication.what} cannot be downloaded from {publication.address}",
            received=f"{type(error).__name__}: {error}",
            remedy=publication.instead,
        ) from error
    return digest.hexdigest()


def _require_success(answer: requests.Response, publication: Publication) -> None:
    if answer.status_code >= 500:
        raise UnreachableError(f"The server of {answer.url} is out of order", received=answer.status_code)
    if answer.status_code != 200:
        raise DownloadError(
            f"{publication.what}: not published at {answer.url}",
            received=answer.status_code,
            expected="200",
            remedy=publication.unpublished,
        )
