"""Notifications as Alertmanager posts them, and programs that stand for a retrain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient
from tests.service.serving import await_that, reference_rows, service_of, trip, truth

from modelvane.reference import Reference

SHIFT = 8.0


def alert(dataset: str | None = "taxi", name: str = "DatasetDrift", status: str = "firing") -> dict[str, Any]:
    """Give one alert of a notification."""
    labels = {"alertname": name, "severity": "ticket"} | ({} if dataset is None else {"dataset": dataset})
    return {
        "status": status,
        "labels": labels,
        "annotations": {"summary": "The inputs moved"},
        "startsAt": "2026-01-02T03:04:05.678Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=1",
        "fingerprint": "9f1c2d3e4b5a6978",
    }


def notification(*alerts: dict[str, Any]) -> dict[str, Any]:
    """Give the body of a webhook, version 4."""
    return {
        "receiver": "modelvane",
        "status": "firing",
        "alerts": list(alerts),
        "groupLabels": {"alertname": "DatasetDrift"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": '{}:{alertname="DatasetDrift"}',
        "truncatedAlerts": 0,
    }


def drift(client: TestClient, rows: int = 200, first: int = 0, shift: float = SHIFT) -> None:
    """Post rows whose distances moved, with ids."""
    moved = [trip(number, shift=shift) | {"id": f"row-{number}"} for number in range(first, first + rows)]
    client.post("/iterate/taxi", json=moved).raise_for_status()


def program(folder: Path, body: str) -> list[str]:
    """Write a program that notes each of its runs, and give the command."""
    file = folder / "retrain.py"
    file.write_text(
        "import json, os, pathlib, sys, time\n"
        "with open('runs.txt', 'a') as runs: runs.write(os.environ['MODELVANE_RUN'] + '\\n')\n" + body
    )
    return ["python", str(file)]


def runs(folder: Path) -> int:
    """Give the number of runs of a program."""
    file = folder / "runs.txt"
    return len(file.read_text().splitlines()) if file.exists() else 0


def promoting(folder: Path) -> list[str]:
    """Give a command that promotes, with a reference of what trips are like after the drift."""
    rows = [
        trip(-1 - number, shift=SHIFT) | {"target": truth(-1 - number) + 4 * SHIFT}
        for number in range(len(reference_rows()))
    ]
    Reference.of(rows, categorical=["zone"], numerical=["trip_distance"]).save(folder / "promoted.mv")
    outcome = {
        "promoted": True,
        "champion": 9.0,
        "challenger": 5.0,
        "version": "2",
        "reference": "promoted.mv",
    }
    return program(folder, f"print({json.dumps(json.dumps(outcome))})\n")


def kinds(client: TestClient, *, but: str = "alert") -> list[str]:
    """Give the kinds of what happened to the dataset, without the alerts."""
    events = client.get("/v1/datasets/taxi/events?limit=10000").json()
    return [event["kind"] for event in events if not event["kind"].startswith(but)]


def settle(client: TestClient) -> None:
    """Wait until no retrain is considered and none runs."""
    for retrainer in service_of(client).retrains.retrainers.values():
        retrainer.wait()


def await_kind(client: TestClient, kind: str) -> None:
    """Wait until something has happened."""
    await_that(lambda: kind in kinds(client))
