"""References as the config names them: a saved one, or one built from data and kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import modelvane
from modelvane import __version__
from modelvane.attributing import attribution_files, attribution_kind, sent_columns
from modelvane.compatible import EXTRA, facts_of
from modelvane.config import Config, DatasetSection
from modelvane.config.dataset import OutlierMethod
from modelvane.errors import ConfigError, ReferenceFileError
from modelvane.estimates.learning import loss_kinds
from modelvane.functions import module_file
from modelvane.model import load_model, with_predictions
from modelvane.multivariate.learning import RowSampleKind
from modelvane.outliers.forest import IsolationForestOutliers
from modelvane.reference import Reference
from modelvane.reference_checks import check_learned, check_saved, check_settings
from modelvane.row_ruler import RowKind
from modelvane.table import Table

_log = logging.getLogger("modelvane.references")
_TEMPORARY = "sqlite://"  # the log of which nothing stays


def load_reference(
    config: Config,
    name: str,
    file: Path | None = None,
    *,
    started: Callable[[int], None] = lambda _columns: None,
    advance: Callable[[], None] = lambda: None,
) -> Reference:
    """Read or build the reference of one dataset, and check that it has what the settings name.

    Parameters
    ----------
    file
        A saved reference, or data that one is built from, in place of the file that the config names.
    started, advance
        Called where one is built: with the number of columns to calibrate, and after each of them.

    Raises
    ------
    ModelvaneError
        When there is no file, it lacks a column that the config names, or it has too few rows.
    """
    path = file or config.reference_file(name)
    if path.suffix == ".mv":
        reference = Reference.load(path)
        check_saved(config, name, path, reference)
    else:
        reference = _built(config, name, path, started, advance)
    check_learned(config, name, reference)
    least = config.service.min_reference_size
    if reference.rows < least:
        raise ConfigError(
            f"The reference of {name!r} is too small",
            received=f"{reference.rows} rows",
            expected=f"{least} rows or more (service.min_reference_size)",
        )
    reference = reference.leaving_out(config.datasets[name].leave_out)
    check_settings(config, name, reference)
    return reference


def _built(
    config: Config, name: str, path: Path, started: Callable[[int], None], advance: Callable[[], None]
) -> Reference:
    kept = _kept_file(config, name, path)
    if kept is not None and kept.exists():
        try:
            return Reference.load(kept)
        except ReferenceFileError as error:
            _log.warning("Building the reference of %s again: %s", name, error)
    reference = build_reference(config, name, path, started=started, advance=advance)
    if kept is not None:
        _keep(reference, kept)
    return reference


def build_reference(
    config: Config,
    name: str,
    path: Path,
    *,
    started: Callable[[int], None] = lambda _columns: None,
    advance: Callable[[], None] = lambda: None,
) -> Reference:
    """Build a reference from data, as the settings of a dataset say."""
    mapping = config.datasets[name].column_mapping
    table = reference_rows(config, name, path)
    reference = Reference.of(
        table,
        started=started,
        advance=advance,
        methods=config.settings(name).methods,
        hours=config.datasets[name].hours,
        moving=config.datasets[name].moving,
        target=mapping.target,
        prediction=mapping.prediction,
        id=mapping.id,
        time=mapping.datetime or config.datasets[name].date_column,
        numerical=mapping.numerical_features,
        categorical=mapping.categorical_features,
        segments=config.datasets[name].broken_down_by,
        task=mapping.task,
        positive=mapping.pos_label if "pos_label" in mapping.model_fields_set else None,
        scores=mapping.scores,
        origins=mapping.origins,
        subject=mapping.subject,
        unknown=mapping.unknown,
        recommending=config.datasets[name].recommendation.known(),
        contributions=sent_columns(config.datasets[name].attribution, table.names).values(),
        version=versions.column if (versions := config.datasets[name].versions) else None,
        also=_also(config, name, path, table),
        leave_out=config.datasets[name].leave_out,
    )
    if not config.compat:
        return reference
    return reference.with_extra(EXTRA, facts_of(reference, reference.encode(table), mapping))


def _also(config: Config, name: str, path: Path, table: Table) -> list[RowKind]:
    """Give what is learned of whole rows because the config asks for it."""
    section = config.datasets[name]
    attribution = attribution_kind(config, name, path, table.names)
    by_forest = section.outliers.method is OutlierMethod.ISOLATION_FOREST
    return [
        *(loss_kinds() if section.estimates else ()),
        *([] if attribution is None else [attribution]),
        *([IsolationForestOutliers()] if by_forest else []),
        *([RowSampleKind(classifier=True)] if section.multivariate.classifier else []),
    ]


def reference_rows(config: Config, name: str, path: Path | None = None) -> Table:
    """Read the data that a reference is built from, with the model's predictions where it has none."""
    section = config.datasets[name]
    return _predicted(_read(path or config.reference_file(name), section), config, section)


def _predicted(table: Table, config: Config, section: DatasetSection) -> Table:
    """Let the model of the config say what a reference without predictions lacks."""
    prediction = section.column_mapping.prediction
    columns = [prediction] if isinstance(prediction, str) else prediction or []
    if section.model is None or not columns or all(column in table for column in columns):
        return table
    return with_predictions(table, load_model(section.model, config.folder), section.model, columns)


def _read(path: Path, section: DatasetSection) -> Table:
    if path.suffix == ".csv":
        return Table.of_csv(path, separator=section.data_format.separator, header=section.data_format.header)
    return Table.of(path)


def _kept_file(config: Config, name: str, path: Path) -> Path | None:
    """Give the file for a reference built from this data with these settings by this version."""
    if config.service.store == _TEMPORARY or not path.exists():
        return None
    # the data where the log is no file: its folder is more often writable, and kept, than that of a config
    beside = config.store_file or path
    model = config.datasets[name].model
    about = [
        __version__,
        # an editable install changes without its version
        max(source.stat().st_mtime_ns for source in Path(modelvane.__file__).parent.rglob("*.py")),
        _state(path),
        config.datasets[name].model_dump(mode="json", exclude={"alerts", "batch", "retrain"}),
        None if model is None else _state(module_file(model, config.folder)),
        [_state(file) for file in attribution_files(config, name, path)],
        config.compat,
    ]
    return beside.with_name(f"{beside.name}.references") / f"{_hash(name)}-{_hash(about)}.mv"


def _state(path: Path | None) -> tuple[str, int, int] | None:
    if path is None or not path.exists():
        return None
    state = path.stat()
    return str(path.resolve()), state.st_size, state.st_mtime_ns


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
