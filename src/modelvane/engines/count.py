"""Counting a source on a reference: a batch at a time, its columns at once on a few threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from msgspec.structs import replace

from modelvane.engines.counted import Counted, Unread
from modelvane.engines.parts import limits_of
from modelvane.engines.running import RunningCount
from modelvane.engines.source import Source
from modelvane.reference import Reference
from modelvane.tallies.dataset import Before

SLICES = 24
THREADS = 2


def count(
    source: Source,
    reference: Reference,
    *,
    slices: int = SLICES,
    period: tuple[float, float] | None = None,
    now: float,
    advance: Callable[[int], None] = lambda _rows: None,
    threads: int = THREADS,
    strict: bool = False,
) -> Counted:
    """Count every row of a source.

    The next batch is read while the columns of one are counted. What is counted grows with the columns, never with the
    rows.

    Parameters
    ----------
    slices
        Parts of equal length that the period is cut into.
    period
        Seconds since 1970, half open; from the first to the last event time by default.
    now
        Seconds since 1970.
    advance
        Called with the rows of each batch once they are counted.
    threads
        Columns that are counted at once.
    strict
        Whether a file, column or batch that cannot be read ends the run; otherwise it is told of in ``unread``.

    Raises
    ------
    DecodeError
        When ``strict``, and something cannot be read.
    """
    ends = None if period is None else (round(period[0] * 1e6), round(period[1] * 1e6))
    if ends is None and slices > 0:
        known = source.period(reference.schema)
        ends = None if known is None else (known[0], known[1] + 1)
    running = RunningCount(reference, limits_of(slices, *ends) if ends else limits_of(0, 0, 0), strict)
    with ThreadPoolExecutor(threads) as pool, ThreadPoolExecutor(1) as reader:
        batches = source.batches(reference.schema)
        coming = reader.submit(next, batches, None)
        # what findings of the counts will need takes time to load, and this thread has nothing to do yet
        import_module("modelvane.evaluation")
        while (found := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            if isinstance(found, Unread):
                running.lack(found)
            elif found.table.rows:
                running.add(found, pool)
                advance(0 if found.continues else found.table.rows)
    return running.counted(source.name, now)


def with_before(counted: Counted, source: Source, reference: Reference, *, now: float) -> Counted:
    """Give what was counted, beside the rows of a source that came before it."""
    found = count(source, reference, slices=0, now=now)
    came_from = found.provenance
    if not came_from.rows:
        return counted
    known = came_from.first is not None and came_from.last is not None
    period = (round((came_from.first or 0.0) * 1e6), round((came_from.last or 0.0) * 1e6)) if known else None
    before = Before(found.window.rows, found.window.labelled, period)
    return replace(counted, window=replace(counted.window, before=before))
