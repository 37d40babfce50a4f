"""The file of a reference: bytes on a disk."""

from __future__ import annotations

from pathlib import Path

from modelvane.errors import ReferenceFileError
from modelvane.locations import path_remedy


def write(path: str | Path, content: bytes) -> None:
    """Write one file, whole or not at all."""
    target = Path(path)
    part = target.with_name(target.name + ".part")
    part.write_bytes(content)
    part.replace(target)


def read(path: str | Path) -> bytes:
    """Read the file.

    Raises
    ------
    ReferenceFileError
        When there is none, or it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise ReferenceFileError(
            f"There is no reference file {path}",
            remedy=f"{path_remedy(path)} One is built by `modelvane reference build DATA -o FILE`",
        ) from error
    except OSError as error:
        raise ReferenceFileError(
            f"The reference file {path} cannot be read: {error.strerror}",
            remedy="Check what it is, and who may read it",
        ) from error
