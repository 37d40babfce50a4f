"""From a log to a folder, page by page; what was interrupted goes on where it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from modelvane.errors import ConfigError
from modelvane.schema import Schema
from modelvane.transfer.contents import LogContents, moment_of
from modelvane.transfer.folder import (
    BATCHES,
    FORMAT,
    ROUNDS,
    ROWS,
    STREAMS,
    Manifest,
    Progress,
    dataset_folder,
    read_manifest,
    remove_from,
    write_manifest,
    write_page,
)
from modelvane.transfer.parts import Parts, of_rounds


class _Page(NamedTuple):
    """What is written at once: how many, where the next page begins, whether there is one, parts and their folders.

    A page that is not full is the last: a log that is written to meanwhile always has a few rows more.
    """

    length: int
    cursor: float
    is_last: bool
    parts: Iterator[tuple[str, pa.Table]]


def export(
    contents: LogContents,
    folder: Path,
    *,
    source: str = "",
    advance: Callable[[int], None] = lambda _count: None,
) -> Manifest:
    """Write a dataset of a log into a folder of its own in ``folder``.

    Parameters
    ----------
    source
        What tells the store from others, without passwords. An export that was interrupted goes on if dataset,
        period and source are the same; one that is complete stays as it is.
    advance
        Called with the rows or labels of each page once they are there; those of an earlier run first.

    Raises
    ------
    ConfigError
        When the folder holds an export of something else.
    StoreError
        When the log cannot be read, or the folder not be written.
    """
    place = dataset_folder(folder, contents.dataset)
    manifest = _manifest(contents, place, source)
    streams = _Streams(contents, Parts(Schema.from_dict(manifest.schema)))
    for name in STREAMS:
        progress = manifest.streams[name]
        advance(manifest.count(name))
        if not progress.complete:
            # of the page that was being written some parts may be there
            remove_from(place, name, len(progress.pages))
        while not progress.complete:
            page = streams.read(name, progress.cursor)
            if page is None:
                progress.complete = True
            else:
                write_page(place, name, len(progress.pages), page.parts)
                progress.pages.append(page.length)
                progress.cursor = page.cursor
                progress.complete = page.is_last
                advance(page.length)
            write_manifest(place, manifest)
    return manifest


def _manifest(contents: LogContents, place: Path, source: str) -> Manifest:
    """Give the manifest of an earlier run, or a new one."""
    found = read_manifest(place)
    wanted = (contents.dataset, contents.since, contents.until, source)
    if found is not None:
        there = (found.dataset, found.since, found.until, found.source)
        if there != wanted:
            raise ConfigError(
                f"{place} holds another export",
                received="dataset {!r}, since {}, until {}, from {}".format(*wanted),
                expected="dataset {!r}, since {}, until {}, from {}".format(*there),
                remedy="Give another folder, or remove this one",
            )
        return found
    if place.exists() and any(place.iterdir()):
        raise ConfigError(
            f"{place} is there and holds no export", remedy="Give another folder, or remove this one"
        )
    manifest = Manifest(
        FORMAT,
        contents.dataset,
        contents.schema.to_dict(),
        source,
        contents.since,
        contents.until,
        {name: Progress() for name in STREAMS},
    )
    # before the first part, which says nothing of where it came from
    write_manifest(place, manifest)
    return manifest


class _Streams:
    """The four streams of a dataset, each read from a cursor on."""

    def __init__(self, contents: LogContents, parts: Parts) -> None:
        self._contents = contents
        self._parts = parts

    def read(self, stream: str, cursor: float | None) -> _Page | None:
        """Give the next page of a stream, or ``None`` where there is nothing more."""
        if stream in (ROUNDS, BATCHES):
            return self._rounds(cursor, batches=stream == BATCHES)
        return self._rows(int(cursor or 0)) if stream == ROWS else self._labels(int(cursor or 0))

    def _rows(self, after: int) -> _Page | None:
        found = self._contents.rows_after(after)
        if not len(found):
            return None
        is_last = len(found) < self._contents.page_rows
        return _Page(len(found), int(found.seqs[-1]), is_last, self._parts.by_day(self._parts.of_rows(found)))

    def _labels(self, after: int) -> _Page | None:
        found = self._contents.labels_after(after)
        if not len(found):
            return None
        is_last = len(found) < self._contents.page_labels
        return _Page(len(found), int(found.seqs[-1]), is_last, iter([("", self._parts.of_labels(found))]))

    def _rounds(self, before: float | None, *, batches: bool) -> _Page | None:
        found = self._contents.rounds_before(before, batches=batches)
        if not found:
            return None
        # read backwards, those that are computed meanwhile are none of the next
        return _Page(len(found), moment_of(found[0]), False, iter([("", of_rounds(found))]))
