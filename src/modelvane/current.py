"""The rows that are current: pushed, held, joined with their labels."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.arrivals import Arrivals
from modelvane.block import Block
from modelvane.casting import canonical, is_missing
from modelvane.labels import Joined, LabelCounts, LabelJoin, labels_of
from modelvane.reference import Reference
from modelvane.settings import Settings
from modelvane.table import Table
from modelvane.times import NO_TIME
from modelvane.versions import NAME, VersionRuler
from modelvane.windows.compared import ComparedRows
from modelvane.windows.held import Held, Part
from modelvane.windows.labelled import LabelledRows
from modelvane.windows.preceding import Preceding
from modelvane.windows.ring import RowsRing, joined
from modelvane.windows.time import TimeWindows, with_times


class CurrentRows:
    """The current rows of one dataset, and their labels; safe to use from several threads.

    Parameters
    ----------
    reference
        On whose rulers they are counted.
    settings
        Which rows are current, and how long predictions wait for their labels.
    clock
        Gives seconds since 1970.
    """

    def __init__(self, reference: Reference, settings: Settings, clock: Callable[[], float]) -> None:
        self.reference = reference
        self.settings = settings
        self._clock = clock
        self._lock = threading.RLock()
        target = reference.schema.target
        window, before, counter = settings.window, settings.windows_before, reference.counter
        self._time_windows = TimeWindows.of(window.seconds, window.panes, counter, before)
        self._preceding = Preceding(window.rows, before, counter.rows)
        # beyond the window, rows are there for their labels, and for a reference that moves
        has_truth = target is not None and target.name in reference.rulers
        self._recent = RowsRing(reference.rulers, settings.remembered if has_truth else settings.kept)
        versions = reference.counter.together.get(NAME)
        self._compared = (
            ComparedRows(versions, settings.versions.champion)
            if settings.versions is not None and isinstance(versions, VersionRuler)
            else None
        )
        self._labelled = LabelledRows(
            reference.rulers,
            target.name if target is not None else None,
            window.rows,
            settings.kept,
            self._recent.capacity,
            self._time_windows.labelled if self._time_windows is not None else None,
            self._compared,
        )
        self._arrivals = Arrivals(reference, self._recent.capacity)
        self._join = LabelJoin(settings.remembered)
        self._held = Held(self._recent.capacity, self._leaves)

    # ------------------------------------------------------------------ rows

    def push(
        self,
        data: Any,
        *,
        ids: Sequence[str | None] | None = None,
        received: float | NDArray[np.float64] | None = None,
        times: NDArray[np.int64] | None = None,
        unique: bool = False,
        joins: bool = True,
    ) -> int:
        """Add rows.

        Parameters
        ----------
        data
            Whatever `Table.of` reads.
        ids
            One per row, where they are not in the data.
        received
            Seconds since 1970, one for all or one per row; now by default.
        times
            Event times in microseconds since 1970, where they are known already.
        unique
            Whether the ids are known to be new, as a log knows it.
        joins
            Whether targets in the rows are joined; otherwise they will be told as labels, in an order that is known.

        Returns
        -------
        int
            Rows that were new: one whose id is remembered already counts as a duplicate, the first wins.
        """
        table = Table.of(data)
        with self._lock:
            self._flush()
            return self._push(table, ids, received, times, unique=unique, joins=joins)

    def hold(
        self,
        data: Any,
        ids: Sequence[str],
        received: float,
        times: NDArray[np.int64],
        *,
        refused: int = 0,
    ) -> None:
        """Add rows whose ids are known to be new; they are cast when somebody asks for what is in them, if ever.

        Waits for an evaluation only where more rows came meanwhile than may wait. ``refused`` are the rows among them
        that were refused for their ids; otherwise parameters as in `push`.
        """
        self._held.add(Part(Table.of(data), ids, received, times, refused))
        if self._held.is_full and self._lock.acquire(blocking=self._held.is_overfull):
            try:
                self._add(self._held.take_excess())
            finally:
                self._lock.release()

    def _flush(self) -> None:
        self._add(self._held.take())

    def _add(self, parts: Iterable[tuple[Part, int]]) -> None:
        failed: Exception | None = None
        for part, later in parts:
            try:
                self._add_part(part, later)
            except Exception as error:  # noqa: BLE001 - raised below: rows that came with what fails are not to be lost
                failed = error
        if failed is not None:
            raise failed

    def _add_part(self, part: Part, later: int) -> None:
        if part.refused:
            self._arrivals.refused(self._recent.pushed, part.refused)
        if later >= self._recent.capacity and self._leaves(part.table) and not self._join.awaits(part.ids):
            # out of every window before anybody asked
            self._join.predicted(part.ids, self._recent.pushed)
            self._recent.skip(part.rows)
        else:
            self._push(part.table, part.ids, part.received, part.times, unique=True, came=part.came)

    def _leaves(self, table: Table) -> bool:
        """Whether rows are of no interest once as many others came as are remembered."""
        target = self.reference.schema.target
        return self._time_windows is None and (target is None or target.name not in table)

    def _push(
        self,
        table: Table,
        ids: Sequence[str | None] | None,
        received: float | NDArray[np.float64] | None,
        times: NDArray[np.int64] | None = None,
        *,
        unique: bool = False,
        joins: bool = True,
        came: Sequence[Table] = (),
    ) -> int:
        if table.rows == 0:
            return 0
        now = self._clock() if received is None else received
        arrived = np.broadcast_to(np.asarray(now, np.float64), (table.rows,))
        known = ids if ids is not None else self._ids(table)
        fresh = None if unique else self._fresh(known)
        if fresh is not None:
            table, known, arrived = table.take(fresh), [known[i] for i in fresh], arrived[fresh]
            times = None if times is None else times[fresh]
            if not fresh:
                return 0
        first = self._recent.pushed
        self._had_columns(came or [table], first)
        block = with_times(self.reference.encode(table, times), np.rint(arrived * 1e6).astype(np.int64))
        self._recent.push(block)
        positions = np.arange(first, self._recent.pushed)
        kept = positions >= self._recent.oldest
        self._arrivals.came(positions[kept], arrived[kept])
        self._labelled.predicted(positions[kept])
        if self._time_windows is not None:
            self._time_windows.push(block, arrived)
        targets = self._own_targets(table, block, arrived) if joins else {}
        # a label that came before its row is the later word
        early = self._join.predicted(known, first)
        targets |= {one.position - first: (one.label.target, one.label.time) for one in early}
        self._label_pushed(block, known, first, targets)
        return block.rows

    def _had_columns(self, tables: Sequence[Table], first: int) -> None:
        for table in tables:
            self._arrivals.had_columns(table, first)
            first += table.rows

    def _ids(self, table: Table) -> list[str | None]:
        column = self.reference.schema.id
        if column is None or column.name not in table:
            return [None] * table.rows
        return [canonical(value) for value in table.values(column.name)]

    def _fresh(self, ids: Sequence[str | None]) -> list[int] | None:
        """Give the rows that are new, or ``None`` when all are."""
        seen: set[str] = set()
        fresh: list[int] = []
        for i, id_ in enumerate(ids):
            if id_ is not None:
                if id_ in seen or id_ in self._join:
                    self._arrivals.refused(self._recent.pushed + len(fresh))
                    continue
                seen.add(id_)
            fresh.append(i)
        return None if len(fresh) == len(ids) else fresh

    # ---------------------------------------------------------------- labels

    def label(
        self,
        ids: Sequence[object],
        targets: Sequence[Any],
        times: Sequence[object] | None = None,
    ) -> LabelCounts:
        """Add ground truth.

        Parameters
        ----------
        ids, targets
            One target for each id.
        times
            When each became known (see `modelvane.times.as_times`); now by default.
        """
        labels, lost = labels_of(ids, targets, times, round(self._clock() * 1e6))
        with self._lock:
            self._flush()
            new, changed, counts = self._join.labelled(labels)
            self._label(new)
            for one in changed:
                self._labelled.correct(one.position, one.label.target)
            self._join.counts += lost
            counts += lost
            return counts

    def remembers(self, id: object) -> bool:  # noqa: A002 - the role's own name
        """Say whether the prediction with this id can still be joined here."""
        with self._lock:
            self._flush()
            return canonical(id) in self._join

    def label_among(
        self,
        ids: Sequence[object],
        targets: Sequence[Any],
        times: NDArray[np.int64],
        data: Any,
        at: Sequence[int],
    ) -> LabelCounts:
        """Add ground truth in its order, of predictions that are remembered here and of others that come with it.

        Parameters
        ----------
        ids, targets, times
            As of `label`; times in microseconds since 1970, `NO_TIME` for now.
        data, at
            Rows that are no longer remembered here, and where the label of each is among the ids.
        """
        table, beyond = Table.of(data), set(at)
        times = np.where(times == NO_TIME, round(self._clock() * 1e6), times)
        near = [i for i in range(len(ids)) if i not in beyond]
        places: dict[str | None, int] = {}
        for i in near:
            places.setdefault(canonical(ids[i]), i)
        labels, lost = labels_of(
            [ids[i] for i in near], [targets[i] for i in near], [times[i] / 1e6 for i in near], 0
        )
        with self._lock:
            self._flush()
            new, changed, counts = self._join.labelled(labels)
            kept = [one for one in new if one.position >= self._recent.oldest]
            positions = np.array([one.position for one in kept] + [-1] * len(at), np.int64)
            come = with_times(self.reference.encode(table), times[list(at)])
            block = joined([self._recent.at(positions[: len(kept)]), come], self.reference.rulers)
            known = [one.label.target for one in kept] + [targets[i] for i in at]
            moments = np.concatenate((np.array([one.label.time for one in kept], np.int64), times[list(at)]))
            order = np.argsort([*(places[one.label.id] for one in kept), *at], kind="stable")
            self._labelled.add(
                block.take(order), [known[i] for i in order.tolist()], moments[order], positions[order]
            )
            for one in changed:
                self._labelled.correct(one.position, one.label.target)
            self._join.counts += lost
            self._join.counts.matched += len(at)
            counts.matched += len(at)
            counts += lost
            return counts

    def rejoined(self) -> AbstractContextManager[None]:
        """Say that targets which come meanwhile came before: the comparison of versions counts none of them."""
        return self._compared.paused() if self._compared is not None else nullcontext()

    def compare(self, data: Any, targets: Sequence[Any]) -> None:
        """Count labelled rows for the comparison of versions alone."""
        target = self.reference.schema.target
        with self._lock:
            self._flush()
            if self._compared is not None and target is not None:
                self._compared.add(self.reference.encode(Table.of(data).with_column(target.name, targets)))

    def _label(self, new: Sequence[Joined]) -> None:
        kept = [one for one in new if one.position >= self._recent.oldest]
        if kept:
            positions = np.array([one.position for one in kept], np.int64)
            times = np.array([one.label.time for one in kept], np.int64)
            self._labelled.add(
                self._recent.at(positions), [one.label.target for one in kept], times, positions
            )

    def _own_targets(
        self, table: Table, block: Block, arrived: NDArray[np.float64]
    ) -> dict[int, tuple[Any, int]]:
        """Give the targets that came in their rows, by row, and when each became known."""
        target = self.reference.schema.target
        if target is None or target.name not in table:
            return {}
        times = np.maximum(np.rint(arrived * 1e6).astype(np.int64), block.times).tolist()
        told = enumerate(zip(table.values(target.name), times, strict=True))
        return {i: (value, known) for i, (value, known) in told if not is_missing(value)}

    def _label_pushed(
        self, block: Block, ids: Sequence[str | None], first: int, targets: Mapping[int, tuple[Any, int]]
    ) -> None:
        """Label rows just pushed, also those beyond what is remembered, in their own order."""
        if not targets:
            return
        rows = np.array(sorted(targets), np.int64)
        values, times = zip(*(targets[i] for i in rows.tolist()), strict=True)
        self._join.told({ids[i]: value for i, value in zip(rows.tolist(), values, strict=True)})
        self._labelled.add(block.take(rows), values, np.array(times, np.int64), first + rows)

    @property
    def label_counts(self) -> LabelCounts:
        """What became of all labels so far."""
        return self._join.counts
