"""config.yaml: what is watched, and how; the 2022 service's file is read unchanged."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from modelvane import compat
from modelvane.calibration.lines import Alarm
from modelvane.errors import ConfigError, UnknownNameError
from modelvane.methods import DEFAULTS, Methods
from modelvane.schema import Kind, Task
from modelvane.settings import BUDGET, ROWS, Settings, Window

_SQLITE = "sqlite:///"


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnMapping(_Section):
    """Which column plays which part."""

    target: str | None = Field("target", description="The ground truth.")
    prediction: str | list[str] | None = Field(
        "prediction",
        description="The prediction; for probabilities a list of columns, each named after its class.",
    )
    id: str | None = Field("id", description="What labels are joined by.")
    datetime: str | None = Field(
        None, description="The time of the event; a column `time` is used when there is none."
    )
    numerical_features: list[str] | None = Field(None, description="Features measured on edges.")
    categorical_features: list[str] | None = Field(None, description="Features measured by category.")
    datetime_features: list[str] | None = Field(
        None, description="Features that are times: read, not measured."
    )
    target_names: list[str] | None = Field(None, description="Names of the classes (2022).")
    task: Task | None = Field(
        None, description="`regression` or `classification`; guessed from the target otherwise."
    )
    pos_label: str | int | float | bool = Field(1, description="The positive class of a binary classifier.")

    def compatible(self) -> compat.ColumnMapping:
        """Give the mapping as `modelvane.compat` knows it."""
        values = self.model_dump()
        values["task"] = self.task.value if self.task is not None else None
        return compat.ColumnMapping(**values)


class DataFormat(_Section):
    """How a CSV reference is written (2022)."""

    header: bool = Field(True, description="Whether the first line names the columns.")
    separator: str = Field(",", description="What stands between values.")


class WindowSection(_Section):
    """Which rows are current."""

    rows: int | None = Field(
        None, ge=1, description=f"The last N rows; `service.window_size`, or {ROWS}, otherwise."
    )
    seconds: float | None = Field(
        None, gt=0, description="Rather the rows of the last seconds, by event time."
    )
    panes: int = Field(60, ge=1, description="Steps in which a window of seconds moves.")


class DriftSection(_Section):
    """Which divergence compares which column; of several the first decides the verdict."""

    numerical: Names = Field((DEFAULTS[Kind.NUMERICAL],), description="For numerical columns.")
    categorical: Names = Field((DEFAULTS[Kind.CATEGORICAL],), description="For categorical columns.")
    columns: dict[str, Names] = Field({}, description="By column, where it differs.")


class DatasetSection(_Section):
    """One dataset."""

    column_mapping: ColumnMapping = Field(ColumnMapping(), description="Which column plays which part.")
    reference_file: Path | None = Field(
        None,
        description="Parquet, CSV, Arrow, or a saved reference (.mv), from the config's folder; "
        "`<datasets_path>/<dataset>/reference.csv` otherwise.",
    )
    data_format: DataFormat = Field(DataFormat(), description="How a CSV reference is written (2022).")
    date_column: str | None = Field(None, description="Another name for `column_mapping.datetime` (2022).")
    monitors: list[str] = Field([], description="The 2022 monitors; their series need `compat: evidently`.")
    window: WindowSection = Field(WindowSection(), description="Which rows are current.")
    drift: DriftSection = Field(DriftSection(), description="Which divergence compares which column.")
    budget: float = Field(
        BUDGET, gt=0, lt=1, description="False alarms: episodes of the dataset per window-length of new rows."
    )
    alarm: Alarm = Field(
        Alarm.USUAL,
        description="`usual`: an alarm is above the noise floor and the usual range; `noise`: above the noise floor.",
    )
    thresholds: dict[str, float] = Field(
        {},
        description="Fixed limits in place of learned ones: by column (its drift), by `column.measure` (its quality) "
        "or by measure (performance, dataset).",
    )
    segments: list[str] = Field([], description="Columns by whose values everything is broken down.")
    horizon: int | None = Field(
        None,
        ge=1,
        description="Predictions remembered for late labels, others are looked up in the log; ten windows otherwise, "
        "at most 50 000.",
    )


class Tokens(_Section):
    """Bearer tokens; none is asked for where none is given."""

    ingest: str | None = Field(None, min_length=1, description="For posting rows and labels.")
    read: str | None = Field(None, min_length=1, description="For pages, findings and metrics.")


class Limits(_Section):
    """Bounds of what is taken in."""

    body_bytes: int = Field(32 * 2**20, ge=1, description="Of one request.")
    body_rows: int = Field(100_000, ge=1, description="Of one request.")
    queue_rows: int = Field(100_000, ge=1, description="Waiting for the log; beyond, 503 with Retry-After.")
    queue_bytes: int = Field(256 * 2**20, ge=1, description="Waiting for the log.")
    series: int = Field(20_000, ge=1, description="Of one scrape.")


class Retention(_Section):
    """How much of the log is kept."""

    days: float | None = Field(90.0, gt=0, description="Rows older than this are removed.")
    megabytes: float | None = Field(None, gt=0, description="The oldest rows are removed beyond this size.")


class ServiceSection(_Section):
    """The service."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8085, ge=0, le=65_535, description="Port to listen on.")
    store: str = Field("sqlite:///modelvane.db", description="The log, from the config's folder.")
    durability: Literal["normal", "full"] = Field(
        "normal", description="`normal` survives kill -9; `full` a power cut too."
    )
    datasets_path: Path = Field(
        Path("datasets"), description="Where references are that no `reference_file` names."
    )
    window_size: int | None = Field(
        None, ge=1, description="Rows of a window, for datasets without their own."
    )
    calculation_period_sec: float = Field(2.0, ge=0, description="Findings are computed at most this often.")
    min_reference_size: int = Field(30, ge=0, description="A reference with fewer rows is refused.")
    moving_reference: bool = Field(False, description="2022; it had no effect, and `true` is refused.")
    use_reference: bool = Field(True, description="2022; it had no effect, and `false` is refused.")
    tokens: Tokens = Field(Tokens(), description="Bearer tokens.")
    limits: Limits = Field(Limits(), description="Bounds of what is taken in.")
    retention: Retention = Field(Retention(), description="How much of the log is kept.")


