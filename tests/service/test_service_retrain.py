"""From an alert to another reference: when a retrain starts, what comes of it, and what it never does."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.alerting import (
    alert,
    await_kind,
    drift,
    kinds,
    notification,
    program,
    promoting,
    runs,
    settle,
)
from tests.service.serving import await_that, served, settings, trip

from modelvane.config import Config
from modelvane.errors import ConfigError

KEPT = "print(json.dumps({'promoted': False, 'champion': 5.0, 'challenger': 6.0, 'why': 'worse'}))\n"


def watched(reference: Path, command: list[str], **retrain: Any) -> dict[str, Any]:
    """Give a config whose dataset has a retrain."""
    return settings(reference, retrain={"command": command, **retrain})


def fire(client: TestClient, name: str = "DatasetDrift") -> Any:
    """Post an alert, and wait until nothing is considered any more."""
    answer = client.post("/v1/alerts", json=notification(alert(name=name)))
    assert answer.status_code == 200, answer.text
    settle(client)
    return answer.json()


def test_a_storm_of_alerts_starts_one_retrain(reference: Path, tmp_path: Path) -> None:
    """A thousand alerts at once are all kept, and start one retrain."""
    command = program(tmp_path, "time.sleep(1)\n" + KEPT)
    with served(watched(reference, command), tmp_path) as client:
        drift(client)
        with ThreadPoolExecutor(20) as pool:
            posts = [
                pool.submit(client.post, "/v1/alerts", json=notification(*[alert()] * (1 + number % 9)))
                for number in range(200)
            ]
            assert {post.result().status_code for post in posts} == {200}
        settle(client)
        events = client.get("/v1/events?limit=10000").json()
        assert sum(event["kind"] == "alert_firing" for event in events) == sum(1 + n % 9 for n in range(200))
        assert kinds(client).count("retrain_started") == 1
        assert runs(tmp_path) == 1


def test_no_retrain_without_both_lines(reference: Path, tmp_path: Path) -> None:
    """While the monitor's own findings are below their lines an alert starts nothing, and an event says why."""
    with served(watched(reference, program(tmp_path, KEPT)), tmp_path) as client:
        assert fire(client)["considered"] == [{"dataset": "taxi", "alert": "DatasetDrift"}]
        client.post("/iterate/taxi", json=[trip(number) for number in range(200)]).raise_for_status()
        fire(client)
        assert kinds(client) == ["retrain_skipped"]
        assert runs(tmp_path) == 0
        drift(client)
        fire(client)
        assert runs(tmp_path) == 1


def test_which_alerts_count(reference: Path, tmp_path: Path) -> None:
    """Only firing alerts with one of the names of the config ask for a retrain."""
    plain = watched(reference, program(tmp_path, KEPT), alerts=["PerformanceBelowLimit"])
    with served(plain, tmp_path) as client:
        drift(client)
        assert fire(client)["considered"] == []
        body = notification(alert(name="PerformanceBelowLimit", status="resolved"))
        assert client.post("/v1/alerts", json=body).json()["considered"] == []
        assert runs(tmp_path) == 0
        fire(client, "PerformanceBelowLimit")
        assert runs(tmp_path) == 1


def test_the_cooldown_survives_a_restart(reference: Path, tmp_path: Path) -> None:
    """After a retrain no other starts within the cool-down, in this process or the next."""
    plain = watched(reference, program(tmp_path, KEPT), cooldown="1h")
    with served(plain, tmp_path) as client:
        drift(client)
        fire(client)
        fire(client)
        assert kinds(client) == ["retrain_started", "champion_kept", "retrain_skipped"]
    with served(plain, tmp_path) as client:
        fire(client)
        assert runs(tmp_path) == 1
        assert "cool-down is 3600 s" in client.get("/v1/events?kind=retrain_skipped").json()[-1]["what"]
    plain["datasets"]["taxi"]["retrain"]["cooldown"] = "0s"
    with served(plain, tmp_path) as client:
        fire(client)
        assert runs(tmp_path) == 2


def test_the_cooldown_survives_a_flood_of_alerts(reference: Path, tmp_path: Path) -> None:
    """However many alerts came since the last retrain, a restart knows when it was."""
    plain = watched(reference, program(tmp_path, KEPT), cooldown="1h")
    with served(plain, tmp_path) as client:
        drift(client)
        fire(client)
        client.post("/v1/alerts", json=notification(*[alert(name="Other")] * 6000)).raise_for_status()
    with served(plain, tmp_path) as client:
        fire(client)
        assert runs(tmp_path) == 1


