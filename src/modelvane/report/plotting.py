"""pygal, made safe to import and quick to draw.

On import pygal puts a finder of the protocol before Python 3.4 on ``sys.meta_path``. Python 3.11 then warns at
every import that fails, which takes a ``try: import ... except ImportError`` down wherever warnings are errors. The
finder is given the method that it lacks; it goes on to serve pygal's own map plug-ins.
"""

from __future__ import annotations

import sys
from importlib.util import spec_from_loader
from typing import TYPE_CHECKING, Any

import pygal

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

__all__ = ["Bars", "Lines", "LyingBars", "Trend"]


def _find_spec(finder: Any, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
    del target
    return spec_from_loader(name, finder) if finder.find_module(name, path) else None


for _finder in sys.meta_path:
    if type(_finder).__module__ == "pygal" and not hasattr(_finder, "find_spec"):
        type(_finder).find_spec = _find_spec  # type: ignore[method-assign] # the very method that is missing


class _Quick:
    """Draws in about half the time: nothing for tooltips, which need a script, and a shorter way to attributes.

    While a chart is drawn pygal looks every attribute up in its state first; this does the same in one step.
    """

    def __getattribute__(self, name: str) -> Any:
        state = object.__getattribute__(self, "__dict__").get("state")
        if state is not None and name != "state" and not name.startswith("__") and name in state.__dict__:
            return state.__dict__[name]
        return object.__getattribute__(self, name)

    def _tooltip_data(self, *_: object, **__: object) -> None:
        pass

    def _static_value(self, *_: object, **__: object) -> None:
        pass

    def _format(self, *_: object) -> str:
        return ""


class Lines(_Quick, pygal.XY):  # type: ignore[misc] # pygal is not typed
    """Lines over numbers."""


class Trend(_Quick, pygal.Line):  # type: ignore[misc] # pygal is not typed
    """A line over rounds."""


class Bars(_Quick, pygal.Bar):  # type: ignore[misc] # pygal is not typed
    """Upright bars in groups."""


class LyingBars(_Quick, pygal.HorizontalBar):  # type: ignore[misc] # pygal is not typed
    """Lying bars in groups."""
