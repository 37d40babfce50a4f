"""Which log a command is about: that of a config, or of a URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from modelvane.store import Log

_OPTIONS = (
    click.option("--config", type=click.Path(path_type=Path), help="The config.yaml whose log it is."),
    click.option("--store", help="Without a config: the log's URL, such as sqlite:///modelvane.db."),
)


def store_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which log is meant."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def store_of(config: Path | None, store: str | None) -> str:
    """Give the URL of the log that the options name.

    Raises
    ------
    click.UsageError
        When they name none, or two.
    ConfigError
        For a config that cannot be read.
    """
    if (config is None) == (store is None):
        raise click.UsageError("Give --config or --store, one of them.")
    if config is None:
        return str(store)
    from modelvane.config import Config  # noqa: PLC0415 - pydantic, not for --help

    return Config.load(config).store_url


@contextmanager
def opened(url: str, *, read_only: bool = False) -> Iterator[Log]:
    """Open a log for as long as a command needs it."""
    from modelvane.store import open_log  # noqa: PLC0415 - numpy and more, not for --help

    with closing(open_log(url, read_only=read_only)) as log:
        yield log


def datasets_of(log: Log, wanted: tuple[str, ...]) -> list[str]:
    """Give the datasets that were asked for, or all.

    Raises
    ------
    UnknownNameError
        When the log has none of that name.
    """
    from modelvane.errors import UnknownNameError  # noqa: PLC0415 - as above

    known = log.datasets()
    for name in wanted:
        if name not in known:
            raise UnknownNameError.of("dataset", name, known)
    return list(wanted or known)