class Config(_Section):
    """The whole file."""

    datasets: dict[str, DatasetSection] = Field(
        min_length=1, description="By name, which is part of the URLs."
    )
    service: ServiceSection = Field(ServiceSection(), description="The service.")
    compat: Literal["evidently"] | None = Field(None, description="Adds the 2022 `evidently:` series.")
    folder: Path = Field(Path(), exclude=True, description="Where the file is; relative paths start here.")

    @classmethod
    def load(cls, path: str | Path) -> Config:
        """Read a file.

        Raises
        ------
        ConfigError
            When it cannot be read, or a setting is unknown, missing or out of range.
        """
        path = Path(path)
        try:
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"The config {path} cannot be read: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"The config {path} is not YAML: {error}") from error
        return cls.of(data, path.resolve().parent, str(path))

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
            config = cls.model_validate({**data, "folder": folder})
        except ValidationError as error:
            raise _first(error, where) from None
        for name, usual in (("moving_reference", False), ("use_reference", True)):
            if (value := getattr(config.service, name)) is not usual:
                raise ConfigError(
                    f"service.{name} is not supported, and had no effect in 2022",
                    received=value,
                    expected=str(usual).lower(),
                )
        for name, section in config.datasets.items():
            _check_dataset(name, section)
            config.settings(name)
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

    @property
    def store_file(self) -> Path | None:
        """The file of an embedded log; ``None`` for a store elsewhere, or a temporary one."""
        path = self.service.store.removeprefix(_SQLITE)
        return (self.folder / path).absolute() if path and path != self.service.store else None

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
        )


def _check_dataset(name: str, section: DatasetSection) -> None:
    if not name or "/" in name:
        raise ConfigError(
            "A dataset's name is part of URLs", received=name, expected="a name without a slash, not empty"
        )
    compat.check_monitors(section.column_mapping.compatible(), section.monitors)


def _first(error: ValidationError, where: str) -> ConfigError:
    details = error.errors()[0]
    path = [str(part) for part in details["loc"]]
    known = _fields(path[:-1])
    remedy = ""
    if details["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], known, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else ""
    return ConfigError(
        f"{where}: {'.'.join(path)}: {details['msg']}",
        received=details.get("input"),
        available=known if details["type"] == "extra_forbidden" else (),
        remedy=remedy,
    )


def _fields(path: list[str]) -> list[str]:
    section: Any = Config
    for part in path:
        if section is dict:
            section = DatasetSection
            continue
        info = section.model_fields.get(part)
        if info is None:
            return []
        section = dict if part == "datasets" else info.annotation
        if section is not dict and not (isinstance(section, type) and issubclass(section, BaseModel)):
            return []
    return [name for name in section.model_fields if name != "folder"] if section is not dict else []
