"""``modelvane dashboards``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Write dashboards for Grafana.")
@click.option(
    "--config", "path", required=True, type=click.Path(path_type=Path), help="The config.yaml to show."
)
@click.option(
    "-o",
    "--output",
    default="grafana",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The folder to write to.",
)
def dashboards(path: Path, output: Path) -> None:
    """Write one JSON file per dashboard of a config, as Grafana 11 and later provision them.

    The same config gives the same bytes. Files of dashboards that the config no longer asks for are removed.
    """
    from modelvane.config import Config  # noqa: PLC0415 - pydantic, not for --help
    from modelvane.dashboards.files import write  # noqa: PLC0415 - as above

    done = write(Config.load(path), output)
    for file in done.written:
        click.echo(file)
    for file in done.removed:
        click.echo(f"removed {file}", err=True)
