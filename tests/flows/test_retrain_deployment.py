"""A retrain as a run of a Prefect deployment, on a real server."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.service.serving import await_that

from modelvane.retraining.order import Order
from modelvane.retraining.outcome import read_outcome

FLOW = """
import json, pathlib, sys, time
from prefect import flow

@flow(name="retrain-{name}", persist_result=False)
def retrain(dataset: str, config: str | None, alert: str, since: float | None, until: float | None, outcome: str):
    {body}

if __name__ == "__main__":
    {then}
"""
WORKS = (
    "pathlib.Path(outcome).write_text(json.dumps({'promoted': False, 'why': f'{dataset} {alert} {since}'}))"
)


def order(folder: Path) -> Order:
    """Give an order whose files are in a folder."""
    return Order("run-1", "taxi", None, "DatasetDrift", 1.0, 2.0, folder)


@pytest.fixture
def environment(prefect: None) -> dict[str, str]:  # noqa: ARG001 - the server
    """Give the environment of a program that asks the tests' server."""
    from prefect.settings import get_current_settings

    return {**os.environ, "PREFECT_API_URL": str(get_current_settings().api.url)}


@pytest.fixture
def serving(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Serve a deployment that reports an outcome, and give its name."""
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    file = tmp_path / "served.py"
    file.write_text(
        FLOW.format(name="served", body=WORKS, then='retrain.serve(name="taxi", pause_on_shutdown=False)')
    )
    with (tmp_path / "served.log").open("w") as log:
        process = subprocess.Popen([sys.executable, str(file)], env=environment, stdout=log, stderr=log)
    name = "retrain-served/taxi"

    def is_there() -> bool:
        assert process.poll() is None, (tmp_path / "served.log").read_text()
        with get_client(sync_client=True) as client:
            try:
                client.read_deployment_by_name(name)
            except ObjectNotFound:
                return False
        return True

    try:
        await_that(is_there)
        yield name
    finally:
        process.terminate()
        process.wait(300)


def test_a_deployment_runs_and_reports(serving: str, tmp_path: Path) -> None:
    """The flow has the order as its parameters, and its outcome is read from the file."""
    from modelvane.retraining.deployment import run_deployment

    ended = run_deployment(serving, order(tmp_path), timeout=300, stop=threading.Event())
    assert ended.fault is None, ended
    outcome = read_outcome(order(tmp_path).outcome, ended.answer)
    assert (outcome.promoted, outcome.why) == (False, "taxi DatasetDrift 1.0")
    assert "run-1" in order(tmp_path).output.read_text()


def test_a_server_that_does_not_answer_for_a_while() -> None:
    """A run whose server fails to tell of it is waited for: it goes on, and may promote a model."""
    import httpx
    from prefect.client.schemas.objects import FlowRun
    from prefect.states import Completed, Running

    from modelvane.retraining import deployment

    going = FlowRun(flow_id=uuid.uuid4(), state=Running())
    told = iter([httpx.ConnectError("no answer"), httpx.ReadTimeout("no answer"), Completed()])

    def read(_run: object) -> FlowRun:
        one = next(told)
        if isinstance(one, Exception):
            raise one
        return going.model_copy(update={"state": one})

    fault, run = deployment.awaited(going, read, 60.0, threading.Event())
    assert (fault, run.state is not None and run.state.is_completed()) == (None, True)


@pytest.mark.usefixtures("prefect")
def test_a_deployment_that_nobody_runs_is_cancelled(tmp_path: Path) -> None:
    """A run that no worker takes is cancelled after the timeout, or when the service stops; an unknown name is said."""
    from prefect import flow
    from prefect.client.orchestration import get_client

    from modelvane.retraining.deployment import run_deployment

    @flow(name="retrain-idle")
    def idle() -> None:
        pass

    with get_client(sync_client=True) as client:
        client.create_deployment(client.create_flow(idle), "taxi")
    stopped = threading.Event()
    late = run_deployment("retrain-idle/taxi", order(tmp_path), timeout=0.1, stop=threading.Event())
    assert late.fault == "it took longer than 0.1 s"
    stopped.set()
    assert run_deployment("retrain-idle/taxi", order(tmp_path), timeout=300, stop=stopped).fault == (
        "the service was stopped"
    )
    with get_client(sync_client=True) as client:
        states = {
            run.state.type.value for run in client.read_flow_runs() if run.name == "run-1" and run.state
        }
    assert states <= {"CANCELLING", "CANCELLED", "COMPLETED"}
    assert "CANCELLED" in states or "CANCELLING" in states
    unknown = run_deployment("retrain-idle/taxy", order(tmp_path), timeout=1, stop=threading.Event())
    assert unknown.fault is not None
    assert "ObjectNotFound" in unknown.fault
