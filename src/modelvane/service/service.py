"""The service without HTTP: datasets, log, writer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from modelvane.config import Config
from modelvane.errors import ModelvaneError, StoreError
from modelvane.service.apart import EvaluationProcess
from modelvane.service.background import Evaluator
from modelvane.service.events import EventBook
from modelvane.service.health import TRY_SECONDS, Probe, fault_of
from modelvane.service.opening import make_watch, open_log_of, ruling_of, standing_now
from modelvane.service.pace import Pace
from modelvane.service.references import References
from modelvane.service.retrains import Retrains
from modelvane.service.switching import begun
from modelvane.service.upkeep import Upkeep
from modelvane.service.watch import Watch
from modelvane.standing import Standing, standing_of
from modelvane.store.protocol import Log, LogDownError
from modelvane.store.writer import Counters, GroupCommit

_log = logging.getLogger("modelvane.service")


class Service:
    """Everything that a config names, in one process, its windows warm from the log.

    A log that is down when the service starts is waited for: nothing is acknowledged and `trouble` says why, until it
    comes and the windows are warm. What waiting does not cure, such as a wrong password, ends the start.

    Parameters
    ----------
    config
        What to watch.
    progress
        Called with a sentence when something that takes a while begins.
    apart
        Evaluate in a process of its own.
    """

    def __init__(
        self,
        config: Config,
        *,
        progress: Callable[[str], None] = lambda _what: None,
        clock: Callable[[], float] = time.time,
        apart: bool = False,
    ) -> None:
        self.config = config
        self.started_at = clock()
        self._progress = progress
        self._clock = clock
        self._evaluator = Evaluator(EvaluationProcess(config.measures, config.folder) if apart else None)
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="modelvane-keep")
        self._turned: set[str] = set()
        self._writer: GroupCommit | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._warm: set[str] = set()
        self._rows_before = 0
        self._absence: StoreError | None = None
        self._standings: dict[str, Standing | None] = {}
        self.pace = Pace()
        self.book = EventBook(lambda: self.writer)
        self.log: Log = open_log_of(config)
        try:
            self.watches = {name: self._watch(name) for name in config.datasets}
            self.references = References(config, self.watches, lambda: self.writer, self.book, clock=clock)
            self.retrains = Retrains(config, self.watches.values(), self.book, self.references, clock=clock)
            self.upkeep = Upkeep(self.watches.values(), lambda: self.writer, config.service.retention)
            self._take_up_log()
        except LogDownError as error:
            self._absence = error
            progress(f"Waiting for the log. {error}")
        except BaseException:
            self._close_all()
            raise

    def _watch(self, name: str) -> Watch:
        self._progress(f"Reading the reference of {name}")
        standing = self._standings[name] = standing_now(self.log, self.config, name)
        return make_watch(
            self.config,
            name,
            standing or Standing(),
            self.log,
            self._evaluator,
            clock=self._clock,
            turned=self._keep_verdicts,
        )

    def _take_up_log(self) -> None:
        """Open every dataset in the log, and fill its windows from there; those that are done are done."""
        for name, watch in self.watches.items():
            if name in self._warm:
                continue
            standing = standing_of(self.log, self.config, name)
            if standing.file is not None and self._standings[name] is None:
                # the log was not there to say so when the watch was made
                watch.begin_with(*ruling_of(self.config, name, standing, clock=self._clock))
            self.log.open(name, watch.monitor.reference.schema)
            rows = self.log.count(name)
            if rows:
                self._progress(f"Warming up {name} from the log")
            watch.warm_up(standing.after)
            file = standing.file or self.config.reference_file(name)
            event = begun(self.log, name, watch.monitor.reference, file, self._clock())
            if event is not None:
                self.log.append_events([event])
            self._rows_before += rows
            self._warm.add(name)
        self.book.load(self.log)
        self.retrains.load(self.log)

    def trouble(self) -> str | None:
        """Say why rows cannot be acknowledged, or what else is wrong; ``None`` when all is well."""
        if self._writer is None:
            return str(self._absence) if self._absence else "The service is starting or stopping"
        fault = fault_of(self._writer.counters)
        return fault or "; ".join(self.upkeep.faults.values()) or None

    @property
    def takes_rows(self) -> bool:
        """Whether the log keeps what comes now, as far as is known."""
        return self._writer is not None and fault_of(self._writer.counters) is None

    @property
    def counters(self) -> Counters:
        """What the writer did so far; nothing before there is one."""
        return Counters() if self._writer is None else self._writer.counters

    @property
    def log_rows(self) -> int:
        """Rows in the log, counted here: the log may be slow, or down, when someone asks."""
        taken = sum(watch.traffic.rows for watch in self.watches.values())
        return self._rows_before + taken - self.upkeep.rows_removed

    @property
    def writer(self) -> GroupCommit:
        """The one writer of the log.

        Raises
        ------
        StoreError
            Before `start` and after `stop`, and while the log is waited for.
        """
        if self._writer is None and self._absence is not None:
            raise LogDownError(str(self._absence))
        if self._writer is None:
            raise StoreError("The service is starting or stopping", remedy="Send it again in a moment")
        return self._writer

    async def start(self) -> None:
        """Begin to take rows, now or when the log is there."""
        if self._absence is None:
            self._begin()
        else:
            self._tasks = [asyncio.create_task(self._await_log())]

    async def _await_log(self) -> None:
        loop = asyncio.get_running_loop()
        while self._absence is not None:
            await asyncio.sleep(TRY_SECONDS)
            try:
                await loop.run_in_executor(None, self._take_up_log)
            except ModelvaneError as error:
                # the service runs: what waiting does not cure is for people to see, and may be cured without a start
                if str(error) != str(self._absence):
                    _log.warning("Waiting for the log. %s", error)
                self._absence = error if isinstance(error, StoreError) else StoreError(str(error))
            else:
                self._absence = None
        _log.warning("The log is there")
        self._begin()

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        limits = self.config.service.limits
        # with full durability a commit waits for the disk, elsewhere for the network: not in the event loop
        is_quick = self.log.is_embedded and self.config.service.durability == "normal"
        self._writer = GroupCommit(
            self.log,
            max_rows=limits.queue_rows,
            max_bytes=limits.queue_bytes,
            deliver=loop.call_soon_threadsafe,
            soon=self.pace.soon if is_quick else None,
        )
        probe = Probe(self._writer, self._write_something, asks_when_idle=not self.log.is_embedded)
        self._tasks += [
            asyncio.create_task(probe.run()),
            *self.upkeep.begin(self.retrains.ask_again),
        ]
        self.retrains.resume()

    async def stop(self) -> None:
        """Finish what was accepted, keep the verdicts, and give everything back; a second call does nothing."""
        self._absence = None
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        # while there is a writer: how they ended is kept
        await asyncio.get_running_loop().run_in_executor(None, self.retrains.stop)
        writer, self._writer = self._writer, None
        if writer is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._close, writer)
        self._close_all()

    def _close_all(self) -> None:
        self._keeper.shutdown()
        self._evaluator.close()
        self.log.close()

    def _close(self, writer: GroupCommit) -> None:
        kept = []
        # a store that is full or down must not keep the service from ending: the rows are what was promised
        with suppress(StoreError):
            watches = () if isinstance(writer.counters.fault, LogDownError) else self.watches.values()
            kept = [writer.submit_snapshot(watch.name, watch.snapshot()) for watch in watches]
        writer.close()
        for error in filter(None, (future.exception() for future in kept)):
            _log.warning("The verdicts were not kept: %s", error)

    def _keep_verdicts(self, watch: Watch) -> None:
        """Keep verdicts that turned, so that they hold after `kill -9` too; nobody waits for it, or for the log."""
        if watch.name not in self._turned:
            self._turned.add(watch.name)
            # at the end there is no keeper, and all verdicts are kept
            with suppress(RuntimeError):
                self._keeper.submit(self._keep_turned, watch)

    def _keep_turned(self, watch: Watch) -> None:
        self._turned.discard(watch.name)
        with suppress(StoreError):
            self.writer.submit_snapshot(watch.name, watch.snapshot())

    def _write_something(self) -> Future[None]:
        """Keep a dataset's verdicts: as good a write as any, asked for only while the log takes none."""
        name, watch = next(iter(self.watches.items()))
        return self.writer.call(lambda log: log.save_snapshot(name, watch.snapshot()), rows=0)
