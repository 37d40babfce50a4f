"""When a dataset's model is trained again: asked by alerts, decided by the findings, one run at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from modelvane.config import RetrainSection
from modelvane.errors import ModelvaneError, StoreError
from modelvane.events import Event, Kind
from modelvane.findings import Findings
from modelvane.retraining.earlier import Promoted, earlier_runs
from modelvane.retraining.evidence import Evidence, evidence_of
from modelvane.retraining.order import Order, name_run, tidy
from modelvane.retraining.outcome import Ended, read_outcome
from modelvane.retraining.pause import Pause
from modelvane.retraining.running import run

_log = logging.getLogger("modelvane.retraining")

_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a retrainer needs of the service; everything is called in the retrainer's own thread.

    Parameters
    ----------
    findings
        Gives the findings of now.
    period
        Gives the event times of the current rows, seconds since 1970, or ``None`` where there are none.
    keep
        Keeps an event, or raises `modelvane.errors.StoreError`.
    take_reference
        Takes the reference of a promoted model: its file, and the version, which may be empty. Or raises `StoreError`.
    clock
        Gives seconds since 1970.
    """

    findings: Callable[[], Findings]
    period: Callable[[], tuple[float, float] | None]
    keep: Callable[[Event], None]
    take_reference: Callable[[Path, str], None]
    clock: Callable[[], float] = time.time


