"""Settings of the services whose models are watched."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pydantic import Field

from modelvane.config.addresses import Target
from modelvane.config.section import Section
from modelvane.errors import ConfigError, UnknownNameError

MONITOR_JOB = "modelvane"
"""The job under which Prometheus scrapes the monitor itself."""


class PredictionServiceSection(Section):
    """One service that answers with a model, and shows its health to Prometheus."""

    target: Target = Field(description="Host and port that Prometheus scrapes, at `/metrics`.")
    datasets: list[str] | None = Field(
        None, description="The datasets that its predictions are logged to; that of its name otherwise."
    )
    job: str | None = Field(
        None, min_length=1, description="Its job in Prometheus; the service's name otherwise."
    )
    slow_seconds: float = Field(
        0.1,
        gt=0,
        description="An answer that takes longer is slow; one of the bounds of its latency histogram.",
    )
    model: str | None = Field(
        None, min_length=1, description="What people call its model; the service's name otherwise."
    )


@dataclass(frozen=True, slots=True)
class PredictionService:
    """A prediction service as the config means it, with nothing left open; fields as in the section."""

    name: str
    target: str
    job: str
    datasets: tuple[str, ...]
    slow_seconds: float
    model: str


def prediction_services_of(
    sections: Iterable[tuple[str, PredictionServiceSection]], datasets: Collection[str]
) -> tuple[PredictionService, ...]:
    """Fill in what sections leave open, in their order.

    Raises
    ------
    UnknownNameError
        For a dataset that is not in the config.
    ConfigError
        For two services with one job, or one with the monitor's.
    """
    services: list[PredictionService] = []
    jobs = {MONITOR_JOB: "the monitor"}
    for name, section in sections:
        job = section.job or name
        if job in jobs:
            raise ConfigError(
                f"prediction_services.{name}.job is taken by {jobs[job]}",
                received=job,
                remedy="Give it another `job`, and Prometheus' scrape configuration the same",
            )
        jobs[job] = f"prediction_services.{name}"
        named = section.datasets
        if named is None:
            named = [name] if name in datasets else []
        for dataset in named:
            if dataset not in datasets:
                raise UnknownNameError.of(f"dataset in prediction_services.{name}", dataset, datasets)
        services.append(
            PredictionService(
                name, section.target, job, tuple(named), section.slow_seconds, section.model or name
            )
        )
    return tuple(services)
