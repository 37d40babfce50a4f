"""Whether a reference has what a config asks of it."""

from __future__ import annotations

from pathlib import Path

from modelvane.attributing import check_attribution
from modelvane.compatible import EXTRA
from modelvane.config import Config
from modelvane.config.dataset import OutlierMethod
from modelvane.errors import ConfigError, UnknownNameError
from modelvane.estimates.learning import LEAST_ROWS, LossKind
from modelvane.estimates.losses import LOSSES
from modelvane.evaluation import check_thresholds
from modelvane.multivariate.sample_ruler import SampleRuler
from modelvane.outliers.forest import NAME as FOREST
from modelvane.reference import Reference
from modelvane.schema import Role


def check_saved(config: Config, name: str, path: Path, reference: Reference) -> None:
    """Check that a saved reference was built as the settings of a dataset say.

    Raises
    ------
    ConfigError
        With what it was built with.
    """
    if config.compat and EXTRA not in reference.extras:
        raise ConfigError(
            f"The reference {path} has no facts for `compat: evidently`",
            remedy="Name the data it was built from as reference_file",
        )
    if config.datasets[name].model is not None and not reference.schema.predictions:
        raise ConfigError(
            f"The reference {path} was built without predictions, and has no rows to ask the model about",
            remedy="Build it again, by `modelvane reference build --config`, or name its data as reference_file",
        )
    recommendation, known = config.datasets[name].recommendation, reference.schema.recommending
    if recommendation.model_fields_set and known != recommendation.known():
        raise ConfigError(
            f"The reference {path} was built with another datasets.{name}.recommendation",
            received=recommendation.known(),
            expected=str(known),
            remedy="Build it again with these settings, or name the data it was built from as reference_file",
        )
    section, known_hours = config.datasets[name], reference.hourly and reference.hourly.hours.zone
    hours = section.hours
    if {"reference_period", "time_zone"} & section.model_fields_set and hours != known_hours:
        raise ConfigError(
            f"The reference {path} was built with another datasets.{name}.reference_period or time_zone",
            received="whole" if hours is None else f"hour_of_week, {hours}",
            expected="whole" if known_hours is None else f"hour_of_week, {known_hours}",
            remedy="Build it again with these settings, or name the data it was built from as reference_file",
        )
    version = reference.schema.column_of(Role.VERSION)
    if section.versions is not None and (version is None or version.name != section.versions.column):
        raise ConfigError(
            f"The reference {path} was built without the column of datasets.{name}.versions",
            received=section.versions.column,
            expected="none" if version is None else version.name,
            remedy="Build it again with these settings, or name the data it was built from as reference_file",
        )
    learned = None if reference.moving is None else reference.moving.windows
    if section.moving is not None and section.moving != learned and reference.calibration.habits:
        raise ConfigError(
            f"The reference {path} was not built for datasets.{name}.reference_period: moving",
            received=f"{section.moving} windows before each",
            expected="none" if learned is None else f"{learned} windows",
            remedy="Build it again with these settings, or name the data it was built from as reference_file",
        )
    segments = section.broken_down_by
    if segments and segments != reference.schema.segments:
        raise ConfigError(
            f"The reference {path} was built with other segments than datasets.{name} has",
            received=[each.plain() for each in segments],
            available=[str(each.plain()) for each in reference.schema.segments],
            remedy="Build it again with these segments, or name the data it was built from as reference_file",
        )


def check_learned(config: Config, name: str, reference: Reference) -> None:
    """Check that a reference has learned of its rows what the settings of a dataset ask for.

    Raises
    ------
    ConfigError
        With what it lacks.
    """
    check_attribution(config, name, reference)
    _check_outliers(config, name, reference)
    _check_losses(config, name, reference)
    _check_classifier(config, name, reference)


def _check_outliers(config: Config, name: str, reference: Reference) -> None:
    method = config.datasets[name].outliers.method
    if method is OutlierMethod.ISOLATION_FOREST and FOREST not in reference.row_rulers:
        raise ConfigError(
            f"The reference of {name!r} was built without `outliers: {{method: {method}}}`",
            remedy="Build it again with these settings, or name the data it was built from as reference_file",
        )


def _check_losses(config: Config, name: str, reference: Reference) -> None:
    is_wanted = config.datasets[name].estimates and LossKind(of_truth=False).wanted(reference.schema)
    if is_wanted and LOSSES not in reference.row_rulers:
        raise ConfigError(
            f"The reference of {name!r} has not learned its losses, which `estimates: true` asks for",
            expected=f"one that was built with it, from {LEAST_ROWS} rows or more with a prediction and a target",
            remedy="Build it again with these settings and more rows, or take `estimates` away",
        )


def _check_classifier(config: Config, name: str, reference: Reference) -> None:
    sampled = reference.row_rulers.get(SampleRuler.name)
    has_none = isinstance(sampled, SampleRuler) and sampled.rows is None
    if config.datasets[name].multivariate.classifier and has_none:
        raise ConfigError(
            f"The reference of {name!r} was built without `multivariate: {{classifier: true}}`, and keeps no rows",
            remedy="Build it again with these settings, or name the data it was built from as reference_file",
        )


def check_settings(config: Config, name: str, reference: Reference) -> None:
    """Check that the columns and measures that the settings of a dataset name exist, and are judged.

    Raises
    ------
    UnknownNameError
        With the nearest name that does.
    """
    section, schema = config.datasets[name], reference.schema
    measured = [column.name for column in schema.measured]
    for key in section.drift.columns:
        if key not in measured:
            raise UnknownNameError.of("column in drift.columns", key, measured)
    for key in section.outliers.hidden:
        schema[key]
    settings = config.settings(name)
    for column in schema.measured:
        settings.methods.divergences(column)
    check_thresholds(settings.thresholds, reference, settings.fairness)
