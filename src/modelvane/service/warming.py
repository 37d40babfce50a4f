"""Windows filled from the log, so that the findings after a restart are those before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
        rows.label_received[index],
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
    values = zip(rows.table.values(target.name), np.isnan(rows.labelled).tolist(), strict=True)
    own = [value if is_own else None for value, is_own in values]
    return table if not any(value is not None for value in own) else table.with_column(target.name, own)


def _push_part(monitor: Monitor, rows: Rows, table: Table, index: NDArray[np.intp]) -> None:
    if len(index):
        ids = [rows.ids[i] for i in index]
        monitor.push(table.take(index), ids=ids, received=rows.received[index], joins=False)


class _Told(NamedTuple):
    """A target, when it became known and when it was joined (seconds since 1970), and the row in one of the parts."""

    target: Any
    known: float
    joined: tuple[float, bool, int]
    part: int
    row: int


def _label(monitor: Monitor, parts: Sequence[Rows]) -> None:
    """Join the targets of rows, whether those came with them or as labels, in the order in which that was done first.

    Parameters
    ----------
    parts
        The latest labels first; of those that came at once the first part's are last.
    """
    told: dict[str, _Told] = {}
    for number, rows in enumerate(parts):
        for id_, one in _told(monitor, number, rows):
            told.setdefault(id_, one)
    order = sorted(
        sorted(told, key=lambda id_: told[id_].part > 0, reverse=True), key=lambda id_: told[id_].joined
    )
    for ids, part in _runs(order, lambda id_: None if monitor.remembers(id_) else told[id_].part):
        targets, known = [told[id_].target for id_ in ids], [told[id_].known for id_ in ids]
        if part is None:
            monitor.label(ids, targets, known)
            continue
        at = [place for place, id_ in enumerate(ids) if not monitor.remembers(id_)]
        table = replayable(parts[part], monitor).take([told[ids[place]].row for place in at])
        monitor.label_among(ids, targets, np.rint(np.array(known) * 1e6).astype(np.int64), table, at)


def _runs(ids: Sequence[str], part_of: Callable[[str], int | None]) -> Iterator[tuple[list[str], int | None]]:
    """Cut ids where those with a part would be of several; each run with its part."""
    run: list[str] = []
    only: int | None = None
    for id_ in ids:
        part = part_of(id_)
        if part is not None:
            if only is not None and part != only:
                yield run, only
                run = []
            only = part
        run.append(id_)
    if run:
        yield run, only


def _told(monitor: Monitor, number: int, rows: Rows) -> Iterator[tuple[str, _Told]]:
    """Give the targets of a part, by id.

    A row that came with its target, or after its label, was joined when it came; a later label of it did but say
    another target. Any other was joined when its first label came.
    """
    target = monitor.reference.schema.target
    if target is None or target.name not in rows.table:
        return
    came = rows.received.tolist()
    arrived = np.maximum(rows.received, rows.times / 1e6).tolist()
    labels = zip(rows.labelled.tolist(), rows.label_received.tolist(), rows.own_target.tolist(), strict=True)
    values = zip(rows.ids, rows.table.values(target.name), labels, strict=True)
    for row, (id_, value, (labelled, received, is_own)) in enumerate(values):
        if is_missing(value) or not (is_own or received == received):  # noqa: PLR0124 - NaN
            continue
        is_early = received < came[row]
        known = arrived[row] if is_own and not is_early else labelled
        joined = (came[row], False, int(rows.seqs[row])) if is_own or is_early else (received, True, 0)
        yield id_, _Told(value, known, joined, number, row)
