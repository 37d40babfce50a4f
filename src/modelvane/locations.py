"""From a path or a URL to files that can be read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pyarrow as pa
from msgspec import Struct, field
from pyarrow import fs

from modelvane.errors import DecodeError

FORMATS = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".csv.gz": "csv",
    ".csv.bz2": "csv",
    ".csv.zst": "csv",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
"""Formats by the ending of a file's name."""

# how Hive writes that a partition has no value
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

# Google's client tries again for a quarter of an hour, and says nothing meanwhile
_GOOGLE_PATIENCE = "retry_limit_seconds", 60


class File(Struct, frozen=True):
    """One file of a location.

    Parameters
    ----------
    system, path
        The filesystem, and the path on it.
    format
        ``"parquet"``, ``"csv"`` or ``"arrow"``.
    shown
        What errors call it.
    keys
        Columns that its path gives, such as ``day=2024-05-01``: one value for all rows.
    """

    system: Any
    path: str
    format: str
    shown: str
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return isinstance(self.system, fs.LocalFileSystem)


def without_password(url: str) -> str:
    """Give a URL that may be shown: without passwords and tokens.

    >>> without_password("mongo://me:se:cr@t@host/db?password=x")
    'mongo://me:***@host/db?password=***'
    """
    hidden = re.sub(r"(://[^:/?#]*:).*@", r"\1***@", url)
    place, mark, options = hidden.partition("?")
    return place + mark + re.sub(r"(?i)((?:password|token)(?:[=:]|%3A))[^&]*", r"\1***", options)


def shown(location: str | Path) -> str:
    """Give what errors and reports call a path or a URL: without its secrets, and how it is reached.

    >>> shown("s3://AKIA:secret@lake/trips?region=eu-west-1")
    's3://AKIA:***@lake/trips'
    """
    text = str(location)
    return without_password(text).partition("?")[0] if "://" in text else text


def path_remedy(path: str | Path) -> str:
    """Say what to do about a path of which nothing is there: the nearest name beside it, where one is near."""
    wanted = Path(path)
    try:
        beside = [each.name for each in wanted.absolute().parent.iterdir()]
    except OSError:
        return f"There is no folder {wanted.parent} that can be read."
    near = difflib.get_close_matches(wanted.name, beside, n=1)
    if near:
        return f"Did you mean {str(wanted.with_name(near[0]))!r}?"
    return (
        "Check the path."
        if wanted.is_absolute()
        else "Check the path; it is taken from the current directory."
    )


def located(location: str | Path) -> list[File]:
    """Give the file, or the files in the folder, of a path or a URL, in order of their paths.

    Raises
    ------
    DecodeError
        When there is nothing, nothing of a format that can be read, or no way to the place.
    """
    if not str(location).strip():
        # Path("") is the current directory, which an unset variable of a script hardly means
        raise DecodeError("The path of the data is empty", expected="a file, a folder or a URL")
    system, path, prefix = _system(location)
    name = shown(location)
    try:
        about = system.get_file_info(path)
        if about.type == fs.FileType.NotFound:
            if PurePosixPath(path).suffix:
                _file(system, path, prefix, path)
            raise DecodeError(
                f"There is no file or folder {name}",
                remedy="Check the bucket and the path"
                if prefix
                else path_remedy(path if "://" in str(location) else location),
            )
        if about.type == fs.FileType.File:
            return [_file(system, path, prefix, path.rpartition("/")[0])]
        found = system.get_file_info(fs.FileSelector(path, recursive=True))
    except (pa.ArrowException, OSError) as error:
        raise DecodeError(f"{name} cannot be looked at: {error}") from error
    names = sorted(one.path for one in found if one.type == fs.FileType.File)
    files = [
        _file(system, each, prefix, path) for each in names if _format(each) and not _is_hidden(each, path)
    ]
    if not files:
        raise DecodeError(
            f"The folder {name} has no file that can be read",
            received=f"{len(names)} files of other kinds" if names else "nothing",
            expected=f"files that end in {', '.join(FORMATS)}",
        )
    return files


def _system(location: str | Path) -> tuple[Any, str, str]:
    text = str(location)
    if "://" not in text:
        return fs.LocalFileSystem(), Path(text).absolute().as_posix(), ""
    url = _impatient(text)
    try:
        system, path = fs.FileSystem.from_uri(url)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DecodeError(
            f"{shown(text)} is not the URL of a place that can be read: {str(error).replace(url, shown(text))}",
            expected="s3://, gs://, abfss://, hdfs:// or file://",
        ) from error
    return (
        system,
        path,
        "" if isinstance(system, fs.LocalFileSystem) else text.split("://", maxsplit=1)[0] + "://",
    )


def _impatient(url: str) -> str:
    """Limit how long a bucket that cannot be reached is tried again, unless the URL does."""
    name, seconds = _GOOGLE_PATIENCE
    options = urlsplit(url).query
    if not url.startswith(("gs://", "gcs://")) or name in parse_qs(options):
        return url
    return f"{url}{'&' if options else '?'}{name}={seconds}"


def _file(system: Any, path: str, prefix: str, base: str) -> File:
    found = _format(path)
    if found is None:
        raise DecodeError(
            f"{prefix}{path} has an ending that is not known",
            received=PurePosixPath(path).suffix,
            available=sorted(FORMATS),
        )
    return File(system, path, found, prefix + path, dict(_keys(path.removeprefix(base))))


def _keys(path: str) -> Iterator[tuple[str, str]]:
    for part in path.split("/")[:-1]:
        key, sign, value = part.partition("=")
        if sign and value != _NO_VALUE:
            yield unquote(key), unquote(value)


def _format(path: str) -> str | None:
    name = path.lower()
    return next((found for ending, found in FORMATS.items() if name.endswith(ending)), None)


def _is_hidden(path: str, base: str) -> bool:
    return any(part.startswith((".", "_")) for part in path.removeprefix(base).split("/") if "=" not in part)
