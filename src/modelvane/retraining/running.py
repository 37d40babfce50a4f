"""A run of a retrain, in the way that the config says."""

from __future__ import annotations

import threading
from pathlib import Path

from modelvane.config import RetrainSection
from modelvane.retraining.command import run_command
from modelvane.retraining.order import Order
from modelvane.retraining.outcome import Ended


def run(settings: RetrainSection, order: Order, *, folder: Path, stop: threading.Event) -> Ended:
    """Run the command or the deployment, and wait for its end.

    Parameters
    ----------
    folder
        Where a command runs.
    stop
        Set when it is to be ended at once.
    """
    timeout = settings.timeout_seconds
    if settings.command is not None:
        return run_command(
            settings.command, order, folder=folder, env=settings.env, timeout=timeout, stop=stop
        )
    assert settings.deployment is not None  # noqa: S101 - the config has exactly one of the two
    from modelvane.retraining.deployment import run_deployment  # noqa: PLC0415 - needs Prefect, an extra

    return run_deployment(settings.deployment, order, timeout=timeout, stop=stop)
