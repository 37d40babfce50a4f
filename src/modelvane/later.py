"""Modules that take longer to load than a small batch takes to be judged, loaded when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Later:
    """Stands for a module until something of it is asked for.

    Parameters
    ----------
    module
        Its whole name.
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        found = getattr(import_module(self._module), name)
        # the next time it is found without this method
        setattr(self, name, found)
        return found


compute: Any = _Later("pyarrow.compute")
special: Any = _Later("scipy.special")
