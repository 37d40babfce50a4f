"""Which Python has Evidently."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from modelvane.errors import ModelvaneError

VARIABLE = "MODELVANE_EVIDENTLY_PYTHON"
INSTALL = (
    "Install it with `pip install 'modelvane[evidently]'` where nothing needs pandas 3, or into an environment of its "
    "own: `python -m venv .evidently && .evidently/bin/pip install 'evidently>=0.7,<0.8' 'pandas<3'`, then set "
    f"{VARIABLE}=.evidently/bin/python"
)


class EvidentlyError(ModelvaneError):
    """Evidently is not there, or failed."""


def find_interpreter(python: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """Give the Python that has Evidently: the one asked for, that of ``MODELVANE_EVIDENTLY_PYTHON``, or this one.

    Raises
    ------
    EvidentlyError
        When the one that was named is not there, or none was and this one has no Evidently.
    """
    named = python or environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise EvidentlyError(
                "The Python that is to run Evidently is not there",
                received=named,
                expected=f"the path of a Python with Evidently, in {VARIABLE}",
                remedy=INSTALL,
            )
        return found
    if find_spec("evidently") is None:
        raise missing(sys.executable)
    return sys.executable


def missing(python: str) -> EvidentlyError:
    """Build the error for a Python without Evidently."""
    return EvidentlyError("Evidently is not installed", received=python, remedy=INSTALL)
