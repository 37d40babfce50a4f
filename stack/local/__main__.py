"""Raises the stack of compose.yaml without containers, until Ctrl-C.

::

    python -m stack.local                      # with traffic; --no-traffic without
    python -m stack.local --port 9090=9190     # where a port is taken
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from examples.shared.interrupts import Interrupts

if TYPE_CHECKING:
    from rich.console import Console

    from stack.local.raising import Stack

_INTERRUPTED = 130


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stack.local", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(".modelvane/stack"),
        help="of volumes, files and logs (%(default)s)",
    )
    parser.add_argument(
        "--port",
        action="append",
        default=[],
        metavar="PORT=OTHER",
        help="another port for one of compose.yaml's",
    )
    parser.add_argument("--overlay", type=Path, help="YAML: by a file's name, values to merge into it")
    parser.add_argument("--no-traffic", action="store_true", help="leave the made-up callers out")
    options = parser.parse_args()
    try:
        options.ports = {
            int(port): int(other) for port, _, other in (one.partition("=") for one in options.port)
        }
    except ValueError:
        parser.error("--port is two numbers, as in 9090=9190")
    return options


def main() -> int:
    """Raise the stack, say where everything is, and end it when told to."""
    interrupts = Interrupts()
    interrupts.install()
    try:
        options = parse()
        from rich.console import Console

        return _run(options, Console(width=None if sys.stdout.isatty() else 120), interrupts)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(options: argparse.Namespace, console: Console, interrupts: Interrupts) -> int:
    from modelvane.errors import ModelvaneError
    from stack.local import raised

    profiles = ("host",) if options.no_traffic else ("host", "traffic")
    started = time.monotonic()
    try:
        overlay = yaml.safe_load(options.overlay.read_text(encoding="utf-8")) if options.overlay else {}
        with raised(
            options.folder, interrupts, profiles=profiles, ports=options.ports, overlay=overlay
        ) as stack:
            stack.prepare()
            stack.up(
                lambda name: console.print(f"{time.monotonic() - started:5.0f} s  {name}", highlight=False)
            )
            _tell(stack, console)
            while True:
                stack.check()
                time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("Interrupted; everything is stopped.")
        return _INTERRUPTED
    except (ModelvaneError, OSError, yaml.YAMLError) as error:
        if interrupts.struck:
            return _INTERRUPTED
        console.print(f"[bold red]The stack is not up.[/] {type(error).__name__}", highlight=False)
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1


def _tell(stack: Stack, console: Console) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("service", "where", ""):
        table.add_column(heading, overflow="fold")
    for row in stack.overview():
        table.add_row(*row)
    console.print(table)
    console.print(f"\nLogs: {stack.log('*')}. Ctrl-C ends everything.", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
