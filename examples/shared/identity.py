"""Which model a service answers with, told by its file."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from modelvane.client.health import Model

if TYPE_CHECKING:
    from pathlib import Path

_DIGITS = 12


def identity_of(
    name: str,
    file: Path,
    *,
    version: str | None = None,
    trained: dt.datetime | None = None,
    reference: Path | None = None,
) -> Model:
    """Give the identity of the model in a file, as ``model_info`` shows it.

    Parameters
    ----------
    name
        What the model is called.
    file
        Its file.
    version
        What its version is called; the hash of the file by default.
    trained
        When it was trained; by default when the file was written.
    reference
        File of the reference that the monitor compares its predictions with; shown as its hash.

    Raises
    ------
    OSError
        If one of the files cannot be read.
    """
    if trained is None:
        trained = dt.datetime.fromtimestamp(int(file.stat().st_mtime), dt.UTC)
    return Model(name, version or _hash(file), trained, None if reference is None else _hash(reference))


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:_DIGITS]