def test_the_page_shows_retrains_behind_a_flood_of_alerts(reference: Path, tmp_path: Path) -> None:
    """However many different alerts come, the page shows what modelvane did, before and after a restart, escaped."""
    plain = watched(reference, program(tmp_path, KEPT))
    hostile = "<script>alert(1)</script>"
    with served(plain, tmp_path) as client:
        drift(client)
        fire(client)
        flood = [alert(name=f"Other{number % 7} {hostile}") for number in range(6000)]
        client.post("/v1/alerts", json=notification(*flood)).raise_for_status()
        before = client.get("/datasets/taxi").text
    with served(plain, tmp_path) as client:
        after = client.get("/datasets/taxi").text
    for page in (before, after):
        assert "retrain started" in page
        assert "The champion stays" in page
        assert "Other6 &lt;script&gt;" in page
        assert hostile not in page


def test_a_dry_run_says_what_it_would_do(reference: Path, tmp_path: Path) -> None:
    """With `dry_run` nothing runs; an event has the command, the evidence, and keeps to the cool-down."""
    command = program(tmp_path, KEPT)
    with served(watched(reference, command, dry_run=True), tmp_path) as client:
        drift(client)
        fire(client)
        fire(client)
        assert kinds(client) == ["retrain_rehearsed", "retrain_skipped"]
        [event] = client.get("/v1/events?kind=retrain_rehearsed").json()
        assert event["details"]["command"] == command
        columns = [finding["column"] for finding in event["details"]["evidence"]]
        assert "trip_distance" in columns
        assert runs(tmp_path) == 0


def test_what_the_command_is_told(reference: Path, tmp_path: Path) -> None:
    """The command has the dataset, the config, the alert, the evidence's period and its own variables."""
    tell = "names = [name for name in os.environ if name.startswith('MODELVANE_')] + ['EXTRA']\n"
    tell += "pathlib.Path(os.environ['MODELVANE_OUTCOME']).write_text(json.dumps(dict(promoted=False,"
    tell += " details={name: os.environ[name] for name in names})))\nprint('no JSON')\n"
    plain = watched(reference, program(tmp_path, tell), env={"EXTRA": "more"})
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(plain))
    from modelvane.service.app import create_app

    with TestClient(create_app(Config.load(file))) as client:
        drift(client)
        fire(client)
        [event] = client.get("/v1/events?kind=champion_kept").json()
    told = event["details"]["outcome"]["details"]
    assert told["EXTRA"] == "more"
    assert told["MODELVANE_DATASET"] == "taxi"
    assert told["MODELVANE_ALERT"] == "DatasetDrift"
    assert told["MODELVANE_CONFIG"] == str(file)
    assert float(told["MODELVANE_SINCE"]) <= float(told["MODELVANE_UNTIL"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print('it broke', file=sys.stderr)\nsys.exit(3)\n", "exit code 3"),
        ("print('done')\n", "cannot be read"),
        ("", "reported no outcome"),
        ("print(json.dumps({'promoted': 'yes'}))\n", "Expected `bool`"),
        ("os.kill(os.getpid(), 9)\n", "signal 9"),
        ("import subprocess\nsubprocess.Popen(['sleep', '60'])\nsys.exit(1)\n", "exit code 1"),
    ],
)
def test_a_retrain_that_fails_is_an_event(reference: Path, tmp_path: Path, body: str, said: str) -> None:
    """However a command fails, an event says how, with the end of its output, and the service goes on."""
    with served(watched(reference, program(tmp_path, body)), tmp_path) as client:
        drift(client)
        fire(client)
        [event] = client.get("/v1/events?kind=retrain_failed").json()
        assert said in event["what"]
        assert Path(event["details"]["output"]).exists()
        if "it broke" in body:
            assert event["details"]["said"] == "it broke"
        assert client.get("/readyz").status_code == 200


def test_a_command_that_does_not_exist(reference: Path, tmp_path: Path) -> None:
    """A program that is not there is a failed retrain."""
    with served(watched(reference, ["/nowhere/at-all"]), tmp_path) as client:
        drift(client)
        fire(client)
        assert "cannot be started" in client.get("/v1/events?kind=retrain_failed").json()[0]["what"]


def test_a_retrain_that_takes_too_long_is_ended(reference: Path, tmp_path: Path) -> None:
    """After its timeout a command is ended with what it started, and an event says so."""
    # a shell has begun long before its time is over
    command = ["sh", "-c", "sleep 600 & echo $! > child.txt; wait"]
    with served(watched(reference, command, timeout="4s"), tmp_path) as client:
        drift(client)
        fire(client)
        assert "longer than 4 s" in client.get("/v1/events?kind=retrain_failed").json()[0]["what"]
    await_that(lambda: is_gone(int((tmp_path / "child.txt").read_text())))


