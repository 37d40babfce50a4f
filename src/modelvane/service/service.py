"""The service without HTTP: datasets, log, writer, and what is done from time to time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from modelvane.compatible import EXTRA, Compatible
from modelvane.config import Config
from modelvane.errors import ModelvaneError, StoreError
from modelvane.monitor import Monitor
from modelvane.references import check_settings, load_reference
from modelvane.service.background import Evaluator
from modelvane.service.watch import Watch
from modelvane.store import open_log
from modelvane.store.protocol import Log
from modelvane.store.writer import GroupCommit

_log = logging.getLogger("modelvane.service")

# between rounds that nobody asked for: the history is drawn, and verdicts and findings are kept
_TICK_SECONDS = 15.0
_RETENTION_SECONDS = 600.0


class Service:
    """Everything that a config names, in one process, its windows warm from the log.

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
        self.faults: dict[str, str] = {}
        self._progress = progress
        self._clock = clock
        self._evaluator = Evaluator()
        self.log: Log = open_log(_located(config), durability=config.service.durability)
        try:
            self.watches = {name: self._watch(name) for name in config.datasets}
        except BaseException:
            self._evaluator.close()
            self.log.close()
            raise
        self._writer: GroupCommit | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._failures = 0

    def _watch(self, name: str) -> Watch:
        config = self.config
        section = config.datasets[name]
        self._progress(f"Reading the reference of {name}")
        reference = load_reference(config, name)
        check_settings(config, name, reference)
        monitor = Monitor(name, reference, config.settings(name), clock=self._clock)
        self.log.open(name, reference.schema)
        compatible = Compatible(reference, section) if EXTRA in reference.extras else None
        watch = Watch(
            monitor,
            self.log,
            self._evaluator,
            compatible=compatible,
            period=config.service.calculation_period_sec,
            clock=self._clock,
            turned=self._keep_verdicts,
        )
        if self.log.last(name)[0]:
            self._progress(f"Warming up {name} from the log")
        watch.warm_up()
        return watch

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
        """Begin to take rows."""
        loop = asyncio.get_running_loop()
        limits = self.config.service.limits
        self._writer = GroupCommit(
            self.log,
            max_rows=limits.queue_rows,
            max_bytes=limits.queue_bytes,
            deliver=loop.call_soon_threadsafe,
            # with full durability a commit waits for the disk, and must not stop the event loop
            soon=loop.call_soon if self.config.service.durability == "normal" else None,
        )
        self._tasks = [
            asyncio.create_task(self._every(_TICK_SECONDS, "findings", self._keep)),
            asyncio.create_task(self._every(_RETENTION_SECONDS, "retention", self._retain)),
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
            await asyncio.get_running_loop().run_in_executor(None, self._close, writer)
        self._evaluator.close()
        self.log.close()

    def _close(self, writer: GroupCommit) -> None:
        kept = []
        # a store that is full or down must not keep the service from ending: the rows are what was promised
        with suppress(StoreError):
            kept = [writer.submit_snapshot(watch.name, watch.snapshot()) for watch in self.watches.values()]
        writer.close()
        for error in filter(None, (future.exception() for future in kept)):
            _log.warning("The verdicts were not kept: %s", error)

    async def _every(self, seconds: float, name: str, work: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(seconds)
            await loop.run_in_executor(None, self._tick, name, work)

    def _tick(self, name: str, work: Callable[[], None]) -> None:
        """Do what is due; a fault is said in /readyz until the next turn does better."""
        try:
            work()
            self.faults.pop(name, None)
        except ModelvaneError as error:
            self.faults[name] = str(error)
            _log.warning("%s", error)
        except Exception as error:  # noqa: BLE001 - without this turn there would be no next
            self.faults[name] = f"The {name} failed: {error!r}"
            _log.exception("The %s failed", name)

    def _keep(self) -> None:
        """Evaluate what has news, and keep its findings and verdicts; after a failure, try the log again."""
        failures = self.writer.counters.failures
        failed, self._failures = failures != self._failures, failures
        for watch in self.watches.values():
            name = f"findings of {watch.name}"
            # one dataset that fails takes no other's findings along
            self._tick(name, partial(self._keep_one, watch, again=failed or name in self.faults))

    def _keep_one(self, watch: Watch, *, again: bool) -> None:
        if watch.has_news():
            watch.latest()
            self.writer.submit_findings(watch.history[-1]).result()
        elif not again:
            return
        self.writer.submit_snapshot(watch.name, watch.snapshot()).result()

    def _keep_verdicts(self, watch: Watch) -> None:
        """Keep verdicts that turned, so that they hold after `kill -9` too; nobody waits for it."""
        with suppress(StoreError):
            self.writer.submit_snapshot(watch.name, watch.snapshot())

    def _retain(self) -> None:
        keep = self.config.service.retention
        age = None if keep.days is None else keep.days * 86_400
        size = None if keep.megabytes is None else int(keep.megabytes * 2**20)
        if age is None and size is None:
            return
        while self.writer.submit_retention(max_age_seconds=age, max_bytes=size).result().more:
            pass


def _located(config: Config) -> str:
    """Give the store's URL with a relative path taken from the config's folder."""
    path = config.store_file
    if path is None:
        return config.service.store
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The folder of the log cannot be made: {path.parent}", received=str(error)
        ) from error
    return config.store_url
