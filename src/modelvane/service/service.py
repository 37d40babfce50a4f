"""The service without HTTP: datasets, log, writer, and what is done from time to time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from modelvane.config import Config
from modelvane.errors import ConfigError, ModelvaneError, StoreError, UnknownNameError
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.service.compatible import EXTRA, Compatible, facts_of
from modelvane.service.watch import Watch
from modelvane.store import open_log
from modelvane.store.protocol import Log
from modelvane.store.writer import GroupCommit
from modelvane.table import Table

_log = logging.getLogger("modelvane.service")

# between rounds that nobody asked for: the history is drawn, and verdicts and findings are kept
_TICK_SECONDS = 15.0
_RETENTION_SECONDS = 600.0


class Service:
    """Everything that a config names, in one process.

    Parameters
    ----------
    config
        What to watch.
    progress
        Called with a sentence when something that takes a while begins.
    """

    def __init__(
        self,
        config: Config,
        *,
        progress: Callable[[str], None] = lambda _what: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.started_at = clock()
        self.ready = False
        self.fault = ""
        self._progress = progress
        self._clock = clock
        self.log: Log = open_log(_located(config), durability=config.service.durability)
        try:
            self.watches = {name: self._watch(name) for name in config.datasets}
        except BaseException:
            self.log.close()
            raise
        self._writer: GroupCommit | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def _watch(self, name: str) -> Watch:
        config = self.config
        section = config.datasets[name]
        self._progress(f"Reading the reference of {name}")
        reference = load_reference(config, name)
        least = config.service.min_reference_size
        if reference.rows < least:
            raise ConfigError(
                f"The reference of {name!r} is too small",
                received=f"{reference.rows} rows",
                expected=f"{least} rows or more (service.min_reference_size)",
            )
        _check_thresholds(config, name, reference)
        monitor = Monitor(name, reference, config.settings(name), clock=self._clock)
        self.log.open(name, reference.schema)
        compatible = Compatible(reference, section) if EXTRA in reference.extras else None
        return Watch(
            monitor,
            self.log,
            compatible=compatible,
            period=config.service.calculation_period_sec,
            clock=self._clock,
        )

    @property
    def writer(self) -> GroupCommit:
        """The one writer of the log.

        Raises
        ------
        StoreError
            Before `start` and after `stop`.
        """
        if self._writer is None:
            raise StoreError("The service is starting or stopping", remedy="Send it again in a moment")
        return self._writer

    async def start(self) -> None:
        """Warm the windows up from the log and begin to take rows."""
        loop = asyncio.get_running_loop()
        for watch in self.watches.values():
            self._progress(f"Warming up {watch.name} from the log")
            await loop.run_in_executor(None, watch.warm_up)
        limits = self.config.service.limits
        self._writer = GroupCommit(
            self.log,
            max_rows=limits.queue_rows,
            max_bytes=limits.queue_bytes,
            deliver=loop.call_soon_threadsafe,
        )
        self._tasks = [
            asyncio.create_task(self._every(_TICK_SECONDS, self._keep)),
            asyncio.create_task(self._every(_RETENTION_SECONDS, self._retain)),
        ]
        self.ready = True

    async def stop(self) -> None:
        """Finish what was accepted, keep the verdicts, and give everything back; a second call does nothing."""
        self.ready = False
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        writer, self._writer = self._writer, None
        if writer is not None:
            for watch in self.watches.values():
                writer.submit_snapshot(watch.name, watch.snapshot())
            await asyncio.get_running_loop().run_in_executor(None, writer.close)
        self.log.close()

    async def _every(self, seconds: float, work: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(seconds)
            try:
                await loop.run_in_executor(None, work)
                self.fault = ""
            except ModelvaneError as error:
                self.fault = str(error)
                _log.warning("%s", error)

    def _keep(self) -> None:
        """Evaluate what has news, and keep its findings and verdicts."""
        for watch in self.watches.values():
            if watch.has_news():
                watch.latest()
                self.writer.submit_findings(watch.history[-1]).result()
                self.writer.submit_snapshot(watch.name, watch.snapshot()).result()

    def _retain(self) -> None:
        keep = self.config.service.retention
        age = None if keep.days is None else keep.days * 86_400
        size = None if keep.megabytes is None else int(keep.megabytes * 2**20)
        if age is None and size is None:
            return
        while self.writer.submit_retention(max_age_seconds=age, max_bytes=size).result().more:
            pass


def load_reference(config: Config, name: str) -> Reference:
    """Read or build the reference of one dataset.

    Raises
    ------
    ModelvaneError
        When there is no file, or it lacks a column that the config names.
    """
    section = config.datasets[name]
    path = config.reference_file(name)
    if path.suffix == ".mv":
        reference = Reference.load(path)
        if config.compat and EXTRA not in reference.extras:
            raise ConfigError(
                f"The reference {path} has no facts for `compat: evidently`",
                remedy="Name the data it was built from as reference_file",
            )
        return reference
    mapping = section.column_mapping
    table = _read(path, section.data_format.separator, header=section.data_format.header)
    reference = Reference.of(
        table,
        methods=config.settings(name).methods,
        target=mapping.target,
        prediction=mapping.prediction,
        id=mapping.id,
        time=mapping.datetime or section.date_column,
        numerical=mapping.numerical_features,
        categorical=mapping.categorical_features,
        segments=section.segments,
        task=mapping.task,
        positive=mapping.pos_label if "pos_label" in mapping.model_fields_set else None,
    )
    if not config.compat:
        return reference
    facts = facts_of(reference, reference.encode(table), mapping)
    return reference.with_extra(EXTRA, facts)


def _read(path: Path, separator: str, *, header: bool) -> Table:
    if path.suffix == ".csv":
        return Table.of_csv(path, separator=separator, header=header)
    return Table.of(path)


def _located(config: Config) -> str:
    """Give the store's URL with a relative path taken from the config's folder."""
    url = config.service.store
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url.startswith(prefix + "/"):
        return url
    path = (config.folder / url.removeprefix(prefix)).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"{prefix}{path}"


def _check_thresholds(config: Config, name: str, reference: Reference) -> None:
    for key in config.datasets[name].drift.columns:
        if key not in reference.schema:
            raise UnknownNameError.of("column", key, reference.schema.names)
