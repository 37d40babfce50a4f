"""The batch watch on a real Prefect server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.flows.conftest import DAY, FIRST, write_config

from modelvane.cli import app
from modelvane.config import Config
from modelvane.references import load_reference
from modelvane.store import open_log

pytestmark = pytest.mark.usefixtures("prefect")


def day(number: int) -> dict[str, datetime]:
    since = datetime.fromtimestamp(FIRST + number * DAY, UTC)
    return {"since": since, "until": since + timedelta(days=1)}


def run(config: Path, **parameters: Any) -> Any:
    """Run the flow, and give the state in which it ended."""
    from modelvane.flows import batch_watch

    return batch_watch(config=config, return_state=True, **parameters)


def task_runs(state: Any) -> dict[str, Any]:
    """Give the tasks of a run by name."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    chosen = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    with get_client(sync_client=True) as client:
        return {run.name: run for run in client.read_task_runs(flow_run_filter=chosen)}


def artifact(key: str) -> Any:
    """Give the latest version of an artifact."""
    from prefect.artifacts import Artifact
    from prefect.utilities.asyncutils import run_coro_as_sync

    # the form that is not asynchronous leaves its connection open
    return run_coro_as_sync(Artifact.aget(key))


def rounds(config: Path) -> list[Any]:
    """Give the rounds of batches in the log."""
    settings = Config.load(config)
    log = open_log(settings.store_url, read_only=True)
    log.open("taxi", load_reference(settings, "taxi").schema)
    found = log.read_findings("taxi", batches=True)
    log.close()
    return found


def without_moment(report: str) -> dict[str, Any]:
    """Give a report without when it was made."""
    return {name: value for name, value in json.loads(report).items() if name != "computed_at"}


def test_a_run_keeps_what_it_found_and_writes_the_report(config: Path) -> None:
    """A run ends as completed, with the findings in the log and the report in both forms."""
    state = run(config, **day(0))
    assert (state.is_completed(), state.name) == (True, "Completed")
    watched = state.result()
    assert watched.html == config.parent / "reports" / "taxi-2022-01-08.html"
    assert watched.html.read_text().startswith("<!doctype html>")
    (kept,) = rounds(config)
    assert (kept.period, kept.rows) == ((FIRST, FIRST + DAY), 400)
    assert json.loads(watched.json.read_text())["verdict"] == kept.verdict == watched.verdict == "ok"


def test_an_alarm_is_a_state_of_that_name(config: Path) -> None:
    """An alarm is no failure: the run ends as completed, in a state Alarm whose message says what drifted."""
    state = run(config, **day(2))
    assert (state.is_completed(), state.name) == (True, "Alarm")
    assert "distance" in state.message


def test_artifacts_have_the_verdicts_and_a_link(config: Path) -> None:
    """The table has every judged finding, the alarm first with its cause; the link leads to the report."""
    watched = run(config, **day(2), reports_url="https://reports.example.org/vane").result()
    rows = json.loads(artifact("taxi-verdicts").data)
    assert (rows[0]["verdict"], rows[0]["column"]) == ("Alarm", "distance")
    assert "→" in rows[0]["cause"]
    verdicts = [row["verdict"] for row in rows]
    assert verdicts == sorted(verdicts)
    assert verdicts.count("Alarm") > 1
    found = json.loads(watched.json.read_text())
    assert {row["column"] for row in rows} >= {column["name"] for column in found["columns"]}
    link = artifact("taxi-report")
    assert link.data == "[taxi-2022-01-10.html](https://reports.example.org/vane/taxi-2022-01-10.html)"
    assert str(watched.html) in link.description


def test_the_computation_is_that_of_the_command(config: Path) -> None:
    """The flow's JSON is, but for the moment, that of `modelvane report` for the same period."""
    since = day(1)["since"]
    watched = run(config, **day(1)).result()
    bounds = [f"--since={since.isoformat()}", f"--until={(since + timedelta(days=1)).isoformat()}"]
    said = CliRunner().invoke(app, ["report", f"--config={config}", *bounds, "--json=-", "--no-keep"])
    assert said.exit_code == 0, said.stderr
    assert without_moment(watched.json.read_text()) == without_moment(said.stdout)


