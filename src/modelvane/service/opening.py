"""What a config names, opened: its log, and the watch of each dataset."""

from __future__ import annotations

from collections.abc import Callable

from modelvane.compatible import EXTRA, Compatible
from modelvane.config import Config
from modelvane.errors import StoreError
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.references import load_reference
from modelvane.service.background import Evaluator
from modelvane.service.watch import Watch
from modelvane.standing import Standing, settings_with, standing_of
from modelvane.store import open_log
from modelvane.store.protocol import Log, LogDownError


def open_log_of(config: Config) -> Log:
    """Open the log that a config names, with a relative path taken from the config's folder.

    Raises
    ------
    StoreError
        When its folder cannot be made, or it cannot be opened.
    """
    path = config.store_file
    if path is None:
        return open_log(config.service.store, durability=config.service.durability)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The folder of the log cannot be made: {path.parent}", received=str(error)
        ) from error
    return open_log(config.store_url, durability=config.service.durability)


def standing_now(log: Log, config: Config, name: str) -> Standing | None:
    """Give which reference a dataset is compared with; ``None`` while the log cannot be asked."""
    try:
        return standing_of(log, config, name)
    except LogDownError:
        return None


def make_watch(
    config: Config,
    name: str,
    standing: Standing,
    log: Log,
    evaluator: Evaluator,
    *,
    clock: Callable[[], float],
    turned: Callable[[Watch], None],
) -> Watch:
    """Read the reference that a dataset is compared with, and begin to watch it, without rows yet."""
    monitor, compatible = ruling_of(config, name, standing, clock=clock)
    return Watch(
        monitor,
        log,
        evaluator,
        compatible=compatible,
        period=config.service.calculation_period_sec,
        clock=clock,
        turned=turned,
    )


def ruling_of(
    config: Config, name: str, standing: Standing, *, clock: Callable[[], float]
) -> tuple[Monitor, Compatible | None]:
    """Read the reference that a dataset is compared with, and give what compares its rows with it."""
    reference = load_reference(config, name, standing.file)
    return compared_with(config, name, reference, champion=standing.champion, clock=clock)


def compared_with(
    config: Config,
    name: str,
    reference: Reference,
    *,
    champion: str | None,
    clock: Callable[[], float],
) -> tuple[Monitor, Compatible | None]:
    """Give what compares a dataset's rows with a reference, and what computes the 2022 series if it can.

    Parameters
    ----------
    champion
        Whom other versions of the model are compared with, in place of the one that the config names.
    """
    monitor = Monitor(name, reference, settings_with(config, name, champion), clock=clock)
    return monitor, Compatible(reference, config.datasets[name]) if EXTRA in reference.extras else None
