"""What is wrong with a config, in our own words."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import BaseModel, ValidationError

from modelvane.config.dataset import DatasetSection
from modelvane.errors import ConfigError


def first_fault(root: type[BaseModel], error: ValidationError, where: str) -> ConfigError:
    """Say the first fault: an unknown setting with the nearest one that exists."""
    details = error.errors()[0]
    path = [str(part) for part in details["loc"]]
    known = _fields(root, path[:-1])
    remedy = ""
    if details["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], known, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else ""
    return ConfigError(
        f"{where}: {'.'.join(path)}: {details['msg'].removeprefix('Value error, ')}",
        received=details.get("input"),
        available=known if details["type"] == "extra_forbidden" else (),
        remedy=remedy,
    )


def _fields(root: type[BaseModel], path: list[str]) -> list[str]:
    section: Any = root
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
