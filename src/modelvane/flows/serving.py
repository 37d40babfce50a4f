"""The flow on the schedules of a config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import prefect
from prefect.schedules import Cron

from modelvane.config import Config
from modelvane.errors import ConfigError
from modelvane.flows.flow import batch_watch


def serve(config: Path, **parameters: Any) -> None:
    """Run the flow when the config says, for each of its datasets that has a schedule, until stopped.

    Prefect needs a server for that: ``prefect server start``, and ``PREFECT_API_URL``.

    Parameters
    ----------
    config
        The config.yaml; it is read again at each run.
    parameters
        Further ones of `batch_watch`, the same for every run.

    Raises
    ------
    ConfigError
        When no dataset has a schedule.
    """
    prefect.serve(*deployments(config, **parameters))


def deployments(config: Path, **parameters: Any) -> list[Any]:
    """Give a deployment of the flow for each dataset of a config that has a schedule.

    Raises
    ------
    ConfigError
        When there is none.
    """
    config = config.resolve()
    settings = Config.load(config)
    found = {name: settings.batch_of(name).schedule for name in settings.datasets}
    scheduled = {name: line for name, line in found.items() if line is not None}
    if not scheduled:
        raise ConfigError(
            f"No dataset of {config} has a schedule",
            expected="a cron line, in UTC",
            remedy="Add `batch: {schedule: 0 6 * * *}`, at the top or to a dataset",
        )
    return [
        batch_watch.to_deployment(
            name=name,
            schedule=Cron(line, timezone="UTC"),
            parameters={**parameters, "config": str(config), "dataset": name},
            # a run that takes longer than its period is not overtaken by the next
            concurrency_limit=1,
        )
        for name, line in scheduled.items()
    ]