def test_a_second_run_replaces_the_first(config: Path) -> None:
    """Two runs of one period leave one round in the log and one report, that of the second."""
    first, second = (run(config, **day(0)) for _ in range(2))
    (kept,) = rounds(config)
    assert len(list((config.parent / "reports").iterdir())) == 2
    assert json.loads(second.result().json.read_text())["computed_at"] == kept.computed_at
    assert kept.computed_at > first.timestamp.timestamp()


def test_a_late_run_is_of_its_own_night(config: Path) -> None:
    """What is judged follows from when a run was due, not from when it started."""
    from prefect.client.orchestration import get_client
    from prefect.flow_engine import run_flow
    from prefect.states import Scheduled

    from modelvane.flows import batch_watch

    due = datetime.fromtimestamp(FIRST + 2 * DAY + 6 * 3600, UTC)
    names = ("dataset", "since", "until", "labels", "service", "reports_url")
    given = {"config": config} | dict.fromkeys(names)
    with get_client(sync_client=True) as client:
        late = client.create_flow_run(batch_watch, parameters=given, state=Scheduled(scheduled_time=due))
    watched: Any = run_flow(batch_watch, flow_run=late, parameters=given)
    assert watched.html.name == "taxi-2022-01-09.html"


def test_labels_of_a_file_are_kept_first(config: Path) -> None:
    """Targets of a file are in the log before its rows are read: they count, and in later runs as well."""
    labels = config.with_name("labels.csv")
    labels.write_text("id,target\n" + "".join(f"10-{i},9.5\n" for i in range(0, 400, 5)))
    for file in (labels, None):
        watched = run(config, **day(0), labels=file).result()
        assert json.loads(watched.json.read_text())["labelled"] == 400


@pytest.mark.parametrize("task", ["load_reference", "count_rows"])
def test_a_store_that_comes_back_is_waited_for(
    config: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    """Whichever task finds no log is tried again, and the run goes on with the log that has come back."""
    from modelvane.flows import flow

    log, away = config.with_name("log.db"), config.with_name("away.db")
    attempts: list[str] = []

    def goes_and_comes_back(_task: Any, _run: Any, state: Any) -> None:
        attempts.append(state.name)
        if len(attempts) == 1:
            log.rename(away)
        else:
            away.rename(log)

    asking = getattr(flow, task)
    monkeypatch.setattr(asking, "retry_delay_seconds", 0)
    monkeypatch.setattr(asking, "on_running_hooks", [goes_and_comes_back])
    state = run(config, **day(0))
    assert attempts == ["Running", "Retrying"]
    assert state.is_completed()
    assert len(rounds(config)) == 1


@pytest.mark.parametrize(
    ("section", "task", "said"),
    [
        ({"serivce": {}}, "read the config", "serivce"),
        ({"datasets": {"taxi": {"reference_file": "absent.csv"}}}, "load the reference", "absent.csv"),
    ],
)
def test_a_bad_config_is_not_tried_again(config: Path, section: dict[str, Any], task: str, said: str) -> None:
    """What no waiting mends fails at once, with the sentence that says what is wrong."""
    write_config(config.parent, **section)
    state = run(config, **day(0))
    assert state.is_failed()
    assert task_runs(state)[task].run_count == 1
    with pytest.raises(Exception, match=said):
        state.result()


def test_a_period_without_rows_fails(config: Path) -> None:
    """A night of which nothing was logged is no quiet night: the run fails, at once, and writes nothing."""
    state = run(config, **day(7))
    assert state.is_failed()
    assert "There are no rows of the period, 2022-01-15" in state.message
    assert task_runs(state)["count the rows"].run_count == 1
    assert rounds(config) == []
    assert not (config.parent / "reports").exists()
