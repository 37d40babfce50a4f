"""Which reference and which champion hold for a dataset: the config's, or those that were taken since."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from modelvane.config import Config
from modelvane.errors import ReferenceFileError
from modelvane.events import Kind
from modelvane.settings import Settings
from modelvane.store.protocol import Log


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


def standing_of(log: Log, config: Config, dataset: str, *, before: float | None = None) -> Standing:
    """Read from the log which reference was taken last.

    A `reference_file` that has changed since is the newer decision, and holds; so is another `versions.champion`.

    Parameters
    ----------
    before
        Seconds since 1970: what was taken then or later does not count.

    Raises
    ------
    ReferenceFileError
        When the reference that was taken is gone, or another.
    """
    switches = log.read_events(dataset, kinds=[Kind.REFERENCE_SWITCHED], limit=1 if before is None else None)
    [*_, event] = [None, *(each for each in switches if before is None or each.at < before)]
    if event is None or event.details["configured"] != hash_of(config.reference_file(dataset)):
        return Standing()
    file = Path(event.details["file"])
    if hash_of(file) != event.details["hash"]:
        raise ReferenceFileError(
            f"The reference of {dataset!r} that was taken last is {'another' if file.exists() else 'gone'}: {file}",
            expected=f"the file with the BLAKE2b hash {event.details['hash']}",
            remedy="Put it back, or let datasets.<name>.reference_file name another, which then is taken",
        )
    is_as_configured = event.details.get("configured_champion") == configured_champion(config, dataset)
    return Standing(file, event.details["after"], event.details.get("champion") if is_as_configured else None)


def configured_champion(config: Config, dataset: str) -> str | None:
    """Give the champion that the config names; ``None`` where it asks for no comparison."""
    versions = config.datasets[dataset].versions
    return None if versions is None else versions.champion


def settings_with(config: Config, dataset: str, champion: str | None) -> Settings:
    """Give how a dataset is watched, with a champion in place of the one that the config names."""
    settings = config.settings(dataset)
    if champion is None or settings.versions is None:
        return settings
    return replace(settings, versions=replace(settings.versions, champion=champion))


def hash_of(file: Path) -> str | None:
    """Give a hash of a file's content; ``None`` where there is none."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except (OSError, IsADirectoryError):
        return None
