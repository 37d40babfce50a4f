"""Another reference while rows come in: nothing lost, nothing refused, the same again after a restart."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.service.alerting import SHIFT, drift
from tests.service.serving import (
    ask,
    await_that,
    labelled_rows,
    live,
    logging_all_the_time,
    reference_rows,
    served,
    settings,
    trip,
    truth,
    watch_of,
)
from tests.service.test_service_retrain import timeless

from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.service.background import Evaluator
from modelvane.service.watch import Watch
from modelvane.settings import Settings, Window
from modelvane.store import open_log
from modelvane.store.protocol import LogDownError
from modelvane.table import Table


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Give the file of another reference, of trips that drifted, in the config's folder."""
    rows = [
        trip(-1 - n, shift=SHIFT) | {"target": truth(-1 - n) + 4 * SHIFT}
        for n in range(len(reference_rows()))
    ]
    Reference.of(rows, categorical=["zone"], numerical=["trip_distance"]).save(tmp_path / "other.mv")
    return tmp_path / "other.mv"


def digest(client: TestClient) -> str:
    """Give the reference in use."""
    return str(client.get("/v1/datasets").json()[0]["reference"]["digest"])


def verdict(client: TestClient) -> str:
    """Give the verdict on the drift of the whole dataset."""
    found = client.get("/v1/datasets/taxi/findings").json()["findings"]
    return str(next(one["verdict"] for one in found if one["measure"] == "dataset_drift"))


