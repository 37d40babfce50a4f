"""What is wrong with a config, in our own words."""

from __future__ import annotations

import difflib
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

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
        if get_origin(section) is dict:
            section = get_args(section)[1]
        elif part in section.model_fields:
            section = section.model_fields[part].annotation
        else:
            return []
        if get_origin(section) is not dict and not _is_section(section):
            return []
    known = section.model_fields if _is_section(section) else []
    return [name for name in known if name not in ("folder", "file")]


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
