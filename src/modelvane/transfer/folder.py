"""A folder of one dataset: Parquet parts that are there whole or not at all, and a manifest of how far it got."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
import pyarrow as pa
from pyarrow import parquet

from modelvane.errors import DecodeError, StoreError
from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store.results import Labels, Rows
from modelvane.transfer.parts import Parts, to_rounds

MANIFEST = "modelvane.json"
FORMAT = 1
"""Version of the layout."""

ROWS, LABELS, ROUNDS, BATCHES = "rows", "labels", "findings/live", "findings/batches"
STREAMS = (ROWS, LABELS, ROUNDS, BATCHES)

T = TypeVar("T")


@dataclass(slots=True)
class Progress:
    """How far one stream got: the lengths of its pages, where the next begins, and whether there is none."""

    pages: list[int] = field(default_factory=list)
    cursor: float | None = None
    complete: bool = False


@dataclass(slots=True)
class Manifest:
    """What a folder holds.

    Parameters
    ----------
    format
        Version of the layout.
    dataset, schema
        Its name and its `Schema` as plain values.
    source
        Which store it came from, without passwords.
    since, until
        The period of event times, seconds since 1970, half open.
    streams
        By the name of their folders, `STREAMS`.
    """

    format: int
    dataset: str
    schema: dict[str, Any]
    source: str
    since: float | None
    until: float | None
    streams: dict[str, Progress]

    @property
    def complete(self) -> bool:
        """Whether everything is there."""
        return all(progress.complete for progress in self.streams.values())

    def count(self, stream: str) -> int:
        """Give how many rows, labels or rounds a stream has so far."""
        return sum(self.streams[stream].pages)


def dataset_folder(folder: Path, dataset: str) -> Path:
    """Give the folder of a dataset: its name as in URLs, so that any name is one folder.

    >>> dataset_folder(Path("out"), "a/b").name
    'a%2Fb'
    """
    name = quote(dataset, safe=" ")
    return folder / (name.replace(".", "%2E") if not name.strip(".") else name)


def read_manifest(folder: Path) -> Manifest | None:
    """Give the manifest of a folder, or ``None`` where there is none.

    Raises
    ------
    DecodeError
        When it is damaged, or of a newer version.
    """
    file = folder / MANIFEST
    try:
        manifest = msgspec.convert(json.loads(file.read_bytes()), Manifest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DecodeError(f"{file} cannot be read: {error.strerror}") from error
    except (msgspec.ValidationError, ValueError) as error:
        raise DecodeError(f"{file} is no manifest of an export: {error}") from error
    if manifest.format > FORMAT:
        raise DecodeError(
            f"{file} was written by a newer modelvane",
            received=f"format {manifest.format}",
            expected=f"format {FORMAT} or older",
            remedy="Upgrade modelvane",
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in place of the one before, at once."""
    # the standard library's: a column may be called what has no bytes in UTF-8
    content = json.dumps(asdict(manifest), indent=1)
    _put(folder / MANIFEST, lambda file: file.write_text(content, encoding="ascii"))


def write_page(folder: Path, stream: str, page: int, tables: Iterator[tuple[str, pa.Table]]) -> None:
    """Write the parts of a page, each with the name of the folder that it is in (empty for the stream's own)."""
    for name, table in tables:

        def write(file: Path, table: pa.Table = table) -> None:
            parquet.write_table(table, file, compression="zstd")

        _put(folder / stream / name / f"part-{page:08}.parquet", write)


def _put(file: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, then move it there: whoever looks sees all of it or nothing."""
    # readers of folders leave out what begins with a dot
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.replace(file)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise StoreError(
            f"{file} cannot be written: {error.strerror or error}",
            remedy="Free disk space, or give another folder; then run the same again: it goes on from here",
        ) from error


def remove_from(folder: Path, stream: str, page: int) -> None:
    """Remove the parts from a page on, and what an interrupted run left half written."""
    for file in (folder / stream).rglob("*"):
        unfinished = file.name.startswith(".part-") and file.suffix == ".tmp"
        if unfinished or (_is_part(file) and _page_of(file) >= page):
            file.unlink()


def _is_part(file: Path) -> bool:
    return file.suffix == ".parquet" and file.stem.startswith("part-") and file.stem[5:].isdecimal()


def _page_of(file: Path) -> int:
    return int(file.stem[5:])


@dataclass(frozen=True)
class FolderContents:
    """A finished export as what can be poured into a log.

    Parameters
    ----------
    folder
        With a manifest.

    Raises
    ------
    DecodeError
        When there is no manifest, the export was not finished, or a part is missing or damaged.
    """

    folder: Path
    manifest: Manifest = field(init=False)

    def __post_init__(self) -> None:
        manifest = read_manifest(self.folder)
        if manifest is None:
            raise DecodeError(
                f"There is no export in {self.folder}",
                expected=f"a folder with {MANIFEST}",
                remedy="Check the path",
            )
        if not manifest.complete:
            raise DecodeError(
                f"The export in {self.folder} was not finished",
                remedy="Run the same `modelvane export` again: it goes on where it ended",
            )
        object.__setattr__(self, "manifest", manifest)

    @property
    def dataset(self) -> str:
        """Its name."""
        return self.manifest.dataset

    @property
    def schema(self) -> Schema:
        """As of when it was exported."""
        return Schema.from_dict(self.manifest.schema)

    @property
    def total(self) -> int | None:
        """How many rows and labels there are."""
        return self.manifest.count(ROWS) + self.manifest.count(LABELS)

    def rows(self) -> Iterator[Rows]:
        """Give the rows in order of arrival."""
        yield from self._pages(ROWS, Parts(self.schema).to_rows)

    def labels(self) -> Iterator[Labels]:
        """Give the labels in their order."""
        yield from self._pages(LABELS, Parts(self.schema).to_labels)

    def rounds(self) -> Iterator[list[Findings]]:
        """Give the rounds of findings."""
        for stream in (ROUNDS, BATCHES):
            yield from self._pages(stream, lambda table: to_rounds(table, self.dataset))

    def _pages(self, stream: str, read: Callable[[pa.Table], T]) -> Iterator[T]:
        files: dict[int, list[Path]] = {}
        for file in sorted((self.folder / stream).rglob("part-*.parquet")):
            files.setdefault(_page_of(file), []).append(file)
        for page, count in enumerate(self.manifest.streams[stream].pages):
            tables = [_read(file) for file in files.get(page, [])]
            found = sum(table.num_rows for table in tables)
            if found != count:
                raise DecodeError(
                    f"A part of {self.folder / stream} is missing, or was changed: page {page}",
                    received=f"{found} in {', '.join(file.name for file in files.get(page, [])) or 'no file'}",
                    expected=f"{count} (as {MANIFEST} says)",
                    remedy="Export it again into another folder",
                )
            yield read(pa.concat_tables(tables))


def _read(file: Path) -> pa.Table:
    try:
        with parquet.ParquetFile(file) as opened:
            return opened.read()
    except (pa.ArrowException, OSError) as error:
        raise DecodeError(
            f"{file} cannot be read: {error}", remedy="Export it again into another folder"
        ) from error


def exports_in(folder: Path) -> list[FolderContents]:
    """Give the exports in a folder: it is one itself, or has one per dataset.

    Raises
    ------
    DecodeError
        When there is none, or one was not finished.
    """
    if (folder / MANIFEST).exists() or not folder.is_dir():
        return [FolderContents(folder)]
    found = sorted(file.parent for file in folder.glob(f"*/{MANIFEST}"))
    return list(map(FolderContents, found)) if found else [FolderContents(folder)]
