"""What rows are compared with at one time, and how rows and labels are taken by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from modelvane.casting import canonical
from modelvane.compatible import Compatible
from modelvane.monitor import Monitor
from modelvane.service.warming import replayable, rows_after, rows_where
from modelvane.store.protocol import Log
from modelvane.store.results import Appended, LabelOutcome, LabelResult
from modelvane.table import Table
from modelvane.times import NO_TIME, as_times


class Ruling(NamedTuple):
    """A window with its reference: swapped as one, so that nobody sees half of a switch.

    Parameters
    ----------
    monitor, compatible
        What computes findings, and the 2022 series.
    after
        Sequence number of the last row that counts no more: it and those before it are another model's.
    seen, seen_labels
        Sequence numbers of the last row and the last label that were in the log when the window was filled from there.
    """

    monitor: Monitor
    compatible: Compatible | None
    after: int = 0
    seen: int = 0
    seen_labels: int = 0


def add(table: Table, appended: Appended, received: float, ruling: Ruling) -> None:
    """Take rows that the log has kept."""
    monitor, new, ids, times = ruling.monitor, appended.new, appended.ids, appended.times
    # what was committed together is all seen, or none of it
    if appended.first_seq <= ruling.seen:
        return
    if new is not None:
        ids, times, table = [ids[i] for i in new.tolist()], times[new], table.take(new)
    monitor.hold(table, ids, received, times, refused=appended.duplicates)
    if appended.early:
        early = appended.early
        monitor.label([appended.ids[i] for i in early], list(early.values()))


def label(
    log: Log,
    ids: Sequence[Any],
    targets: Sequence[Any],
    times: Sequence[Any] | None,
    result: LabelResult,
    ruling: Ruling,
) -> None:
    """Take labels that the log has kept; rows that left the memory are looked up there."""
    monitor = ruling.monitor
    if result.first_seq <= ruling.seen_labels:
        return
    logged = np.flatnonzero(result.outcomes != LabelOutcome.WAITING).tolist()
    beyond = {i for i in logged if not monitor.remembers(ids[i])}
    far = [i for i in sorted(beyond) if result.outcomes[i] == LabelOutcome.MATCHED]
    rows = rows_after(log.find(monitor.dataset, [ids[i] for i in far]), ruling.after) if far else None
    # in the memory those beyond would wait for ever for a row that has come and gone
    told = [i for i in range(len(ids)) if i not in beyond]
    if rows is not None:
        # a target that a row came with was counted with it, and what is beyond the memory is not corrected
        rows = rows_where(rows, ~rows.own_target)
        by_id = {canonical(ids[i]): i for i in far}
        told = sorted([*told, *(by_id[id_] for id_ in rows.ids)])
    of_ids, of_targets = [ids[i] for i in told], [targets[i] for i in told]
    known = None if times is None else [times[i] for i in told]
    if rows is None or not len(rows):
        monitor.label(of_ids, of_targets, known)
        return
    places = {i: place for place, i in enumerate(told)}
    at = [places[by_id[id_]] for id_ in rows.ids]
    stamps = np.full(len(told), NO_TIME, np.int64) if known is None else as_times(known)
    stamps[at] = np.where(stamps[at] == NO_TIME, np.rint(rows.labelled * 1e6).astype(np.int64), stamps[at])
    monitor.label_among(of_ids, of_targets, stamps, replayable(rows, monitor), at)
