"""What a config says of contributions, as what a reference learns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelvane.attribution.functions import load
from modelvane.attribution.kinds import LinearAttribution, SampledAttribution, SentAttribution
from modelvane.attribution.ruler import NAME
from modelvane.config import AttributionSection, Config
from modelvane.config.names import is_file
from modelvane.errors import ConfigError
from modelvane.functions import load_function, module_file
from modelvane.reference import Reference
from modelvane.row_ruler import RowKind


def attribution_kind(config: Config, name: str, path: Path, columns: Sequence[str]) -> RowKind | None:
    """Give what learns the contributions of a dataset's features; ``None`` where the config says nothing of them.

    Parameters
    ----------
    path
        Of the reference's data, which a function of weights is told: what is beside it belongs to the same model.
    columns
        Of the reference's data.

    Raises
    ------
    ModelvaneError
        When a function cannot be imported, or does not return weights.
    """
    section = config.datasets[name].attribution
    if section is None:
        return None
    sent = sent_columns(section, columns)
    if sent:
        return SentAttribution(sent)
    for kind, function in _functions(section):
        return SampledAttribution(function, kind, section.rows, config.folder)
    weights = section.weights
    return LinearAttribution(
        _asked(weights, config.folder, path) if isinstance(weights, str) else weights or {}
    )


def sent_columns(section: AttributionSection | None, columns: Sequence[str]) -> Mapping[str, str]:
    """Give the columns that contributions are sent in, by feature; none where they are not sent.

    Raises
    ------
    ConfigError
        When no column has the prefix.
    """
    if section is None or section.prefix is None:
        return {} if section is None else section.columns or {}
    prefix = section.prefix
    found = {
        each.removeprefix(prefix): each for each in columns if each.startswith(prefix) and each != prefix
    }
    if not found:
        raise ConfigError(
            "attribution.prefix: no column of the reference begins so",
            received=prefix,
            available=columns,
            remedy="The reference needs the contributions of its own rows, too",
        )
    return found


def attribution_files(config: Config, name: str, path: Path) -> list[Path]:
    """Give the files that the contributions of a dataset follow from, beside the reference's data in ``path``."""
    section = config.datasets[name].attribution
    if section is None:
        return []
    for _, function in _functions(section):
        return [file] if (file := module_file(function, config.folder)) is not None else []
    if not isinstance(section.weights, str):
        return []
    if is_file(section.weights):
        return [path.parent / section.weights]
    found = module_file(section.weights, config.folder)
    return [] if found is None else [found]


def _functions(section: AttributionSection) -> list[tuple[str, str]]:
    told = (("function", section.function), ("trees", section.trees))
    return [(kind, name) for kind, name in told if name is not None]


def _asked(name: str, folder: Path, path: Path) -> Mapping[str, Any]:
    if is_file(name):
        return _weights_in(path.parent / name)
    function = load_function(name, folder, "function", "a function of a path that returns weights")
    try:
        found: Any = function(path)
    except Exception as error:
        raise ConfigError(
            f"attribution.weights: {name} failed: {type(error).__name__}: {error}",
            remedy=f"It is called with the path of the reference's data, {path}",
        ) from error
    return _require_weights(found, name)


def _weights_in(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_bytes(), object_pairs_hook=_each_once)
        return _require_weights(found, str(file))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"attribution.weights: {file} cannot be read: {error}",
            expected="a JSON file beside the reference's data",
        ) from error


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for at, (key, _) in enumerate(pairs) if key in dict(pairs[:at]))
        raise ValueError(f"{twice!r} has two weights")
    return found


def _require_weights(found: object, name: str) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise ConfigError(
            f"attribution.weights: {name} gives no weights",
            received=type(found).__name__,
            expected="a mapping of features to numbers, or to mappings of categories to numbers",
        )
    return found


def check_attribution(config: Config, name: str, reference: Reference) -> None:
    """Check that a reference knows the contributions that the config speaks of, and that their function is there.

    Raises
    ------
    ModelvaneError
        When it does not, or is not.
    """
    section = config.datasets[name].attribution
    for kind, function in [] if section is None else _functions(section):
        load(kind, function, config.folder)
    if section is not None and NAME not in reference.row_rulers:
        raise ConfigError(
            f"The reference of {name!r} was built without datasets.{name}.attribution",
            remedy="Build it again with these settings, or name the data it was built from as reference_file",
        )
