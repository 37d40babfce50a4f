"""Functions that a config names, as ``package.module:function``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module, util
from pathlib import Path
from typing import Any

from modelvane.errors import ModelvaneError


class ModelError(ModelvaneError):
    """The model, or another function, that a config names cannot be had, or what it returns cannot be used."""


def load_function(name: str, folder: Path, what: str, expected: str) -> Callable[..., Any]:
    """Import a callable by its name, ``package.module:function``.

    Parameters
    ----------
    folder
        Where modules are looked for too, after Python's own path: that of the config.
    what, expected
        What it is and should be, for errors.

    Raises
    ------
    ModelError
        When it cannot be imported, or is not callable.
    """
    module, attribute = _parts(name)
    _look_in(folder)
    try:
        found = import_module(module)
    except Exception as error:
        raise ModelError(
            f"The {what} {name!r} cannot be imported: {type(error).__name__}: {error}",
            remedy=f"Make {module} importable: install it, or put it beside the config",
        ) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise ModelError(
                f"The {what} {name!r} is not there",
                received=part,
                available=sorted(known for known in vars(found) if not known.startswith("_")),
            )
        found = getattr(found, part)
    if not callable(found):
        raise ModelError(
            f"The {what} {name!r} is not callable", received=type(found).__name__, expected=expected
        )
    function: Callable[..., Any] = found
    return function


def module_file(name: str, folder: Path) -> Path | None:
    """Give the file of a model's module, without importing it; ``None`` where there is none."""
    _look_in(folder)
    try:
        spec = util.find_spec(_parts(name)[0])
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec is not None and spec.has_location and spec.origin else None


def _parts(name: str) -> tuple[str, str]:
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        raise ModelError(
            "A model is named by its module and its function",
            received=name,
            expected="package.module:function",
        )
    return module, attribute


def _look_in(folder: Path) -> None:
    place = str(folder.resolve())
    if place not in sys.path:
        # last, so that nothing beside a config takes the place of what is installed
        sys.path.append(place)
