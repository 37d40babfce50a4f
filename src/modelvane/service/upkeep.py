"""What a service does from time to time: findings and verdicts are kept, retrains asked for again, old rows removed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from functools import partial

from modelvane.config.service import Retention
from modelvane.errors import ModelvaneError, StoreError
from modelvane.service.watch import Watch
from modelvane.store.writer import GroupCommit

_log = logging.getLogger("modelvane.service")

# between rounds that nobody asked for: the history is drawn, and verdicts and findings are kept
_TICK_SECONDS = 15.0
_RETENTION_SECONDS = 600.0


class Upkeep:
    """Does what is due, each in its own turns.

    Parameters
    ----------
    watches
        Whose findings and verdicts are kept.
    writer
        Gives the one writer of the log, or raises `modelvane.errors.StoreError`.
    retention
        How long rows are kept.

    Attributes
    ----------
    faults
        What went wrong in the last turn, by what was done.
    rows_removed
        From the log, so far.
    """

    def __init__(
        self, watches: Collection[Watch], writer: Callable[[], GroupCommit], retention: Retention
    ) -> None:
        self.faults: dict[str, str] = {}
        self.rows_removed = 0
        self._watches = watches
        self._writer = writer
        self._retention = retention
        self._failures = 0

    def begin(self, ask_again: Callable[[], None]) -> Sequence[asyncio.Task[None]]:
        """Begin the turns of everything, and of asking for retrains again; give the tasks, to be cancelled."""
        return [
            asyncio.create_task(self._every(_TICK_SECONDS, "findings", self.keep)),
            asyncio.create_task(self._every(_TICK_SECONDS, "retrains", ask_again)),
            asyncio.create_task(self._every(_RETENTION_SECONDS, "retention", self._retain)),
        ]

    async def _every(self, seconds: float, name: str, work: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(seconds)
            await loop.run_in_executor(None, self.tick, name, work)

    def tick(self, name: str, work: Callable[[], None]) -> None:
        """Do what is due; a fault is said in /readyz until the next turn does better."""
        try:
            work()
            self.faults.pop(name, None)
        except StoreError as error:
            # the probe says it, and when it is over
            self.faults.pop(name, None)
            _log.info("%s", error)
        except ModelvaneError as error:
            self.faults[name] = str(error)
            _log.warning("%s", error)
        except Exception as error:  # noqa: BLE001 - without this turn there would be no next
            self.faults[name] = f"The {name} failed: {error!r}"
            _log.exception("The %s failed", name)

    def keep(self) -> None:
        """Evaluate what has news, and keep its findings and verdicts; after a failure, try the log again."""
        failures = self._writer().counters.failures
        failed, self._failures = failures != self._failures, failures
        for watch in self._watches:
            name = f"findings of {watch.name}"
            # one dataset that fails takes no other's findings along
            self.tick(name, partial(self._keep_one, watch, again=failed or name in self.faults))

    def _keep_one(self, watch: Watch, *, again: bool) -> None:
        if watch.has_news():
            watch.latest()
            self._writer().submit_findings(watch.history[-1]).result()
        elif not again:
            return
        self._writer().submit_snapshot(watch.name, watch.snapshot()).result()

    def _retain(self) -> None:
        keep = self._retention
        age = None if keep.days is None else keep.days * 86_400
        size = None if keep.megabytes is None else int(keep.megabytes * 2**20)
        if age is None and size is None:
            return
        more = True
        while more:
            removed = self._writer().submit_retention(max_age_seconds=age, max_bytes=size).result()
            self.rows_removed += removed.rows
            more = removed.more
