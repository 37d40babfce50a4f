"""References as the config names them: a saved one, or one built from data and kept beside the log."""

from __future__ import annotations

import json
import logging
from hashlib import blake2b
from pathlib import Path

import modelvane
from modelvane import __version__
from modelvane.compatible import EXTRA, facts_of
from modelvane.config import Config, DatasetSection
from modelvane.errors import ConfigError, ReferenceFileError, UnknownNameError
from modelvane.evaluation import check_thresholds
from modelvane.reference import Reference
from modelvane.table import Table

_log = logging.getLogger("modelvane.references")


def load_reference(config: Config, name: str) -> Reference:
    """Read or build the reference of one dataset.

    Raises
    ------
    ModelvaneError
        When there is no file, it lacks a column that the config names, or it has too few rows.
    """
    path = config.reference_file(name)
    reference = _saved(config, name, path) if path.suffix == ".mv" else _built(config, name, path)
    least = config.service.min_reference_size
    if reference.rows < least:
        raise ConfigError(
            f"The reference of {name!r} is too small",
            received=f"{reference.rows} rows",
            expected=f"{least} rows or more (service.min_reference_size)",
        )
    return reference


def _saved(config: Config, name: str, path: Path) -> Reference:
    reference = Reference.load(path)
    if config.compat and EXTRA not in reference.extras:
        raise ConfigError(
            f"The reference {path} has no facts for `compat: evidently`",
            remedy="Name the data it was built from as reference_file",
        )
    segments = config.datasets[name].segments
    if segments and tuple(segments) != reference.schema.segments:
        raise ConfigError(
            f"The reference {path} was built with other segments than datasets.{name}.segments",
            received=segments,
            available=reference.schema.segments,
            remedy="Build it again with these segments, or name the data it was built from as reference_file",
        )
    return reference


def _built(config: Config, name: str, path: Path) -> Reference:
    kept = _kept_file(config, name, path)
    if kept is not None and kept.exists():
        try:
            return Reference.load(kept)
        except ReferenceFileError as error:
            _log.warning("Building the reference of %s again: %s", name, error)
    reference = _build(config, name, path)
    if kept is not None:
        _keep(reference, kept)
    return reference


def _build(config: Config, name: str, path: Path) -> Reference:
    section = config.datasets[name]
    mapping = section.column_mapping
    table = _read(path, section)
    reference = Reference.of(
        table,
        methods=config.settings(name).methods,
        target=mapping.target,
        prediction=mapping.prediction,
        id=mapping.id,
        time=mapping.datetime or section.date_column,
        numerical=mapping.numerical_features,
        categorical=mapping.categorical_features,
        segments=section.segments,
        task=mapping.task,
        positive=mapping.pos_label if "pos_label" in mapping.model_fields_set else None,
    )
    if not config.compat:
        return reference
    return reference.with_extra(EXTRA, facts_of(reference, reference.encode(table), mapping))


def _read(path: Path, section: DatasetSection) -> Table:
    if path.suffix == ".csv":
        return Table.of_csv(path, separator=section.data_format.separator, header=section.data_format.header)
    return Table.of(path)


def _kept_file(config: Config, name: str, path: Path) -> Path | None:
    """Give the file beside the log for a reference built from this data with these settings by this version."""
    log = config.store_file
    if log is None or not path.exists():
        return None
    state = path.stat()
    about = [
        __version__,
        # an editable install changes without its version
        max(source.stat().st_mtime_ns for source in Path(modelvane.__file__).parent.rglob("*.py")),
        str(path.resolve()),
        state.st_size,
        state.st_mtime_ns,
        config.datasets[name].model_dump(mode="json"),
        config.compat,
    ]
    return log.with_name(f"{log.name}.references") / f"{_hash(name)}-{_hash(about)}.mv"


def _hash(about: object) -> str:
    return blake2b(json.dumps(about, sort_keys=True).encode(), digest_size=12).hexdigest()


def _keep(reference: Reference, file: Path) -> None:
    try:
        file.parent.mkdir(exist_ok=True)
        reference.save(file)
        for older in file.parent.glob(f"{file.name.partition('-')[0]}-*.mv"):
            if older != file:
                older.unlink()
    except OSError as error:
        # the service can do without: the next start takes longer
        _log.warning("The reference was not kept in %s: %s", file, error)


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
    settings = config.settings(name)
    for column in schema.measured:
        settings.methods.divergences(column)
    check_thresholds(settings.thresholds, reference)
