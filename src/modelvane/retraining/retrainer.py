"""When a dataset's model is trained again: asked by alerts, decided by the findings, one run at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelvane.config import RetrainSection
from modelvane.errors import ModelvaneError
from modelvane.events import Event, Kind
from modelvane.findings import Findings
from modelvane.retraining.command import run_command
from modelvane.retraining.evidence import Evidence, evidence_of
from modelvane.retraining.order import Order, tidy
from modelvane.retraining.outcome import Ended, Outcome, read_outcome

_log = logging.getLogger("modelvane.retraining")


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
        Takes the reference of a promoted model, from its file.
    clock
        Gives seconds since 1970.
    """

    findings: Callable[[], Findings]
    period: Callable[[], tuple[float, float] | None]
    keep: Callable[[Event], None]
    take_reference: Callable[[Path], None]
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
        self._last_start: float | None = None
        self._last_refusal = ""

    def resume(self, events: list[Event]) -> None:
        """Take up what the log says of earlier runs: when the last began, and whether the service saw its end.

        Parameters
        ----------
        events
            Of this dataset, the oldest first.
        """
        begun: Event | None = None
        for event in events:
            if event.kind in (Kind.RETRAIN_STARTED, Kind.RETRAIN_REHEARSED):
                self._last_start = event.at
            if event.kind is Kind.RETRAIN_STARTED:
                begun = event
            elif event.kind in (Kind.RETRAIN_FAILED, Kind.CHAMPION_KEPT, Kind.MODEL_PROMOTED):
                begun = None
        if begun is not None:
            self._begin(self._conclude_late, begun)

    def wants(self, alert: str) -> bool:
        """Say whether an alert of this name asks for a retrain."""
        return alert in self.settings.alerts

    def ask(self, alert: str) -> None:
        """Consider a retrain, unless one is considered or runs; never waits."""
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
            thread = self._thread
        if thread is not None:
            thread.join()

    def wait(self) -> None:
        """Wait until nothing is considered and nothing runs."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    # ---------------------------------------------------------------- one run

    def _guarded(self, work: Callable[[Any], None], what: Any) -> None:
        try:
            work(what)
        except ModelvaneError as error:
            # the log does not take events, or the findings cannot be computed: the next alert tries again
            _log.warning("The retrain of %s: %s", self.dataset, error)
        except Exception:  # noqa: BLE001 - the thread has nobody else to tell
            _log.exception("The retrain of %s failed", self.dataset)

    def _consider(self, alert: str) -> None:
        now = self._around.clock()
        since = None if self._last_start is None else now - self._last_start
        cooldown = self.settings.cooldown_seconds
        if since is not None and since < cooldown:
            why = f"the last one began {since:.0f} s ago, and the cool-down is {cooldown:g} s"
            self._refuse("cool-down", alert, why)
            return
        evidence = evidence_of(self._around.findings())
        if not evidence:
            self._refuse("findings", alert, evidence.why)
            return
        self._last_refusal = ""
        order = self._order(alert, now)
        if self.settings.dry_run:
            self._tell(
                Kind.RETRAIN_REHEARSED,
                f"{alert} would have started a retrain (dry run): {evidence.why}",
                self._about(order, evidence),
            )
            self._last_start = now
            return
        self._start(order, evidence, now)

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
        moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        return Order(
            run=f"{moment}-{''.join(c if c.isalnum() else '-' for c in self.dataset)}",
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
        self._last_start = now
        try:
            order.folder.mkdir(parents=True, exist_ok=True)
            tidy(order.folder)
            ended = self._run(order)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run has an end in the log
            ended = Ended(f"{type(error).__name__}: {error}")
        self._conclude(order.run, order.outcome, order.output, ended)

    def _run(self, order: Order) -> Ended:
        timeout = self.settings.timeout_seconds
        if self.settings.command is not None:
            return run_command(
                self.settings.command,
                order,
                folder=self._folder,
                env=self.settings.env,
                timeout=timeout,
                stop=self._stop,
            )
        assert self.settings.deployment is not None  # noqa: S101 - the config has exactly one of the two
        from modelvane.retraining.deployment import run_deployment  # noqa: PLC0415 - needs Prefect, an extra

        return run_deployment(self.settings.deployment, order, timeout=timeout, stop=self._stop)

    def _conclude(self, run: str, outcome_file: Path, output: Path, ended: Ended) -> None:
        about = {"run": run, "output": str(output), "said": ended.said}
        if ended.fault is not None:
            self._tell(Kind.RETRAIN_FAILED, f"The retrain failed: {ended.fault}", about)
            return
        try:
            outcome = read_outcome(outcome_file, ended.answer)
        except ModelvaneError as error:
            self._tell(Kind.RETRAIN_FAILED, f"The retrain failed: {error}", about)
            return
        self._take(outcome, about | {"outcome": outcome.to_dict()})

    def _take(self, outcome: Outcome, about: dict[str, Any]) -> None:
        scores = _scores(outcome)
        if not outcome.promoted:
            self._tell(Kind.CHAMPION_KEPT, f"The champion stays{scores}", about)
            return
        version = f" {outcome.version}" if outcome.version else ""
        self._tell(Kind.MODEL_PROMOTED, f"Model{version} was promoted{scores}", about)
        if outcome.reference is not None:
            self._around.take_reference(self._folder / outcome.reference)

    def _conclude_late(self, begun: Event) -> None:
        """Say how a run ended whose end nobody saw: by its outcome, if it left one."""
        run = str(begun.details["run"])
        folder = self._folder / self.settings.folder
        outcome, output = folder / f"{run}.outcome.json", folder / f"{run}.log"
        fault = None if outcome.exists() else "the service ended before it did"
        self._conclude(run, outcome, output, Ended(fault))

    def _tell(self, kind: Kind, what: str, details: dict[str, Any]) -> None:
        self._around.keep(Event(kind, self._around.clock(), self.dataset, what, details))


def _scores(outcome: Outcome) -> str:
    said = ""
    if outcome.champion is not None and outcome.challenger is not None:
        measure = f"{outcome.measure.replace('_', ' ')} " if outcome.measure else ""
        said = (
            f": {measure}{outcome.challenger:.4g} of the challenger, {outcome.champion:.4g} of the champion"
        )
    return f"{said}{'; ' if said else ': '}{outcome.why}" if outcome.why else said