@pytest.mark.parametrize(("window", "rows"), [("keep", 200), ("empty", 0)])
def test_a_switch_by_hand(reference: Path, other: Path, tmp_path: Path, window: str, rows: int) -> None:
    """Kept rows are judged on the new rulers, an empty window waits for others; a restart finds the same."""
    plain = settings(reference)
    with served(plain, tmp_path) as client:
        drift(client)
        targets = [{"id": f"row-{n}", "target": truth(n) + 4 * SHIFT} for n in range(100)]
        client.post("/v1/datasets/taxi/labels", json=targets).raise_for_status()
        assert verdict(client) == "alarm"
        answer = client.post("/v1/datasets/taxi/reference", json={"file": "other.mv", "window": window})
        assert answer.status_code == 200, answer.text
        assert digest(client) == answer.json()["details"]["digest"] == Reference.load(other).digest
        after = timeless(client)
        assert (after["rows"], after["labelled"]) == (rows, rows // 2)
        if window == "keep":
            assert verdict(client) == "ok"
    with served(plain, tmp_path) as client:
        assert timeless(client) == after


@pytest.mark.parametrize("window", ["keep", "empty"])
def test_versions_begin_anew_with_another_reference(tmp_path: Path, window: str) -> None:
    """What was counted before a switch is the old comparison's, whether targets came in rows or as labels."""
    for file, seed in (("one.mv", 0), ("other.mv", 400)):
        rows = [trip(-1 - seed - n) | {"target": truth(-1 - seed - n)} for n in range(400)]
        Reference.of(rows, categorical=["zone"], numerical=["trip_distance"], version="model").save(
            tmp_path / file
        )
    plain = settings(
        tmp_path / "one.mv", window={"rows": 100}, versions={"column": "model", "champion": "v1"}
    )

    def come(client: TestClient, first: int) -> None:
        rows = [trip(n) | {"id": n, "model": f"v{1 + n % 2}"} for n in range(first, first + 40)]
        told = [row | ({"target": truth(first)} if n < 20 else {}) for n, row in enumerate(rows)]
        client.post("/iterate/taxi", json=told).raise_for_status()
        labels = [{"id": n, "target": truth(n)} for n in range(first + 20, first + 40)]
        client.post("/v1/datasets/taxi/labels", json=labels).raise_for_status()

    with served(plain, tmp_path) as client:
        come(client, 0)
        assert labelled_rows(watch_of(client)) == 40
        answer = client.post("/v1/datasets/taxi/reference", json={"file": "other.mv", "window": window})
        assert answer.status_code == 200, answer.text
        assert labelled_rows(watch_of(client)) == 0
        come(client, 40)
        assert labelled_rows(watch_of(client)) == 40
    with served(plain, tmp_path) as client:
        assert labelled_rows(watch_of(client)) == 40


def test_a_switch_names_the_champion(tmp_path: Path) -> None:
    """Whom a switch names is the champion, over a restart too, until the config names another; by default who was."""
    for file, seed in (("one.mv", 0), ("other.mv", 400)):
        rows = [trip(-1 - seed - n) | {"target": truth(-1 - seed - n)} for n in range(400)]
        Reference.of(rows, categorical=["zone"], numerical=["trip_distance"], version="model").save(
            tmp_path / file
        )

    def named(champion: str) -> Any:
        versions = {"column": "model", "champion": champion}
        return settings(tmp_path / "one.mv", window={"rows": 100}, versions=versions)

    def decided(client: TestClient) -> dict[str, str]:
        """Give who is compared with whom."""
        found = client.get("/v1/datasets/taxi/findings").json()["findings"]
        return {one["label"]: one["measure"] for one in found if one["measure"].endswith("error_decision")}

    def come(client: TestClient, first: int) -> None:
        rows = [trip(n) | {"id": n, "model": f"v{1 + n % 2}"} for n in range(first, first + 40)]
        told = [row | {"target": truth(first)} for row in rows]
        client.post("/iterate/taxi", json=told).raise_for_status()

    with served(named("v1"), tmp_path) as client:
        come(client, 0)
        assert decided(client).keys() == {"v2"}
        body = {"file": "other.mv", "window": "empty", "champion": "v2"}
        answer = client.post("/v1/datasets/taxi/reference", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["what"].endswith("other versions of the model are compared with v2")
        come(client, 40)
        assert decided(client).keys() == {"v1"}
        assert labelled_rows(watch_of(client)) == 40
    with served(named("v1"), tmp_path) as client:
        assert decided(client).keys() == {"v1"}
        assert labelled_rows(watch_of(client)) == 40
        client.post("/v1/datasets/taxi/reference", json={"file": "one.mv"}).raise_for_status()
        come(client, 80)
        assert decided(client).keys() == {"v1"}
    with served(named("v3"), tmp_path) as client:
        come(client, 120)
        assert decided(client).keys() == {"v1", "v2"}


@pytest.mark.usefixtures("other")
def test_a_switch_that_is_kept_is_not_made_again(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that keeps the switch, and then is too slow for a snapshot, has one switch: nobody is told to try again."""

    def too_slow(_watch: Watch) -> None:
        raise LogDownError("The log did not answer in time")

    with served(settings(reference), tmp_path) as client:
        with monkeypatch.context() as patch:
            patch.setattr(Watch, "snapshot", too_slow)
            answer = client.post("/v1/datasets/taxi/reference", json={"file": "other.mv"})
        assert answer.status_code == 200, answer.text
        assert len(client.get("/v1/events?kind=reference_switched").json()) == 1


@pytest.mark.usefixtures("other")
def test_reading_the_configured_reference_again(reference: Path, tmp_path: Path) -> None:
    """Without a body the config's own reference is taken again."""
    with served(settings(reference), tmp_path) as client:
        first = digest(client)
        client.post("/v1/datasets/taxi/reference", json={"file": "other.mv"}).raise_for_status()
        assert digest(client) != first
        client.post("/v1/datasets/taxi/reference").raise_for_status()
        assert digest(client) == first


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"file": "nowhere.mv"}, 422, "no reference"),
        ({"file": "../other.mv"}, 422, "from the config's folder, or"),
        ({"file": "/etc/passwd"}, 422, "from the config's folder, or"),
        ({"file": "a\0b"}, 422, "from the config's folder, or"),
        ({"file": "a" * 5000}, 422, "no reference"),
        ({"file": "."}, 422, "no reference"),
        ({"file": "broken.parquet"}, 400, "broken.parquet cannot be read"),
        ({"file": "broken.mv"}, 422, "not written by modelvane"),
        ({"file": "schema.mv"}, 422, "another schema"),
        ({"window": "half"}, 422, "window"),
        ({"fil": "other.mv"}, 422, "fil"),
    ],
)
def test_a_reference_that_does_not_do(
    reference: Path, tmp_path: Path, body: dict[str, Any], status: int, said: str
) -> None:
    """A file that is none, is elsewhere, is broken or has another schema is refused, and the reference stays."""
    (tmp_path / "broken.mv").write_bytes(b"not a reference")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not a table PAR1")
    rows = [row | {"passengers": 1.0 + n % 4} for n, row in enumerate(reference_rows())]
    Reference.of(rows, numerical=["zone", "passengers"]).save(tmp_path / "schema.mv")
    with served(settings(reference), tmp_path) as client:
        first = digest(client)
        answer = client.post("/v1/datasets/taxi/reference", json=body)
        assert (answer.status_code, said in answer.text) == (status, True), answer.text
        if body.get("file") == "schema.mv":
            assert "passengers: not there → feature" in answer.json()["received"]
        assert digest(client) == first
        assert client.get("/v1/events").json() == []
        drift(client, rows=5)
        assert client.get("/v1/datasets/taxi/findings").json()["rows"] == 5


def test_a_reference_beside_the_configured_one(reference: Path, other: Path, tmp_path: Path) -> None:
    """A reference may lie beside `reference_file`, where versions of a model do, and nowhere else outside."""
    beside, config = tmp_path / "shared" / "models", tmp_path / "config"
    beside.mkdir(parents=True)
    config.mkdir()
    configured = beside.parent / "reference.mv"
    configured.write_bytes(reference.read_bytes())
    (beside / "other.mv").write_bytes(other.read_bytes())
    (beside / "link.mv").symlink_to(other)
    with served(settings(configured), config) as client:
        post = partial(client.post, "/v1/datasets/taxi/reference")
        post(json={"file": str(beside / "other.mv")}).raise_for_status()
        assert digest(client) == Reference.load(other).digest
        for file in (other, beside / "link.mv", f"{beside}/../../other.mv"):
            assert post(json={"file": str(file)}).status_code == 422


