"""Hides modules from a process: Python imports a module of this name as it starts, where PYTHONPATH leads to it."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

HIDDEN = frozenset(os.environ.get("MODELVANE_TEST_HIDDEN", "").split())


class WithoutHidden(PathFinder):
    """Finds modules as Python does, but for those that are hidden."""

    @classmethod
    def find_spec(cls, fullname: str, *where: Any, **more: Any) -> ModuleSpec | None:
        """Find nothing where a hidden module is."""
        return None if fullname in HIDDEN else super().find_spec(fullname, *where, **more)


sys.meta_path[:] = [WithoutHidden if finder is PathFinder else finder for finder in sys.meta_path]
