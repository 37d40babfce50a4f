"""What a benchmark gives: figures, each with what it should reach."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Row(NamedTuple):
    """One figure.

    Parameters
    ----------
    what
        What was measured.
    value
        As it is printed.
    reach
        What it should be; empty where it stands beside another for comparison.
    ok
        Whether it is; ``None`` where nothing was asked of it.
    """

    what: str
    value: str
    reach: str = ""
    ok: bool | None = None


def show(title: str, rows: Iterable[Row]) -> None:
    """Print the figures as a table."""
    table = Table("what", "value", "reach", "", title=title, title_justify="left")
    for row in rows:
        mark = "" if row.ok is None else "[green]ok[/]" if row.ok else "[red]missed[/]"
        table.add_row(row.what, row.value, row.reach, mark)
    # a pipe has no width of its own
    console = Console()
    (console if console.is_terminal else Console(width=150)).print(table)
