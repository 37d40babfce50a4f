"""Evidently's own report of the same rows, for whoever wants to compare.

Evidently (0.7) needs whole data frames and pandas below 3, so it runs in a process, and if need be in an environment,
of its own: `interpreter` says which, `rows` writes what it is to see, `script` is what runs there.
"""

from __future__ import annotations

from modelvane.engines.evidently.interpreter import EvidentlyError, find_interpreter
from modelvane.engines.evidently.render import Rendered, render

__all__ = ["EvidentlyError", "Rendered", "find_interpreter", "render"]
