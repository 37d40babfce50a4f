"""What a retrainer takes up from the log when it starts, and that it never does two things at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from modelvane.config import RetrainSection
from modelvane.errors import StoreError
from modelvane.events import Event, Kind
from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.retraining import Retrainer
from modelvane.retraining import retrainer as retrainer_module
from modelvane.retraining.order import name_run, tidy
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
    taken: list[tuple[Path, str]] = field(default_factory=list)
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
                take_reference=lambda file, version: self.taken.append((file, version)),
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
    outcome = {"promoted": True, "reference": "new.mv", "version": "v2"}
    (folder / "run-1.outcome.json").write_text(json.dumps(outcome))
    around = Around(tmp_path)
    retrainer = around.retrainer()
    retrainer.resume([begun()])
    retrainer.wait()
    assert (around.kinds(), around.taken) == ([Kind.MODEL_PROMOTED], [(tmp_path / "new.mv", "v2")])
    lost = Around(tmp_path, now=9000.0)
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
        assert go.wait(300)
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
    """Of a dataset's many runs the files of the last ones are kept, and whatever else is in the folder."""
    for number in range(30):
        (tmp_path / f"{name_run('taxi', number)}.log").write_text("")
        (tmp_path / f"{name_run('taxi', number)}.outcome.json").write_text("")
    others = ["mine.txt", f"{name_run('reco', 0)}.log", f"{name_run('reco-taxi', 0)}.log"]
    for name in others:
        (tmp_path / name).write_text("")
    tidy(tmp_path, "taxi", keep=20)
    kept = {file.name for file in tmp_path.iterdir()}
    assert len(kept) == 40 + len(others)
    assert kept.issuperset(others)
    assert f"{name_run('taxi', 10)}.log" in kept


def printing(outcome: dict[str, Any], then: str = "") -> list[str]:
    """Give a command whose last line is an outcome."""
    return ["python", "-c", f"print({json.dumps(json.dumps(outcome))})\n{then}"]


def test_an_outcome_that_comes_after_a_restart(tmp_path: Path) -> None:
    """A run that outlived its service is waited for, alerts are answered by it, and what it decides is taken."""
    (tmp_path / "retrains").mkdir()
    around = Around(tmp_path)
    retrainer = around.retrainer()
    retrainer.resume([begun()])
    retrainer.ask("DatasetDrift")
    part = tmp_path / "retrains" / "run-1.part"
    part.write_text('{"promoted": true, "reference": "new.mv"}')
    part.rename(tmp_path / "retrains" / "run-1.outcome.json")
    retrainer.wait()
    assert (around.kinds(), around.taken) == ([Kind.MODEL_PROMOTED], [(tmp_path / "new.mv", "")])


def test_a_promotion_whose_reference_was_not_taken(tmp_path: Path) -> None:
    """A service that ended between the promotion and the switch takes the reference when it starts again, once."""
    outcome = {"reference": "new.mv", "version": "v2"}
    promoted = Event(Kind.MODEL_PROMOTED, 950.0, "taxi", "Promoted", {"run": "run-1", "outcome": outcome})
    switched = Event(Kind.REFERENCE_SWITCHED, 960.0, "taxi", "Switched")
    new = [(tmp_path / "new.mv", "v2")]
    for events, taken in (([begun(), promoted], new), ([begun(), promoted, switched], [])):
        around = Around(tmp_path)
        retrainer = around.retrainer()
        retrainer.resume(events)
        retrainer.wait()
        assert around.taken == taken


