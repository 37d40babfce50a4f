"""Where data is kept, and how it is said that data is invented."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Mapping


def cache_folder(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Tell where the downloads of an example are kept, by the XDG base directory specification (0.8, 2021).

    >>> cache_folder("taxi", {"XDG_CACHE_HOME": "/var/cache/me"}).as_posix()
    '/var/cache/me/modelvane/taxi'
    """
    base = environ.get("XDG_CACHE_HOME", "")
    # The specification says that a relative path is to be ignored.
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return root / "modelvane" / name


def synthetic_notice(what: str, reason: str, maker: str, silent_about: str) -> Panel:
    """Say loudly that data is invented: what, why, by which file, and what its numbers say nothing about."""
    return Panel(
        f"[bold]These {what} are invented.[/] A seeded generator makes them, for want of the real ones. {reason}\n\n"
        f"Every number that follows, the drift included, was put in by {maker}. It says nothing about "
        f"{silent_about}.",
        title="[bold]SYNTHETIC DATA[/]",
        border_style="bold red",
    )
