"""Another reference while the service runs, and again after a restart: what is kept of it, and how it is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from modelvane.config import Config
from modelvane.errors import SchemaError
from modelvane.events import LASTING, Event, Kind
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.schema import Schema
from modelvane.standing import configured_champion, hash_of
from modelvane.store.protocol import Log
from modelvane.validity import Validity, history, told_of


class Champion(NamedTuple):
    """The version that others are compared with, and the one that the config names."""

    name: str
    configured: str


def champion_now(config: Config, dataset: str, *, told: str | None, before: Monitor) -> Champion | None:
    """Give whom versions are compared with after a switch: who was promoted with it, or else the one before.

    ``None`` where the config asks for no comparison.
    """
    configured, versions = configured_champion(config, dataset), before.settings.versions
    if configured is None or versions is None:
        return None
    return Champion(told or versions.champion, configured)


def history_of(log: Log, dataset: str) -> Sequence[Validity]:
    """Read from the log which references were valid when."""
    return history(log.read_events(dataset, kinds=LASTING))


def begun(log: Log, dataset: str, reference: Reference, file: Path, at: float) -> Event | None:
    """Give the event of a reference that windows begin to be compared with; ``None`` where the log has it."""
    known = history_of(log, dataset)
    if known and known[-1].digest == reference.digest:
        return None
    details = told_of(reference.digest, reference.rows, reference.period, file)
    what = f"Compared with reference {reference.digest} of {reference.rows} rows"
    return Event(Kind.REFERENCE_BEGUN, at, dataset, what, details)


def check_schema(dataset: str, before: Schema, after: Schema) -> None:
    """Check that rows on their way fit the new reference as they did the one before.

    Raises
    ------
    SchemaError
        With every column that is another.
    """
    old, new = ({column.name: column for column in schema} for schema in (before, after))
    differences = [
        f"{name}: {_told(old.get(name))} → {_told(new.get(name))}"
        for name in [*old, *(name for name in new if name not in old)]
        if _told(old.get(name)) != _told(new.get(name))
    ]
    if before.task is not after.task:
        differences.append(f"task: {before.task} → {after.task}")
    if before.segments != after.segments:
        was, now = ([each.plain() for each in schema.segments] for schema in (before, after))
        differences.append(f"segments: {was} → {now}")
    if before.positive != after.positive:
        differences.append(f"positive class: {before.positive!r} → {after.positive!r}")
    if differences:
        raise SchemaError(
            f"The new reference of {dataset!r} has another schema than the one before",
            received="; ".join(differences),
            expected="the same columns, each in its role and of its kind",
            remedy="Watch it as another dataset, or change the config's reference_file and start the service again",
        )


def _told(column: Any) -> str:
    return "not there" if column is None else " ".join(filter(None, (column.role, column.kind)))


def switched(
    dataset: str,
    file: Path,
    *,
    before: Reference,
    after: Reference,
    configured: Path,
    champion: Champion | None,
    keeps_rows: bool,
    at: float,
) -> Callable[[int], Event]:
    """Give the event of a switch, once the number of the last row before it is known."""
    rows = "the window's rows are counted anew" if keeps_rows else "the window starts empty"
    details = {
        **told_of(after.digest, after.rows, after.period, file),
        "hash": hash_of(file),
        "before": before.digest,
        "configured": hash_of(configured),
        "window": "keep" if keeps_rows else "empty",
    }
    what = f"Compared with reference {after.digest} of {after.rows} rows from now on; {rows}"
    if champion is not None:
        details |= {"champion": champion.name, "configured_champion": champion.configured}
        what += f", and other versions of the model are compared with {champion.name}"
    return lambda last: Event(Kind.REFERENCE_SWITCHED, at, dataset, what, details | {"after": last})