def test_a_log_that_is_down_when_a_retrain_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a retrain decided is kept once the log is back, and the reference is taken then."""
    monkeypatch.setattr(retrainer_module, "_AGAIN_SECONDS", 0.01)
    around = Around(tmp_path)
    tries = []

    def keep(event: Event) -> None:
        if event.kind is Kind.MODEL_PROMOTED and len(tries) < 3:
            tries.append(1)
            raise StoreError("The log is down")
        around.events.append(event)

    around.keep = keep
    retrainer = around.retrainer(command=printing({"promoted": True, "reference": "new.mv"}))
    retrainer.ask("DatasetDrift")
    retrainer.wait()
    assert (around.kinds(), len(tries)) == ([Kind.RETRAIN_STARTED, Kind.MODEL_PROMOTED], 3)
    assert around.taken == [(tmp_path / "new.mv", "")]


def test_a_stop_while_the_log_is_down(tmp_path: Path) -> None:
    """A service that stops while the log is down leaves the outcome to the next, the printed one too."""
    around, is_down = Around(tmp_path), threading.Event()

    def keep(event: Event) -> None:
        if event.kind is Kind.MODEL_PROMOTED:
            is_down.set()
            raise StoreError("The log is down")
        around.events.append(event)

    around.keep = keep
    retrainer = around.retrainer(command=printing({"promoted": True}))
    retrainer.ask("DatasetDrift")
    assert is_down.wait(300)
    retrainer.stop()
    around.keep = None
    again = around.retrainer()
    again.resume(around.events)
    again.wait()
    assert around.kinds() == [Kind.RETRAIN_STARTED, Kind.MODEL_PROMOTED]


def test_an_outcome_in_its_file_holds_however_the_run_ends(tmp_path: Path) -> None:
    """A run that decided, said so in its file, and then failed has decided; a printed outcome needs a good end."""
    write = "import os, pathlib, sys\n"
    write += "pathlib.Path(os.environ['MODELVANE_OUTCOME']).write_text('{\"promoted\": true}')\n"
    around = Around(tmp_path)
    retrainer = around.retrainer(command=["python", "-c", f"{write}sys.exit(1)"], cooldown="0s")
    retrainer.ask("DatasetDrift")
    retrainer.wait()
    assert around.kinds() == [Kind.RETRAIN_STARTED, Kind.MODEL_PROMOTED]
    around.now = 2000.0
    retrainer = around.retrainer(command=printing({"promoted": True}, "import sys\nsys.exit(1)"))
    retrainer.ask("DatasetDrift")
    retrainer.wait()
    assert around.kinds()[2:] == [Kind.RETRAIN_STARTED, Kind.RETRAIN_FAILED]


def test_a_skipped_alert_asks_again_while_it_fires(tmp_path: Path) -> None:
    """An alert that was skipped for the cool-down is considered when that is over, unless it is resolved by then."""
    for is_resolved in (False, True):
        around = Around(tmp_path)
        retrainer = around.retrainer(cooldown="200s", dry_run=True)
        retrainer.resume([Event(Kind.RETRAIN_REHEARSED, 900.0, "taxi", "Rehearsed")])
        for act in (lambda: retrainer.ask("DatasetDrift"), retrainer.ask_again):  # noqa: B023 - called now
            act()
            retrainer.wait()
        assert around.kinds() == [Kind.RETRAIN_SKIPPED]
        around.now = 1150.0
        if is_resolved:
            retrainer.forget("DatasetDrift")
        for _ in range(2):
            retrainer.ask_again()
            retrainer.wait()
        assert around.kinds()[1:] == ([] if is_resolved else [Kind.RETRAIN_REHEARSED])


def test_a_retrain_that_came_too_early_is_tried_again_soon(tmp_path: Path) -> None:
    """A run without rows enough to decide on uses up no cool-down, also over a restart; one that decided does."""
    early = json.dumps({"promoted": False, "not_yet": True, "why": "too few rows"})
    around = Around(tmp_path)
    retrainer = around.retrainer(command=["echo", early], cooldown="6h", retry="60s")
    retrainer.ask("DatasetDrift")
    retrainer.wait()
    assert around.kinds() == [Kind.RETRAIN_STARTED, Kind.CHAMPION_KEPT]
    around.now += 59
    retrainer.ask_again()
    retrainer.wait()
    assert around.kinds()[2:] == [Kind.RETRAIN_SKIPPED]
    assert around.events[-1].what.endswith("59 s ago and was too early; the next comes after 60 s")
    around.now += 1
    retrainer.ask_again()
    retrainer.wait()
    assert around.kinds()[3:] == [Kind.RETRAIN_STARTED, Kind.CHAMPION_KEPT]

    again = Around(tmp_path, now=around.now + 60)
    retrainer = again.retrainer(command=["echo", '{"promoted": false}'], cooldown="6h", retry="60s")
    retrainer.resume(around.events)
    for _ in range(2):
        retrainer.ask("DatasetDrift")
        retrainer.wait()
        again.now += 60
    assert again.kinds() == [Kind.RETRAIN_STARTED, Kind.CHAMPION_KEPT, Kind.RETRAIN_SKIPPED]
    assert "cool-down is 21600 s" in again.events[-1].what


def test_a_clock_that_was_set_back(tmp_path: Path) -> None:
    """A start that a wrong clock put into the future does not hold retrains back until then."""
    around = Around(tmp_path)
    retrainer = around.retrainer(dry_run=True)
    retrainer.resume([Event(Kind.RETRAIN_REHEARSED, 9e9, "taxi", "Rehearsed")])
    for _ in range(2):
        retrainer.ask("DatasetDrift")
        retrainer.wait()
    assert around.kinds() == [Kind.RETRAIN_REHEARSED, Kind.RETRAIN_SKIPPED]


def test_a_rehearsal_holds_no_retrain_back(tmp_path: Path) -> None:
    """Once `dry_run` is off, a rehearsal before is no reason to wait for the cool-down."""
    around = Around(tmp_path)
    retrainer = around.retrainer()
    retrainer.resume([Event(Kind.RETRAIN_REHEARSED, 990.0, "taxi", "Rehearsed")])
    retrainer.ask("DatasetDrift")
    retrainer.wait()
    assert Kind.RETRAIN_STARTED in around.kinds()


def test_a_stop_during_the_consideration_starts_nothing(tmp_path: Path) -> None:
    """A service that stops while the findings are looked at begins no run that it would have to end at once."""
    around, is_looking = Around(tmp_path), threading.Event()

    def look() -> Findings:
        is_looking.set()
        assert retrainer._stop.wait(300)
        return Findings("taxi", 0.0, 9, 0, (DRIFT,))

    around.findings = look
    retrainer = around.retrainer()
    retrainer.ask("DatasetDrift")
    assert is_looking.wait(300)
    retrainer.stop()
    assert around.events == []
