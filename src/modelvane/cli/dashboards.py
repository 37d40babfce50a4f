"""``modelvane dashboards``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from modelvane.config import Config

_FOLDER, _PAGE = Path("grafana"), Path("dashboards.html")


@click.command(short_help="Write dashboards for Grafana, or draw them without it.")
@click.option(
    "--config", "path", required=True, type=click.Path(path_type=Path), help="The config.yaml to show."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help=f"The folder to write to, {_FOLDER} otherwise; with --preview the page, {_PAGE} otherwise.",
)
@click.option(
    "--preview",
    metavar="URL",
    help="Rather draw them, with what the Prometheus at this address answers, as one HTML page.",
)
@click.option("--last", default="1h", show_default=True, help="With --preview: the time that is shown.")
def dashboards(path: Path, output: Path | None, preview: str | None, last: str) -> None:
    """Write one JSON file per dashboard of a config, as Grafana 11 and later provision them.

    The same config gives the same bytes. Files of dashboards that the config no longer asks for are removed.
    """
    from modelvane.config import Config  # noqa: PLC0415 - pydantic, not for --help

    config = Config.load(path)
    if preview is not None:
        _draw(config, preview, last, output or _PAGE)
    else:
        _write(config, output or _FOLDER)


def _write(config: Config, folder: Path) -> None:
    from modelvane.dashboards.files import write  # noqa: PLC0415 - as above

    done = write(config, folder)
    for file in done.written:
        click.echo(file)
    for file in done.removed:
        click.echo(f"removed {file}", err=True)


def _draw(config: Config, url: str, last: str, file: Path) -> None:
    from modelvane.dashboards import dashboards_of  # noqa: PLC0415 - as above
    from modelvane.dashboards.preview import Prometheus, answers_of, render  # noqa: PLC0415 - charts
    from modelvane.jobs.outputs import write_text  # noqa: PLC0415 - as above
    from modelvane.periods import length_of  # noqa: PLC0415 - as above

    span, now, prometheus = length_of(last), time.time(), Prometheus(url)
    pages = [(each, answers_of(each, prometheus, now, span)) for each in dashboards_of(config)]
    for dashboard, rows in pages:
        for _, panels in rows:
            for shown in panels:
                for answer in shown.answers:
                    if answer.is_missing:
                        click.echo(
                            f"no data: {dashboard.title} / {shown.title}: {answer.expression}", err=True
                        )
    write_text(file, render(pages, now - span, now))
    click.echo(file)