class Retrainer:
    """Decides on retrains of one dataset, and runs them in a thread of its own.

    Alerts that come while one is considered, or runs, are answered by that one: a storm of alerts is one retrain.

    Parameters
    ----------
    dataset
        Its name.
    settings
        Of its retrains.
    config
        The config's file, if there is one.
    folder
        The config's folder: commands run there, and relative paths start there.
    around
        What it needs of the service.
    """

    def __init__(
        self,
        dataset: str,
        settings: RetrainSection,
        *,
        config: Path | None,
        folder: Path,
        around: Surroundings,
    ) -> None:
        self.dataset = dataset
        self.settings = settings
        self._config = config
        self._folder = folder.absolute()
        self._around = around
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._pause = Pause()
        self._last_refusal = ""
        self._firing: set[str] = set()
        self._unanswered: str | None = None

    def resume(self, events: Iterable[Event]) -> None:
        """Take up what the log says of earlier runs, and end what they left undone.

        Parameters
        ----------
        events
            Of this dataset, of `modelvane.retraining.earlier.KINDS`, the oldest first.
        """
        earlier = earlier_runs(events, rehearsals=self.settings.dry_run)
        self._pause = earlier.pause
        if earlier.unfinished is not None:
            self._begin(self._conclude_late, earlier.unfinished)
        elif earlier.promoted is not None:
            self._begin(self._take_reference, earlier.promoted)

    def wants(self, alert: str) -> bool:
        """Say whether an alert of this name asks for a retrain."""
        return alert in self.settings.alerts

    def ask(self, alert: str) -> None:
        """Consider a retrain, unless one is considered or runs; never waits."""
        self._firing.add(alert)
        self._begin(self._consider, alert)

    def forget(self, alert: str) -> None:
        """Take note that an alert is over: it asks no more, and is told of anew when it comes back."""
        self._firing.discard(alert)
        self._last_refusal = ""

    def ask_again(self) -> None:
        """Consider once more what was asked in vain, if the alert still fires: it may not be repeated for hours."""
        alert = self._unanswered
        if alert in self._firing:
            self._begin(self._consider, alert)

    def _begin(self, work: Callable[[Any], None], what: Any) -> None:
        with self._lock:
            if self._stop.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            # not a daemon: what runs is ended by `stop`, never left behind
            self._thread = threading.Thread(
                target=self._guarded, args=(work, what), name=f"modelvane-retrain-{self.dataset}"
            )
            self._thread.start()

    def stop(self) -> None:
        """End a run that is under way, and consider no other."""
        with self._lock:
            self._stop.set()
        self.wait()

    def wait(self) -> None:
        """Wait until nothing is considered and nothing runs."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _guarded(self, work: Callable[[Any], None], what: Any) -> None:
        try:
            work(what)
        except ModelvaneError as error:
            # the log does not take events, or the findings cannot be computed: the next alert tries again
            _log.warning("The retrain of %s: %s", self.dataset, error)
        except Exception:  # noqa: BLE001 - the thread has nobody else to tell
            _log.exception("The retrain of %s failed", self.dataset)

    def _consider(self, alert: str) -> None:
        self._unanswered = alert
        now = self._around.clock()
        if why := self._pause.reason(self.settings, now):
            self._refuse("cool-down", alert, why)
            return
        evidence = evidence_of(self._around.findings())
        if not evidence:
            self._refuse("findings", alert, evidence.why)
            return
        if self._stop.is_set():
            return
        self._last_refusal = ""
        order = self._order(alert, now)
        if self.settings.dry_run:
            self._tell(
                Kind.RETRAIN_REHEARSED,
                f"{alert} would have started a retrain (dry run): {evidence.why}",
                self._about(order, evidence),
            )
            self._answered(now)
            return
        self._start(order, evidence, now)

    def _answered(self, at: float) -> None:
        self._pause, self._unanswered = Pause(at), None

    def _refuse(self, reason: str, alert: str, why: str) -> None:
        # what was said is not said again for each of many alerts
        if reason == self._last_refusal:
            return
        self._tell(
            Kind.RETRAIN_SKIPPED, f"{alert} started no retrain: {why}", {"alert": alert, "reason": reason}
        )
        self._last_refusal = reason

    def _order(self, alert: str, now: float) -> Order:
        since, until = self._around.period() or (None, None)
        return Order(
            run=name_run(self.dataset, now),
            dataset=self.dataset,
            config=self._config,
            alert=alert,
            since=since,
            until=until,
            folder=self._folder / self.settings.folder,
        )

    def _about(self, order: Order, evidence: Evidence) -> dict[str, Any]:
        return {
            "run": order.run,
            **order.parameters(),
            "command": self.settings.command,
            "deployment": self.settings.deployment,
            "evidence": evidence.to_dict(),
        }

    def _start(self, order: Order, evidence: Evidence, now: float) -> None:
        # before it starts: what the log does not keep would start again after a restart
        self._tell(
            Kind.RETRAIN_STARTED,
            f"{order.alert} started a retrain: {evidence.why}",
            self._about(order, evidence),
        )
        self._answered(now)
        try:
            order.folder.mkdir(parents=True, exist_ok=True)
            tidy(order.folder, self.dataset)
            ended = run(self.settings, order, folder=self._folder, stop=self._stop)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has an end in the log
            ended = Ended(f"{type(error).__name__}: {error}")
        self._conclude(order.run, order.outcome, order.output, ended)
        # what came too early was no answer
        self._unanswered = order.alert if self._pause.was_early else None

    def _conclude(self, run: str, file: Path, output: Path, ended: Ended) -> None:
        """Say how a run ended, and take what came of it."""
        about: dict[str, Any] = {"run": run, "output": str(output), "said": ended.said}
        tell = partial(self._tell, Kind.RETRAIN_FAILED, details=about)
        # what is in the file was decided, whatever happened to the run afterwards
        if ended.fault is not None and not file.exists():
            self._until_kept(partial(tell, f"The retrain failed: {ended.fault}"))
            return
        try:
            outcome = read_outcome(file, ended.answer)
        except ModelvaneError as error:
            self._until_kept(partial(tell, f"The retrain failed: {ended.fault or error}"))
            return
        # for the next start, should the log not take what follows before
        if not file.exists():
            with suppress(OSError):
                outcome.save(file)
        about["outcome"] = outcome.to_dict()
        kind, what = Kind.CHAMPION_KEPT, f"The champion stays{outcome.scores}"
        if outcome.promoted:
            version = f" {outcome.version}" if outcome.version else ""
            kind, what = Kind.MODEL_PROMOTED, f"Model{version} was promoted{outcome.scores}"
        self._until_kept(partial(self._tell, kind, what, about))
        self._pause = replace(self._pause, was_early=outcome.not_yet)
        if outcome.promoted and outcome.reference is not None:
            self._take_reference(Promoted(outcome.reference, outcome.version))

    def _conclude_late(self, begun: Event) -> None:
        """Say how a run ended whose end nobody saw: by its outcome, if it leaves one in its time."""
        name, timeout = str(begun.details["run"]), self.settings.timeout_seconds
        folder = self._folder / self.settings.folder
        outcome, output = folder / f"{name}.outcome.json", folder / f"{name}.log"
        # its process may have outlived the service's
        left = begun.at + timeout - self._around.clock()
        deadline = time.monotonic() + min(left, timeout)
        while not outcome.exists() and time.monotonic() < deadline:
            if self._stop.wait(_LOOK_SECONDS):
                return
        self._conclude(name, outcome, output, Ended("the service ended before it did"))

    def _take_reference(self, promoted: Promoted) -> None:
        file = self._folder / promoted.reference
        self._until_kept(partial(self._around.take_reference, file, promoted.version))

    def _until_kept(self, work: Callable[[], None]) -> None:
        """Do what the log has to keep, again until it does: what a retrain did is not undone by a log that is down."""
        is_told = False
        while True:
            try:
                work()
            except StoreError as error:
                if not is_told:
                    _log.warning("The retrain of %s waits for the log: %s", self.dataset, error)
                    is_told = True
                if self._stop.wait(_AGAIN_SECONDS):
                    raise
            else:
                return

    def _tell(self, kind: Kind, what: str, details: dict[str, Any]) -> None:
        self._around.keep(Event(kind, self._around.clock(), self.dataset, what, details))
