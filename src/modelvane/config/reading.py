"""Reading the YAML of a config, with secrets from files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from modelvane.errors import ConfigError

_TAG = "!file"
_MERGE = "tag:yaml.org,2002:merge"


def read(path: Path) -> object:
    """Give the plain values of a config; ``!file PATH`` stands for the text of a file, without its last line ending.

    Raises
    ------
    ConfigError
        When the config, or a file that it names, cannot be read, or a mapping has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"The config {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The config {path} is not YAML: {error}") from error

    class Loader(yaml.SafeLoader):
        """Safe YAML that knows files beside this config, and in which no key of a mapping comes twice."""

        def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
            # what `<<` merges into it is not there yet: that may be overridden
            node: yaml.MappingNode = super().compose_mapping_node(anchor)
            _check_keys(path, self, node)
            return node

    Loader.add_constructor(_TAG, lambda _, node: _text_of(path, str(node.value)))
    try:
        return yaml.load(text, Loader)  # noqa: S506 - it is the safe one, with one tag more
    except yaml.YAMLError as error:
        raise ConfigError(f"The config {path} is not YAML: {error}") from error


def _check_keys(config: Path, loader: yaml.SafeLoader, node: yaml.MappingNode) -> None:
    # YAML forbids it; PyYAML would keep the last
    first: dict[Any, int] = {}
    for key, _ in node.value:
        if key.tag == _MERGE or not isinstance(key, yaml.ScalarNode):
            continue
        line = key.start_mark.line + 1
        name = loader.construct_object(key)
        if name in first:
            raise ConfigError(
                f"The config {config} has a key twice in one mapping",
                received=f"{name!r} in line {first[name]} and again in line {line}",
                remedy="Keep one of them",
            )
        first[name] = line


def _text_of(config: Path, name: str) -> str:
    path = config.resolve().parent / name
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The config {config} has a value in a file that cannot be read",
            received=f"{_TAG} {name}: {getattr(error, 'strerror', None) or error}",
            expected="a text file, from the config's folder",
        ) from error
