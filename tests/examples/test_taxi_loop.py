"""The whole loop of the taxi model, but for Alertmanager: drift, alert, retrain, another model and reference."""

from __future__ import annotations

import os
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
import requests
import yaml
from examples.shared.versions import Versions
from examples.taxi import retrain, rolling_back
from examples.taxi.following import FollowedModel
from examples.taxi.model import DurationModel, build_reference_table
from examples.taxi.synthetic import write_month
from examples.taxi.trips import read_trips
from starlette.testclient import TestClient
from tests.service.alerting import alert, kinds, notification, settle

from modelvane.config import Config
from modelvane.service.app import create_app

if TYPE_CHECKING:
    import pyarrow as pa

ROOT = Path(retrain.__file__).parents[2]


def post(client: TestClient, model: FollowedModel, trips: pa.Table, first: int, rows: int) -> None:
    """Let the model predict trips, log them, and label all of them."""
    part = trips.slice(first, rows).to_pylist()
    chosen = [model.choose() for _ in part]
    # at once by version: a prediction each is slow
    of = {each: each.model.predict(part) for each in set(chosen)}
    predicted = [of[each][i] for i, each in enumerate(chosen)]
    records: list[dict[str, Any]] = [
        {name: value for name, value in row.items() if name != "duration"}
        | {
            "lpep_pickup_datetime": row["lpep_pickup_datetime"].isoformat(),
            "id": f"trip-{first + i}",
            "model_version": chosen[i].version,
            "prediction": float(predicted[i]),
        }
        for i, row in enumerate(part)
    ]
    client.post("/iterate/taxi", json=records).raise_for_status()
    labels = [{"id": f"trip-{first + i}", "target": row["duration"]} for i, row in enumerate(part)]
    client.post("/v1/datasets/taxi/labels", json=labels).raise_for_status()


def slowed(trips: pa.Table) -> pa.Table:
    """Give trips that take half as long again: so many few trips tell a better model from chance."""
    minutes = [min(1.5 * minutes, 59.0) for minutes in trips["duration"].to_pylist()]
    return trips.set_column(trips.schema.get_field_index("duration"), "duration", [minutes])


def drifts(client: TestClient) -> str:
    """Give the verdict on drift."""
    found = client.get("/v1/datasets/taxi/findings").json()["findings"]
    [one] = [one for one in found if one["measure"] == "dataset_drift"]
    return str(one["verdict"])


def page(client: TestClient) -> str:
    """Give what the live page says of versions, as text."""
    shown = client.get("/datasets/taxi").text.partition('id="versions"')[2].partition("</section>")[0]
    return unescape(shown)


def test_drift_is_answered_by_a_better_model(
    trips: pa.Table, model: DurationModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trips of another regime alarm; the alert retrains; the service and the monitor take what came; no alarm.

    The version before answers some trips on, and the page shows that it is worse than the champion. Rolling back, both
    take what was before.
    """
    config = yaml.safe_load((Path(retrain.__file__).with_name("config.yaml")).read_text())
    config["service"] |= {"store": "sqlite:///taxi.db", "calculation_period_sec": 0}
    config["datasets"]["taxi"] |= {
        "window": {"rows": 2000},
        "retrain": {
            "command": ["python", "-m", "examples.taxi.retrain"],
            "env": {"PYTHONPATH": _python_path()},
        },
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    model.save(tmp_path / "model.skops")
    pq.write_table(build_reference_table(trips), tmp_path / "reference.parquet")
    assert retrain.main(["--config", str(tmp_path / "config.yaml"), "--initial"]) == 0
    later = slowed(read_trips(write_month("2022-01", tmp_path, rows=6000)))
    versions = Versions(tmp_path / "models")
    with (
        FollowedModel(versions.folder, every=60, holdback=0.2) as followed,
        TestClient(create_app(Config.load(tmp_path / "config.yaml"))) as client,
    ):
        followed._random.seed(0)
        first = followed.version
        assert first == "2021-01", "as the config calls the champion"
        post(client, followed, later, 0, 2000)
        assert drifts(client) == "alarm"
        client.post("/v1/alerts", json=notification(alert())).raise_for_status()
        settle(client)
        assert kinds(client) == ["retrain_started", "model_promoted", "reference_switched"], client.get(
            "/v1/events"
        ).text
        followed.look()
        assert followed.version == versions.current() != first
        [*_, switched] = client.get("/v1/events?kind=reference_switched").json()
        assert switched["what"].endswith(f"other versions of the model are compared with {followed.version}")
        post(client, followed, later, 2000, 2000)
        assert drifts(client) in ("ok", "changed")
        assert f"{first} is worse than {followed.version}: mean absolute error" in page(client)
        roll_back(versions.folder, client, monkeypatch)
        followed.look()
        assert followed.version == versions.current() == first
        [*_, switched] = client.get("/v1/events?kind=reference_switched").json()
        assert switched["details"]["file"] == str(versions.path(first) / "reference.parquet")
        assert client.get("/v1/datasets/taxi/findings").json()["rows"] == 0


def roll_back(models: Path, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roll back, with the client in place of the network."""
    config = Config.load(models.parent / "config.yaml")

    def post(url: str, **how: Any) -> requests.Response:
        answer = client.post(url.removeprefix("http://monitor"), json=how["json"])
        found = requests.Response()
        found.status_code, found._content = answer.status_code, answer.content
        return found

    monkeypatch.setattr(requests, "post", post)
    rolling_back.roll_back(models, config, "taxi", "http://monitor")


def _python_path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