def test_a_retrain_ends_with_the_service(reference: Path, tmp_path: Path) -> None:
    """Stopping the service ends a running command, and the log says how it ended."""
    body = "pathlib.Path('pid.txt').write_text(str(os.getpid()))\ntime.sleep(600)\n"
    plain = watched(reference, program(tmp_path, body))
    with served(plain, tmp_path) as client:
        drift(client)
        client.post("/v1/alerts", json=notification(alert()))
        await_kind(client, "retrain_started")
        while not (tmp_path / "pid.txt").exists() or not (tmp_path / "pid.txt").read_text():
            assert kinds(client) == ["retrain_started"]
    await_that(lambda: is_gone(int((tmp_path / "pid.txt").read_text())))
    with served(plain, tmp_path) as client:
        assert kinds(client) == ["retrain_started", "retrain_failed"]


def test_output_is_bounded(reference: Path, tmp_path: Path) -> None:
    """Of a command that says too much the beginning and the end are kept, and its outcome is read."""
    body = "print('first')\nfor _ in range(400): print('x' * 10_000)\n" + KEPT
    with served(watched(reference, program(tmp_path, body)), tmp_path) as client:
        drift(client)
        fire(client)
        [event] = client.get("/v1/events?kind=champion_kept").json()
    text = Path(event["details"]["output"]).read_text()
    assert text.startswith("first")
    assert "bytes are left out" in text
    assert len(text) < 2**20 + 1000
    assert len(event["details"]["said"]) <= 2000


def test_a_promotion_switches_the_reference(reference: Path, tmp_path: Path) -> None:
    """A promoted model's reference is compared with from then on, its window begins empty, and drift is over."""
    with served(watched(reference, promoting(tmp_path)), tmp_path) as client:
        drift(client)
        before = client.get("/v1/datasets").json()[0]["reference"]["digest"]
        assert client.get("/v1/datasets/taxi/findings").json()["verdict"] == "alarm"
        fire(client)
        assert kinds(client) == ["retrain_started", "model_promoted", "reference_switched"]
        assert client.get("/v1/datasets").json()[0]["reference"]["digest"] != before
        assert client.get("/v1/datasets/taxi/findings").json()["rows"] == 0
        drift(client, first=200)
        found = client.get("/v1/datasets/taxi/findings").json()
        assert found["rows"] == 200
        by_key = {(one["measure"], one["column"]): one["verdict"] for one in found["findings"]}
        assert by_key["dataset_drift", None] == "ok"


def test_a_promotion_holds_after_a_restart(reference: Path, tmp_path: Path) -> None:
    """After a restart the promoted reference is in use, and the findings are those before."""
    plain = watched(reference, promoting(tmp_path))
    with served(plain, tmp_path) as client:
        drift(client)
        labels = [{"id": f"row-{number}", "target": 30.0} for number in range(0, 300, 3)]
        client.post("/v1/datasets/taxi/labels", json=labels[:40]).raise_for_status()
        fire(client)
        drift(client, rows=150, first=200)
        client.post("/v1/datasets/taxi/labels", json=labels).raise_for_status()
        before = timeless(client)
        assert before["labelled"] == 33
    with served(plain, tmp_path) as client:
        assert timeless(client) == before


def timeless(client: TestClient) -> dict[str, Any]:
    """Give the findings without what changes by itself."""
    found: dict[str, Any] = client.get("/v1/datasets/taxi/findings").json()
    passing = ("last_row_age", "rows_per_second")
    found["findings"] = [one for one in found["findings"] if one["measure"] not in passing]
    return found | {"computed_at": None}


def test_a_reference_that_cannot_be_taken(reference: Path, tmp_path: Path) -> None:
    """When the promoted model's reference is not there the one before stays, and an event says so."""
    body = "print(json.dumps({'promoted': True, 'reference': 'nowhere.mv'}))\n"
    with served(watched(reference, program(tmp_path, body)), tmp_path) as client:
        drift(client)
        before = client.get("/v1/datasets").json()[0]["reference"]
        fire(client)
        assert kinds(client) == ["retrain_started", "model_promoted", "reference_refused"]
        assert client.get("/v1/datasets").json()[0]["reference"] == before


def is_gone(pid: int) -> bool:
    """Say whether a process has ended, its parent having taken notice or not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


@pytest.mark.parametrize(
    ("retrain", "said"),
    [
        ({}, "either a command or a deployment"),
        ({"command": ["a"], "deployment": "flow/name"}, "either a command or a deployment"),
        ({"command": []}, "at least 1"),
        ({"deployment": "flow"}, "no deployment"),
        ({"command": ["a"], "timeout": "0s"}, "longer than nothing"),
        ({"command": ["a"], "cooldown": "soon"}, "no length of time"),
        ({"command": ["a"], "comand": 1}, "Extra inputs"),
    ],
)
def test_settings_that_make_no_sense(reference: Path, retrain: dict[str, Any], said: str) -> None:
    """A retrain that is not one command or deployment, or has no lengths of time, is refused."""
    with pytest.raises(ConfigError, match=said):
        Config.of(settings(reference, retrain=retrain))
