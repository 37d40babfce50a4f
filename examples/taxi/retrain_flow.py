"""The retrain as a Prefect deployment, ``taxi-retrain/taxi``, for `retrain: {deployment: taxi-retrain/taxi}`.

::

    PREFECT_API_URL=http://127.0.0.1:4200/api python -m examples.taxi.retrain_flow
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.logging import get_run_logger

from examples.taxi import retrain as steps
from examples.taxi.recent import NotYetError


@flow(name="taxi-retrain", persist_result=False)
def taxi_retrain(
    dataset: str = "taxi",
    config: str = ".modelvane/demo/config.yaml",
    alert: str = "",
    since: float | None = None,  # noqa: ARG001 - given to every deployment, see below
    until: float | None = None,  # noqa: ARG001 - as above
    outcome: str | None = None,
) -> dict[str, Any]:
    """Train a challenger on the labelled trips since the alert fires, and promote it if it is better.

    Parameters
    ----------
    dataset, config
        Whose log, and where it is.
    alert
        What asks.
    since, until
        Event times of the evidence, seconds since 1970. The monitor gives them to every deployment, and Prefect refuses
        a run with parameters that its flow does not have; not used here, where the alert says which trips are taken.
    outcome
        The file that the monitor reads.
    """
    beside = Path(config).absolute().parent
    settings = steps.Settings(
        config=Path(config),
        dataset=dataset,
        models=beside / "models",
        champion=beside / "model.skops",
        alert=alert,
    )
    try:
        found = steps.retrain(settings)
    except NotYetError as error:
        found = {"promoted": False, "not_yet": True, "why": str(error)}
    get_run_logger().info("%s: %s", alert or "by hand", found["why"])
    steps.conclude(found, settings, outcome)
    return found


if __name__ == "__main__":
    taxi_retrain.serve(name="taxi")
