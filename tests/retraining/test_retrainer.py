"""What a retrainer takes up from the log when it starts, and that it never does two things at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelvane.config import RetrainSection
from modelvane.errors import StoreError
from modelvane.events import Event, Kind
from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.retraining import Retrainer
from modelvane.retraining.order import tidy
from modelvane.retraining.retrainer import Surroundings

DRIFT = Finding(
    family=Family.DRIFT,
    measure="kolmogorov_smirnov",
    column="distance",
    value=0.3,
    noise_floor=0.1,
    usual_range=0.2,
    verdict=Verdict.ALARM,
)


@dataclass
class Around:
    """A service that remembers what it was told, at a time that tests turn."""

    folder: Path
    now: float = 1000.0
    events: list[Event] = field(default_factory=list)
    taken: list[Path] = field(default_factory=list)
    keep: Callable[[Event], None] | None = None
    findings: Callable[[], Findings] = lambda: Findings("taxi", 0.0, 9, 0, (DRIFT,))

    def retrainer(self, **settings: Any) -> Retrainer:
        """Give a retrainer in this service."""
        return Retrainer(
            "taxi",
            RetrainSection.model_validate({"command": ["true"], **settings}),
            config=None,
            folder=self.folder,
            around=Surroundings(
                findings=self.findings,
                period=lambda: None,
                keep=self.keep or self.events.append,
                take_reference=self.taken.append,
                clock=lambda: self.now,
            ),
        )

    def kinds(self) -> list[Kind]:
        """Give what happened."""
        return [event.kind for event in self.events]


def begun(run: str = "run-1", at: float = 900.0) -> Event:
    """Give the begin of a run."""
    return Event(Kind.RETRAIN_STARTED, at, "taxi", "A retrain", {"run": run})


def test_a_run_whose_end_nobody_saw(tmp_path: Path) -> None:
    """After a kill a run that left an outcome is concluded by it, and one that left none has failed."""
    folder = tmp_path / "retrains"
    folder.mkdir()
    (folder / "run-1.outcome.json").write_text(json.dumps({"promoted": True, "reference": "new.mv"}))
    around = Around(tmp_path)
    retrainer = around.retrainer()
    retrainer.resume([begun()])
    retrainer.wait()
    assert (around.kinds(), around.taken) == ([Kind.MODEL_PROMOTED], [tmp_path / "new.mv"])
    lost = Around(tmp_path)
    retrainer = lost.retrainer()
    retrainer.resume([begun(), Event(Kind.MODEL_PROMOTED, 950.0, "taxi", "Done"), begun("run-2", 960.0)])
    retrainer.wait()
    assert lost.kinds() == [Kind.RETRAIN_FAILED]
    ended = Around(tmp_path)
    retrainer = ended.retrainer()
    retrainer.resume([begun(), Event(Kind.CHAMPION_KEPT, 950.0, "taxi", "Done")])
    retrainer.wait()
    assert ended.kinds() == []


def test_the_cooldown_is_counted_from_the_log(tmp_path: Path) -> None:
    """The start of the last run, as the log has it, is where the cool-down begins; its end is its end."""
    around = Around(tmp_path)
    retrainer = around.retrainer(cooldown="200s")
    retrainer.resume([begun(at=850.0), Event(Kind.RETRAIN_FAILED, 950.0, "taxi", "No")])
    retrainer.ask("DatasetDrift")
    retrainer.wait()
    assert around.kinds() == [Kind.RETRAIN_SKIPPED]
    around.now = 1050.0
    retrainer.ask("DatasetDrift")
    retrainer.wait()
    assert around.kinds()[1:] == [Kind.RETRAIN_STARTED, Kind.RETRAIN_FAILED]


def test_nothing_starts_that_the_log_does_not_keep(tmp_path: Path) -> None:
    """While the log takes no events nothing runs: after a restart it would run again. The next alert tries again."""

    def refuse(_event: Event) -> None:
        raise StoreError("The log is full")

    around = Around(tmp_path, keep=refuse)
    retrainer = around.retrainer(command=["touch", "ran"])
    retrainer.ask("DatasetDrift")
    retrainer.wait()
    assert not (tmp_path / "ran").exists()
    around.keep = None
    again = around.retrainer(command=["touch", "ran"])
    again.ask("DatasetDrift")
    again.wait()
    assert (tmp_path / "ran").exists()


def test_alerts_during_a_consideration_are_one(tmp_path: Path) -> None:
    """However many alerts come while the findings are looked at, they are looked at once."""
    go, looks = threading.Event(), []

    def look() -> Findings:
        looks.append(1)
        assert go.wait(30)
        return Findings("taxi", 0.0, 9, 0, (DRIFT,))

    around = Around(tmp_path, findings=look)
    retrainer = around.retrainer(dry_run=True)
    for _ in range(1000):
        retrainer.ask("DatasetDrift")
    go.set()
    retrainer.wait()
    assert (len(looks), around.kinds()) == (1, [Kind.RETRAIN_REHEARSED])


def test_a_stopped_retrainer_considers_nothing(tmp_path: Path) -> None:
    """After the stop an alert does nothing."""
    around = Around(tmp_path)
    retrainer = around.retrainer()
    retrainer.stop()
    retrainer.ask("DatasetDrift")
    retrainer.wait()
    assert around.events == []


def test_files_of_old_runs_go(tmp_path: Path) -> None:
    """Of many runs the files of the last ones are kept, whatever else is in the folder."""
    for number in range(30):
        (tmp_path / f"2022{number:02}.log").write_text("")
        (tmp_path / f"2022{number:02}.outcome.json").write_text("")
    (tmp_path / "mine.txt").write_text("")
    tidy(tmp_path, keep=20)
    kept = sorted(file.name for file in tmp_path.iterdir())
    assert len(kept) == 41
    assert kept[0] == "202210.log"
    assert "mine.txt" in kept
