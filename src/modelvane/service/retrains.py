"""The retrainers of a service: one for each dataset whose config asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from modelvane.config import Config
from modelvane.events import Event
from modelvane.findings import Findings
from modelvane.retraining import Retrainer
from modelvane.retraining.earlier import KINDS
from modelvane.retraining.retrainer import Surroundings
from modelvane.service.alerts import Alert
from modelvane.service.events import EventBook
from modelvane.service.references import References
from modelvane.service.watch import Watch
from modelvane.store.protocol import Log

_READ = 1_000


class Retrains:
    """Hands alerts to who retrains.

    Parameters
    ----------
    config
        Of the service.
    watches
        By dataset.
    book
        Where events are kept.
    references
        What takes the reference of a promoted model.
    """

    def __init__(
        self,
        config: Config,
        watches: Iterable[Watch],
        book: EventBook,
        references: References,
        *,
        clock: Callable[[], float],
    ) -> None:
        self.retrainers: dict[str, Retrainer] = {}
        self._known: dict[str, list[Event]] = {}
        for watch in watches:
            settings = config.datasets[watch.name].retrain
            if settings is None:
                continue
            self.retrainers[watch.name] = Retrainer(
                watch.name,
                settings,
                config=config.file,
                folder=config.folder,
                around=Surroundings(
                    findings=partial(_findings_of_now, watch),
                    period=watch.period,
                    keep=book.keep,
                    take_reference=partial(references.take_promoted, watch.name),
                    clock=clock,
                ),
            )

    def load(self, log: Log) -> None:
        """Read what the log says of earlier runs."""
        # by kind: they may be far behind a flood of alerts
        self._known = {name: log.read_events(name, kinds=KINDS, limit=_READ) for name in self.retrainers}

    def resume(self) -> None:
        """Take up earlier runs, now that there is a log to write to."""
        for name, retrainer in self.retrainers.items():
            retrainer.resume(self._known.pop(name, ()))

    def consider(self, alerts: Iterable[Alert]) -> dict[str, str]:
        """Let the alerts that fire ask for retrains; give the datasets that are considered, with the alert."""
        asked: dict[str, str] = {}
        # those that are over first: of one name there may be others that fire
        for alert in sorted(alerts, key=lambda alert: alert.status == "firing"):
            retrainer = self.retrainers.get(alert.dataset or "")
            if retrainer is None or not retrainer.wants(alert.name):
                continue
            if alert.status == "firing":
                asked.setdefault(retrainer.dataset, alert.name)
            else:
                retrainer.forget(alert.name)
        for dataset, name in asked.items():
            self.retrainers[dataset].ask(name)
        return asked

    def ask_again(self) -> None:
        """Let alerts that still fire, and were skipped, ask once more."""
        for retrainer in self.retrainers.values():
            retrainer.ask_again()

    def stop(self) -> None:
        """End what runs; not for the event loop's thread."""
        for retrainer in self.retrainers.values():
            retrainer.stop()


def _findings_of_now(watch: Watch) -> Findings:
    watch.forget_latest()
    return watch.latest().findings
