"""A retrain as a run of a Prefect deployment."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import PrefectException
from prefect.states import Cancelling

from modelvane.retraining.order import Order
from modelvane.retraining.outcome import Ended

_LOOK_SECONDS = 1.0

_log = logging.getLogger("modelvane.retraining")


def run_deployment(deployment: str, order: Order, *, timeout: float, stop: threading.Event) -> Ended:
    """Run a deployment, and wait for its end.

    Parameters
    ----------
    deployment
        ``flow/deployment``.
    order
        What it is told, as the flow's parameters.
    timeout
        Seconds after which it is cancelled, whether or not a worker has begun with it.
    stop
        Set when it is to be cancelled at once.
    """
    try:
        with get_client(sync_client=True) as client:
            found = client.read_deployment_by_name(deployment)
            run = client.create_flow_run_from_deployment(
                found.id, parameters=order.parameters(), name=order.run
            )
            fault, run = awaited(run, client.read_flow_run, timeout, stop)
            if run.state is None or not run.state.is_final():
                client.set_flow_run_state(run.id, Cancelling())
    except (PrefectException, httpx.HTTPError, RuntimeError) as error:
        return Ended(f"Prefect: {type(error).__name__}: {error}")
    said = f"flow run {run.name} ({run.id}): {run.state.name if run.state else 'no state'}"
    if run.state is not None and run.state.message:
        said = f"{said}. {run.state.message}"
    order.output.write_text(f"{said}\n", encoding="utf-8")
    return Ended(fault, said, _answer(run))


def awaited(
    run: FlowRun, read: Callable[[Any], FlowRun], timeout: float, stop: threading.Event
) -> tuple[str | None, FlowRun]:
    """Wait for the end of a run; give what was wrong with it, if anything, and how it stands."""
    deadline = time.monotonic() + timeout
    while run.state is None or not run.state.is_final():
        if stop.wait(_LOOK_SECONDS):
            return "the service was stopped", run
        if time.monotonic() > deadline:
            return f"it took longer than {timeout:g} s", run
        try:
            run = read(run.id)
        except httpx.HTTPError as error:
            # the run goes on while Prefect's server does not answer, and may promote a model
            _log.warning("Prefect does not tell of %s: %r", run.name, error)
    is_good = run.state.type is StateType.COMPLETED
    return None if is_good else f"its flow run ended as {run.state.name}", run


def _answer(run: FlowRun) -> str:
    """Give an outcome that the flow left in its state's message, where it could not write the file."""
    message = run.state.message if run.state is not None else None
    try:
        json.loads(message or "")
    except ValueError:
        return ""
    return message or ""
