"""Windows filled from the log, so that the findings after a restart are those before."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelvane.casting import is_missing
from modelvane.monitor import Monitor
from modelvane.settings import Settings
from modelvane.store.protocol import Log
from modelvane.store.results import Rows
from modelvane.table import Table
from modelvane.windows.time import are_ahead

# labels that are read at once
_LABELS = 10_000


class Logged(NamedTuple):
    """What fills a window.

    Parameters
    ----------
    rows
        Those that are remembered, or in the window.
    labelled
        Rows with labels, the latest labels first; rows may be in several of them.
    last, last_label
        Sequence numbers of the last row and the last label in the log.
    """

    rows: Rows
    labelled: list[Rows]
    last: int
    last_label: int


def warm_up(monitor: Monitor, log: Log, after: int = 0) -> None:
    """Fill a window from the log, to which nobody writes meanwhile; rows up to ``after`` are left out."""
    fill(monitor, log, read(monitor.dataset, monitor.settings, log, after), after)


def read(name: str, settings: Settings, log: Log, after: int) -> Logged:
    """Read what fills a window; complete up to the last numbers if nothing is written meanwhile."""
    window, most = settings.window, settings.remembered
    last, last_label = log.last(name)
    rows = log.tail(name, rows=most, after=after)
    labelled = rows_after(log.labels_tail(name, rows=most), after)
    parts = [labelled]
    if window.seconds is not None:
        # the oldest pane begins up to a pane before the window, and before those that it is compared with
        span = window.seconds * (1 + settings.windows_before + 1 / window.panes)
        newest = _newest(rows, window.seconds)
        if newest is not None:
            rows = log.tail(name, since=newest - span, after=after)
        newest = _newest(labelled, window.seconds)
        if newest is not None:
            parts.append(log.tail(name, since=newest - span, after=after))
    return Logged(rows, parts, last, last_label)


def _newest(rows: Rows, seconds: float) -> float | None:
    """Give the last event time, seconds since 1970, of rows that are in time for a window of ``seconds``."""
    times = rows.times[~are_ahead(rows.times, rows.received, seconds)]
    return float(times.max()) / 1e6 if len(times) else None


def fill(monitor: Monitor, log: Log, logged: Logged, after: int) -> None:
    """Push rows in order of arrival, then their targets in the order in which those were joined.

    Rows up to ``after`` are another model's.
    """
    with monitor.rejoined():
        _push(monitor, log, logged.rows)
        _label(monitor, [*logged.labelled, logged.rows])
    _compare(monitor, log, after)


def _compare(monitor: Monitor, log: Log, after: int) -> None:
    """Compare versions by the targets that came since the snapshot; its state has those before.

    With another reference than the snapshot's the comparison begins anew.
    """
    target = monitor.reference.schema.target
    if target is None or monitor.settings.versions is None:
        return
    snapshot = log.load_snapshot(monitor.dataset)
    if snapshot is not None and not monitor.is_of(msgspec.json.decode(snapshot.state)):
        return
    seq, label_seq = (0, 0) if snapshot is None else (snapshot.seq, snapshot.label_seq)
    labelled = rows_after(log.labels_tail(monitor.dataset, after=label_seq), after)
    # targets come in rows, too, and a label may have come before its row
    later = log.tail(monitor.dataset, after=max(seq, after))
    corrected = _labelled_before(log, monitor.dataset, label_seq)
    told = zip(labelled.ids, labelled.seqs, labelled.own_target, strict=True)
    # a target that a row came with was counted with it
    counted = {id_ for id_, at, own in told if at <= seq and (own or id_ in corrected)}
    for rows, left_out in ((labelled, counted), (later, set(labelled.ids))):
        if target.name not in rows.table:
            continue
        targets = rows.table.values(target.name)
        index = [
            i
            for i, (id_, value) in enumerate(zip(rows.ids, targets, strict=True))
            if not is_missing(value) and id_ not in left_out
        ]
        if index:
            monitor.compare(replayable(rows, monitor).take(index), [targets[i] for i in index])


def _labelled_before(log: Log, dataset: str, last: int) -> set[str]:
    """Give the ids whose label came last after the one numbered ``last``, and first before: it was corrected since."""
    known = log.labels_head(dataset, rows=_LABELS, after=max(0, last - _LABELS))
    moments = known.received[known.seqs <= last]
    found: set[str] = set()
    while len(moments) and len(labels := log.labels_head(dataset, rows=_LABELS, after=last)):
        found |= {labels.ids[i] for i in np.flatnonzero(labels.received <= moments.max())}
        last = int(labels.seqs[-1])
    return found


def rows_after(rows: Rows, after: int) -> Rows:
    """Give the rows above a sequence number."""
    return rows_where(rows, rows.seqs > after)


def rows_where(rows: Rows, is_kept: NDArray[np.bool_]) -> Rows:
    """Give some of the rows, in their order."""
    if is_kept.all():
        return rows
    index = np.flatnonzero(is_kept)
    return Rows(
        rows.seqs[index],
        [rows.ids[i] for i in index.tolist()],
        rows.times[index],
        rows.received[index],
        rows.labelled[index],
        rows.own_target[index],
        rows.table.take(index),
    )


def replayable(rows: Rows, monitor: Monitor) -> Table:
    """Give logged rows with their event times, and without targets: labels are joined in their own order."""
    schema = monitor.reference.schema
    target = schema.target
    columns = {name: rows.table[name] for name in rows.table.names if target is None or name != target.name}
    table = Table(columns, len(rows))
    if schema.time is not None:
        table = table.with_column(schema.time.name, [at / 1e6 for at in rows.times.tolist()])
    return table


def _push(monitor: Monitor, log: Log, rows: Rows) -> None:
    """Push rows; what the snapshot says of those before it is taken up in between."""
    snapshot = log.load_snapshot(monitor.dataset)
    before = 0 if snapshot is None else int(np.searchsorted(rows.seqs, snapshot.seq, "right"))
    table = _with_own_targets(replayable(rows, monitor), rows, monitor)
    _push_part(monitor, rows, table, np.arange(before))
    if snapshot is not None:
        monitor.restore(msgspec.json.decode(snapshot.state))
    _push_part(monitor, rows, table, np.arange(before, len(rows)))


def _with_own_targets(table: Table, rows: Rows, monitor: Monitor) -> Table:
    """Add the targets that came in their rows, where no label has come since."""
    target = monitor.reference.schema.target
    if target is None or target.name not in rows.table:
        return table
    values = zip(rows.table.values(target.name), rows.labelled.tolist(), strict=True)
    own = [value if math.isnan(labelled) else None for value, labelled in values]
    return table if not any(value is not None for value in own) else table.with_column(target.name, own)


def _push_part(monitor: Monitor, rows: Rows, table: Table, index: NDArray[np.intp]) -> None:
    if len(index):
        monitor.push(table.take(index), ids=[rows.ids[i] for i in index], received=rows.received[index])


@dataclass(frozen=True, slots=True)
class _Told:
    """A target, when it became known (seconds since 1970), and the row in one of the parts."""

    target: Any
    known: float
    part: int
    row: int


def _label(monitor: Monitor, parts: list[Rows]) -> None:
    """Join what pushing rows did not: targets in rows that are no longer pushed, then labels, the first part's last."""
    own: dict[str, _Told] = {}
    told: dict[str, _Told] = {}
    pushed = frozenset(parts[-1].ids)
    for number, rows in enumerate(parts):
        for id_, one, is_own in _told(monitor, number, rows, pushed):
            (own if is_own else told).setdefault(id_, one)
    every = {id_: one for id_, one in own.items() if id_ not in told}
    every |= {id_: one for id_, one in told.items() if one.part > 0}
    every |= {id_: one for id_, one in told.items() if one.part == 0}
    for (number, is_near), run in groupby(every, lambda id_: (every[id_].part, monitor.remembers(id_))):
        ids = list(run)
        targets, known = [every[id_].target for id_ in ids], [every[id_].known for id_ in ids]
        if is_near:
            monitor.label(ids, targets, known)
        else:
            table = replayable(parts[number], monitor).take([every[id_].row for id_ in ids])
            monitor.label_rows(table, targets, np.rint(np.array(known) * 1e6).astype(np.int64))


def _told(
    monitor: Monitor, number: int, rows: Rows, pushed: frozenset[str]
) -> Iterator[tuple[str, _Told, bool]]:
    """Give the targets of a part, by id, and whether each came in its row."""
    target = monitor.reference.schema.target
    if target is None or target.name not in rows.table:
        return
    values, labelled = rows.table.values(target.name), rows.labelled.tolist()
    for row, (id_, value, known) in enumerate(zip(rows.ids, values, labelled, strict=True)):
        if not math.isnan(known):
            yield id_, _Told(value, known, number, row), False
        elif value is not None and value == value and id_ not in pushed:  # noqa: PLR0124 - NaN
            came = max(float(rows.received[row]), float(rows.times[row]) / 1e6)
            yield id_, _Told(value, came, number, row), True