@pytest.mark.usefixtures("other")
def test_a_changed_config_is_the_newer_decision(reference: Path, tmp_path: Path) -> None:
    """Once `reference_file` has changed, the reference that was taken before no longer holds."""
    configured = tmp_path / "configured.mv"
    configured.write_bytes(reference.read_bytes())
    plain = settings(configured)
    with served(plain, tmp_path) as client:
        client.post("/v1/datasets/taxi/reference", json={"file": "other.mv"}).raise_for_status()
    Reference.of(reference_rows(300), categorical=["zone"], numerical=["trip_distance"]).save(configured)
    with served(plain, tmp_path) as client:
        assert digest(client) == Reference.load(configured).digest


def test_a_reference_that_was_taken_and_is_gone(reference: Path, other: Path, tmp_path: Path) -> None:
    """A start without the file that was taken last says so, and what to do."""
    plain = settings(reference)
    with served(plain, tmp_path) as client:
        client.post("/v1/datasets/taxi/reference", json={"file": "other.mv"}).raise_for_status()
    other.unlink()
    with pytest.raises(Exception, match=r"gone.*Put it back"), served(plain, tmp_path):
        pass


@pytest.mark.usefixtures("other")
@pytest.mark.parametrize("window", ["keep", "empty"])
def test_rows_that_come_during_switches(reference: Path, tmp_path: Path, window: str) -> None:
    """While rows come in all the time, switches lose none, double none and refuse none; a restart finds the same."""
    plain = settings(reference, window={"rows": 100_000})
    switches = [{"file": "other.mv", "window": window}, {"window": window}] * 4
    with live(plain, tmp_path) as address:
        with logging_all_the_time(address) as ids:
            for body in switches:
                seen = len(ids)
                await_that(lambda seen=seen: len(ids) > seen + 30)  # type: ignore[misc] # bound now
                ask(f"{address}/v1/datasets/taxi/reference", body)
        events = ask(f"{address}/v1/events?kind=reference_switched")
        found = ask(f"{address}/v1/datasets/taxi/findings")
        [dataset] = ask(f"{address}/v1/datasets")
    assert len(events) == len(switches)
    assert dataset["rows"] == len(ids)
    assert found["rows"] == len(ids) - events[-1]["details"]["after"]
    with served(plain, tmp_path) as client:
        assert timeless(client)["rows"] == found["rows"]
        assert watch_of(client).monitor.reference.digest == events[-1]["details"]["digest"]


def test_what_prometheus_is_told(reference: Path, other: Path, tmp_path: Path) -> None:
    """The switch is a count, a time and another digest."""
    with served(settings(reference), tmp_path) as client:
        before = client.get("/metrics").text
        assert 'modelvane_events_total{dataset="taxi",kind="reference_switched"} 0.0' in before
        assert "modelvane_reference_switch_time_seconds{" not in before
        at = client.post("/v1/datasets/taxi/reference", json={"file": "other.mv"}).json()["at"]
        after = client.get("/metrics").text
        assert 'modelvane_events_total{dataset="taxi",kind="reference_switched"} 1.0' in after
        [line] = [x for x in after.splitlines() if x.startswith("modelvane_reference_switch_time_seconds{")]
        assert float(line.split()[-1]) == at
        assert Reference.load(other).digest in after
    with served(settings(reference), tmp_path) as client:
        assert "modelvane_reference_switch_time_seconds{" in client.get("/metrics").text
        assert "reference switched" in client.get("/datasets/taxi").text


def test_a_label_on_its_way_during_a_switch_counts_once(tmp_path: Path) -> None:
    """A label in the log whose news comes after the switch, of a row that left the memory, is in the window once."""
    numbers = [i + 0.5 for i in range(100)]
    reference = Reference.of({"prediction": numbers, "target": numbers})
    how = Settings(window=Window(rows=10, seconds=3600.0), horizon=10)

    def monitor() -> Monitor:
        return Monitor("taxi", reference, how, clock=lambda: 2000.0)

    with closing(Evaluator()) as evaluator, closing(open_log(f"sqlite:///{tmp_path}/log.db")) as log:
        log.open("taxi", reference.schema)
        watch = Watch(monitor(), log, evaluator)
        rows = Table.of([{"id": str(i), "prediction": 1.0, "time": 1000.0 + i} for i in range(50)])
        watch.added(rows, log.append("taxi", rows, 2000.0), 2000.0)
        early, late = (log.label("taxi", [id_], [2.0], None, 2000.0) for id_ in ("1", "2"))
        watch.labelled(["1"], [2.0], None, early)
        watch.switch(
            monitor(), keeps_rows=True, undisturbed=lambda read: read(log), record=lambda after: after or 0
        )
        watch.labelled(["2"], [2.0], None, late)
        assert watch.monitor.tally().labelled.rows == 2
        later = log.label("taxi", ["3"], [2.0], None, 2000.0)
        watch.labelled(["3"], [2.0], None, later)
        assert watch.monitor.tally().labelled.rows == 3
