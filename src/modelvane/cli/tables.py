"""Tables in a terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

# in a pipe there is no edge to break lines at
_WIDE = 200


def table_text(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Give a table as text: as wide as the terminal, or as wide as it takes in a pipe.

    Parameters
    ----------
    right
        Columns of numbers.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for at, name in enumerate(head):
        table.add_column(name, justify="right" if at in right else "left", overflow="fold")
    for row in rows:
        # names of columns and categories are data, not markup
        table.add_row(*map(Text, row))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDE
    written = StringIO()
    Console(file=written, width=width, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())
