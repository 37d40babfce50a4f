"""Another reference while the service runs, and again after a restart: what is kept of it, and how it is taken."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from modelvane.config import Config
from modelvane.errors import ReferenceFileError, SchemaError
from modelvane.events import LASTING, Event, Kind
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.references import check_settings, load_reference
from modelvane.schema import Schema
from modelvane.store.protocol import Log
from modelvane.validity import Validity, history, told_of


@dataclass(frozen=True, slots=True)
class Standing:
    """Which reference a dataset is compared with, and from where on its rows count.

    Parameters
    ----------
    file
        Of the reference, or ``None`` for the one that the config names.
    after
        Sequence number of the last row before: it and those before it were predicted by another model.
    champion
        The version of the model that other versions are compared with, or ``None`` for the one that the config names.
    """

    file: Path | None = None
    after: int = 0
    champion: str | None = None


class Champion(NamedTuple):
    """The version that others are compared with, and the one that the config names."""

    name: str
    configured: str


def standing_of(log: Log, config: Config, dataset: str) -> Standing:
    """Read from the log which reference was taken last.

    A `reference_file` that has changed since is the newer decision, and holds; so is another `versions.champion`.

    Raises
    ------
    ReferenceFileError
        When the reference that was taken is gone, or another.
    """
    [*_, event] = [None, *log.read_events(dataset, kinds=[Kind.REFERENCE_SWITCHED], limit=1)]
    if event is None or event.details["configured"] != hash_of(config.reference_file(dataset)):
        return Standing()
    file = Path(event.details["file"])
    if hash_of(file) != event.details["hash"]:
        raise ReferenceFileError(
            f"The reference of {dataset!r} that was taken last is {'another' if file.exists() else 'gone'}: {file}",
            expected=f"the file with the BLAKE2b hash {event.details['hash']}",
            remedy="Put it back, or let datasets.<name>.reference_file name another, which then is taken",
        )
    is_as_configured = event.details.get("configured_champion") == _configured_champion(config, dataset)
    return Standing(file, event.details["after"], event.details.get("champion") if is_as_configured else None)


def champion_now(config: Config, dataset: str, *, told: str | None, before: Monitor) -> Champion | None:
    """Give whom versions are compared with after a switch: who was promoted with it, or else the one before.

    ``None`` where the config asks for no comparison.
    """
    configured, versions = _configured_champion(config, dataset), before.settings.versions
    if configured is None or versions is None:
        return None
    return Champion(told or versions.champion, configured)


def _configured_champion(config: Config, dataset: str) -> str | None:
    versions = config.datasets[dataset].versions
    return None if versions is None else versions.champion


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


def load_standing(config: Config, dataset: str, file: Path | None) -> Reference:
    """Read or build the reference in a file as the dataset's settings say, or the one that the config names."""
    if file is not None:
        section = config.dataset(dataset).model_copy(update={"reference_file": file})
        config = config.model_copy(update={"datasets": {**config.datasets, dataset: section}})
    reference = load_reference(config, dataset)
    check_settings(config, dataset, reference)
    return reference


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


def hash_of(file: Path) -> str | None:
    """Give a hash of a file's content; ``None`` where there is none."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except (OSError, IsADirectoryError):
        return None


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
