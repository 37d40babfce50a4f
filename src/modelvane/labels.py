"""Ground truth that comes late, early, twice or never: joined to its prediction by id."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from modelvane.casting import canonical, is_missing
from modelvane.times import NO_TIME, microseconds


@dataclass(slots=True)
class LabelCounts:
    """What became of labels.

    Parameters
    ----------
    matched
        Joined to a prediction.
    early
        Came before their prediction, and wait for it.
    repeated
        Said again what was known.
    changed
        Said something else than before; the later one counts.
    forgotten
        Waited for a prediction until newer early labels took their place.
    without_id
        Cannot be joined.
    without_target
        Say nothing: their target is ``None`` or NaN.
    """

    matched: int = 0
    early: int = 0
    repeated: int = 0
    changed: int = 0
    forgotten: int = 0
    without_id: int = 0
    without_target: int = 0

    def __iadd__(self, other: LabelCounts) -> Self:
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name) + getattr(other, f.name))
        return self


@dataclass(frozen=True, slots=True)
class Label:
    """One label: the target, and when it became known (microseconds since 1970)."""

    id: str
    target: Any
    time: int


def labels_of(
    ids: Sequence[object], targets: Sequence[Any], times: Sequence[object] | None, now: int
) -> tuple[list[Label], LabelCounts]:
    """Give labels with canonical ids, and how many are none: without an id, or, of the others, without a target.

    Parameters
    ----------
    times
        When each became known (see `modelvane.times.as_times`); ``now`` where that is not said.
    now
        Microseconds since 1970.
    """
    labels, lost = [], LabelCounts()
    for i, (raw, target) in enumerate(zip(ids, targets, strict=True)):
        id_ = canonical(raw)
        if id_ is None:
            lost.without_id += 1
        elif is_missing(target):
            lost.without_target += 1
        else:
            at = microseconds(times[i]) if times is not None else NO_TIME
            labels.append(Label(id_, target, now if at == NO_TIME else at))
    return labels, lost


@dataclass(frozen=True, slots=True)
class Joined:
    """A label and the position of its prediction."""

    position: int
    label: Label


class LabelJoin:
    """Joins labels to the predictions that are still remembered.

    Parameters
    ----------
    horizon
        Predictions remembered; labels for older ones are early for ever, unless their rows are looked up elsewhere.
    """

    def __init__(self, horizon: int) -> None:
        self._horizon = horizon
        self._positions: dict[str | None, int] = {}
        self._order: deque[str | None] = deque()
        # predictions by the block, each with the position of its first, that no label was looked up in yet: of a
        # stream without labels none ever is
        self._blocks: deque[tuple[int, Sequence[str | None]]] = deque()
        self._in_blocks = 0
        self._early: OrderedDict[str, Label] = OrderedDict()
        self._known: dict[str | None, Any] = {}
        self.counts = LabelCounts()

    def __contains__(self, id: object) -> bool:  # noqa: A002 - the role's own name
        self._index()
        return id is not None and id in self._positions

    @property
    def waiting(self) -> int:
        """Early labels whose prediction has not come."""
        return len(self._early)

    def awaits(self, ids: Sequence[str | None]) -> bool:
        """Say whether a label of any of these predictions was there first."""
        return bool(self._early) and not self._early.keys().isdisjoint(ids)

    def predicted(self, ids: Sequence[str | None], first: int) -> list[Joined]:
        """Remember predictions; give those whose label was there first.

        Parameters
        ----------
        ids
            One for each row, canonical; ``None`` where a row has none.
        first
            Position of the first of these rows.
        """
        self._blocks.append((first, ids))
        self._in_blocks += len(ids)
        joined = []
        for position, id_ in enumerate(ids, first) if self._early else ():
            label = self._early.pop(id_, None) if id_ is not None else None
            if label is not None:
                self.counts.matched += 1
                self._known[label.id] = label.target
                joined.append(Joined(position, label))
        self._forget()
        return joined

    def _index(self) -> None:
        """Make every prediction one that can be looked up."""
        while self._blocks:
            first, ids = self._blocks.popleft()
            self._positions.update(zip(ids, range(first, first + len(ids)), strict=True))
            self._order.extend(ids)
        self._in_blocks = 0
        self._forget()

    def labelled(self, labels: Sequence[Label]) -> tuple[list[Joined], list[Joined], LabelCounts]:
        """Join labels; give the new ones, those that changed, and what became of all."""
        new: dict[str, Joined] = {}
        changed: list[Joined] = []
        counts = LabelCounts()
        self._index()
        for label in labels:
            position = self._positions.get(label.id)
            if position is None:
                self._wait(label, counts)
            elif label.id not in self._known:
                counts.matched += 1
                self._known[label.id] = label.target
                new[label.id] = Joined(position, label)
            elif _same(self._known[label.id], label.target):
                counts.repeated += 1
            else:
                counts.changed += 1
                self._known[label.id] = label.target
                if label.id in new:
                    new[label.id] = Joined(position, label)
                else:
                    changed.append(Joined(position, label))
        self.counts += counts
        return list(new.values()), changed, counts

    def told(self, targets: Mapping[str | None, Any]) -> None:
        """Remember targets that came in their own rows, so that a label for one of these is no second truth."""
        self._index()
        self._known.update((id_, target) for id_, target in targets.items() if id_ in self._positions)

    def _wait(self, label: Label, counts: LabelCounts) -> None:
        before = self._early.pop(label.id, None)
        if before is None:
            counts.early += 1
        elif _same(before.target, label.target):
            counts.repeated += 1
        else:
            counts.changed += 1
        self._early[label.id] = label
        if len(self._early) > self._horizon:
            self._early.popitem(last=False)
            counts.forgotten += 1

    def _forget(self) -> None:
        # an id is remembered once at most, so the oldest rows' ids are nobody else's
        beyond = len(self._order) + self._in_blocks - self._horizon
        leaving = [self._order.popleft() for _ in range(min(beyond, len(self._order)))]
        if not self._order:
            self._forget_blocks()
        for id_ in leaving:
            self._positions.pop(id_, None)
        if self._known:
            for id_ in leaving:
                self._known.pop(id_, None)

    def _forget_blocks(self) -> None:
        # those that are old as a whole: the rest of the oldest is forgotten when it is indexed
        while self._blocks and self._in_blocks - len(self._blocks[0][1]) >= self._horizon:
            ids = self._blocks.popleft()[1]
            self._in_blocks -= len(ids)
            for id_ in ids if self._known else ():
                self._known.pop(id_, None)


def _same(one: object, other: object) -> bool:
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return canonical(one) == canonical(other) and isinstance(one, list | tuple) is isinstance(
        other, list | tuple
    )
