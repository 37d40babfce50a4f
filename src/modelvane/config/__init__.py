"""config.yaml: what is watched, and how; the 2022 service's file is read unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from modelvane import compat
from modelvane.config.alerts import AlertsSection, DatasetAlertsSection, check_alerts
from modelvane.config.attribution import AttributionSection
from modelvane.config.batch import BatchSection
from modelvane.config.columns import ColumnMapping
from modelvane.config.dataset import DatasetSection, ReferencePeriod
from modelvane.config.fairness import FairnessSection
from modelvane.config.faults import first_fault
from modelvane.config.links import LinksSection
from modelvane.config.prediction_services import (
    PredictionService,
    PredictionServiceSection,
    prediction_services_of,
)
from modelvane.config.reading import read
from modelvane.config.retrain import RetrainSection
from modelvane.config.section import Section
from modelvane.config.service import Limits, ServiceSection
from modelvane.errors import ConfigError, UnknownNameError
from modelvane.methods import Methods
from modelvane.settings import ROWS, Concept, Moving, Multivariate, Outliers, Settings, Window

__all__ = [
    "AlertsSection",
    "AttributionSection",
    "BatchSection",
    "ColumnMapping",
    "Config",
    "DatasetAlertsSection",
    "DatasetSection",
    "FairnessSection",
    "Limits",
    "LinksSection",
    "PredictionService",
    "PredictionServiceSection",
    "RetrainSection",
    "ServiceSection",
]

_SQLITE = "sqlite:///"


class Config(Section):
    """The whole file."""

    datasets: dict[str, DatasetSection] = Field(
        min_length=1, description="By name, which is part of the URLs."
    )
    service: ServiceSection = Field(ServiceSection(), description="The service.")
    batch: BatchSection = Field(BatchSection(), description="The batch watch.")
    prediction_services: dict[str, PredictionServiceSection] = Field(
        {}, description="By name: the services whose models are watched, as Prometheus scrapes them."
    )
    links: LinksSection = Field(LinksSection(), description="Addresses for links.")
    alerts: AlertsSection = Field(AlertsSection(), description="When generated alerts fire.")
    measures: tuple[str, ...] = Field(
        (), description="Modules with measures of your own, importable or beside the config."
    )
    compat: Literal["evidently"] | None = Field(None, description="Adds the 2022 `evidently:` series.")
    folder: Path = Field(Path(), exclude=True, description="Where the file is; relative paths start here.")
    file: Path | None = Field(None, exclude=True, description="The file itself, where it is one.")

    @classmethod
    def load(cls, path: str | Path) -> Config:
        """Read a file.

        Raises
        ------
        ConfigError
            When it, or a file that it names, cannot be read, or a setting is unknown, missing or out of range.
        """
        path = Path(path)
        config = cls.of(read(path), path.resolve().parent, str(path))
        return config.model_copy(update={"file": path.resolve()})

    @classmethod
    def of(cls, data: object, folder: Path = Path(), where: str = "the config") -> Config:
        """Check plain values.

        Raises
        ------
        ConfigError
            When a setting is unknown (with the nearest one that exists), missing or out of range.
        """
        if not isinstance(data, Mapping):
            raise ConfigError(
                f"{where} is no mapping of settings", received=data, expected="datasets: and service:"
            )
        try:
            config = cls.model_validate({**data, "folder": folder, "file": None})
        except ValidationError as error:
            raise first_fault(cls, error, where) from None
        if not config.service.use_reference:
            raise ConfigError(
                "service.use_reference is not supported, and had no effect in 2022",
                received=False,
                expected="true",
            )
        if config.service.moving_reference:
            config = config.model_copy(update={"datasets": _moving(config.datasets)})
        if config.measures:
            from modelvane.own import load  # noqa: PLC0415 - the catalogue and more, for those who have some

            load(config.measures, folder)
        for name, section in config.datasets.items():
            _check_dataset(name, section)
            config.settings(name)
        config.services()
        check_alerts(config.alerts)
        return config

    def dataset(self, name: str) -> DatasetSection:
        """Give one dataset's section."""
        try:
            return self.datasets[name]
        except KeyError:
            raise UnknownNameError.of("dataset", name, self.datasets) from None

    def reference_file(self, name: str) -> Path:
        """Give the path of a dataset's reference."""
        section = self.dataset(name)
        return self.folder / (section.reference_file or self.service.datasets_path / name / "reference.csv")

    def services(self) -> tuple[PredictionService, ...]:
        """Give the prediction services, with nothing left open."""
        return prediction_services_of(self.prediction_services.items(), self.datasets)

    @property
    def monitor_url(self) -> str:
        """Where a browser reaches this service."""
        return self.links.monitor or f"http://{self.service.host}:{self.service.port}"

    @property
    def store_file(self) -> Path | None:
        """The file of an embedded log; ``None`` for a store elsewhere, or a temporary one."""
        path = self.service.store.removeprefix(_SQLITE)
        return (self.folder / path).absolute() if path and path != self.service.store else None

    @property
    def store_url(self) -> str:
        """The log's URL, with a relative path taken from the config's folder."""
        path = self.store_file
        return self.service.store if path is None else f"{_SQLITE}{path}"

    def batch_of(self, name: str) -> BatchSection:
        """Give how a dataset is watched in batches: its own settings, the others from the top."""
        own = self.dataset(name).batch
        return self.batch.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})

    def alerts_of(self, name: str) -> AlertsSection:
        """Give when a dataset's alerts fire: its own settings, the others from the top."""
        own, top = self.dataset(name).alerts, self.alerts
        given = {key: getattr(own, key) for key in own.model_fields_set}
        for by_alert in ("severity", "hold"):
            given[by_alert] = {**getattr(top, by_alert), **getattr(own, by_alert)}
        return top.model_copy(update=given)

    def settings(self, name: str) -> Settings:
        """Give how a dataset is watched."""
        section = self.dataset(name)
        window = section.window
        return Settings(
            window=Window(window.rows or self.service.window_size or ROWS, window.seconds, window.panes),
            budget=section.budget,
            alarm=section.alarm,
            methods=Methods(section.drift.numerical, section.drift.categorical, section.drift.columns),
            thresholds=section.thresholds,
            horizon=section.horizon,
            concept=Concept(section.concept.detectors),
            multivariate=Multivariate(section.multivariate.classifier, section.multivariate.every),
            outliers=Outliers(section.outliers.quantile, frozenset(section.outliers.hidden)),
            fairness=tuple(each.protected for each in section.fairness),
            versions=None if section.versions is None else section.versions.known,
            moving=Moving(section.moving, max(1, self.service.min_reference_size))
            if section.moving
            else None,
        )


def _moving(datasets: Mapping[str, DatasetSection]) -> dict[str, DatasetSection]:
    """Let references move where a dataset does not say which it is compared with."""
    update = {"reference_period": ReferencePeriod.MOVING}
    return {
        name: section if "reference_period" in section.model_fields_set else section.model_copy(update=update)
        for name, section in datasets.items()
    }


def _check_dataset(name: str, section: DatasetSection) -> None:
    if not name or "/" in name:
        raise ConfigError(
            "A dataset's name is part of URLs", received=name, expected="a name without a slash, not empty"
        )
    compat.check_monitors(section.column_mapping.compatible(), section.monitors)
