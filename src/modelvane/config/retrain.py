"""Settings of the retrain of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from modelvane.config.lengths import Length, LengthOfSomething
from modelvane.config.section import Section
from modelvane.periods import length_of


def _deployment(name: str) -> str:
    flow, _, deployment = name.partition("/")
    if not flow or not deployment:
        raise ValueError("no deployment; expected its flow and its name, as flow/deployment")
    return name


class RetrainSection(Section):
    """What an alert starts; exactly one of `command` and `deployment`."""

    command: tuple[str, ...] | None = Field(
        None, min_length=1, description="A program with its arguments, run in the config's folder."
    )
    deployment: Annotated[str, AfterValidator(_deployment)] | None = Field(
        None, description="`flow/deployment` of Prefect, run in its place; needs `PREFECT_API_URL`."
    )
    alerts: tuple[str, ...] = Field(
        ("DatasetDrift",), min_length=1, description="Names of the alerts that ask for it."
    )
    cooldown: Length = Field(
        "6h", description="From the start of one retrain to that of the next, over restarts of the service."
    )
    retry: LengthOfSomething = Field(
        "10min",
        description="The same after a retrain that had too few rows to decide on (`not_yet`), where that is shorter.",
    )
    timeout: LengthOfSomething = Field("1h", description="After which it is ended.")
    dry_run: bool = Field(False, description="Only say, as an event, what would have been done.")
    env: dict[str, str] = Field({}, description="Variables of the environment that are added for `command`.")
    folder: Path = Field(
        Path("retrains"),
        description="Where output and outcome of the last runs are kept, from the config's folder; a deployment has to "
        "reach it under the same path.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.command is None) == (self.deployment is None):
            raise ValueError("a retrain is either a command or a deployment; expected exactly one of the two")
        return self

    @property
    def cooldown_seconds(self) -> float:
        """The cool-down in seconds."""
        return length_of(self.cooldown)

    @property
    def retry_seconds(self) -> float:
        """The cool-down after a retrain that came too early, in seconds."""
        return length_of(self.retry)

    @property
    def timeout_seconds(self) -> float:
        """The timeout in seconds."""
        return length_of(self.timeout)
