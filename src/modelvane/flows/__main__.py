"""The batch watch from the command line, through Prefect.

::

    python -m modelvane.flows run --config config.yaml
    python -m modelvane.flows serve --config config.yaml
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from modelvane.errors import ModelvaneError
from modelvane.flows import batch_watch
from modelvane.flows import serve as serve_flow

_CONFIG = click.option(
    "--config", required=True, type=click.Path(path_type=Path), help="The config.yaml whose log is watched."
)
_URL = click.option("--reports-url", help="Where the folder of reports is served, for links in Prefect.")


@click.group()
def app() -> None:
    """Judge batches of logged predictions as Prefect flow runs."""


@app.command()
@_CONFIG
@click.option("--dataset", help="Which dataset of the config; not needed where it has one.")
@click.option("--since", type=click.DateTime(), help="From this time on, in UTC.")
@click.option("--until", type=click.DateTime(), help="Before this time.")
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="Late labels (id, target), kept in the log before its rows are read.",
)
@click.option(
    "--service",
    help="The live service that has the log open, which is sent them; MODELVANE_TOKEN is its token.",
)
@_URL
def run(**parameters: Any) -> None:
    """Run the flow once: for the last whole period, or another.

    Without PREFECT_API_URL Prefect starts a server of its own for as long as the run takes.
    """
    watched = batch_watch(**parameters)
    click.echo(watched.html)


@app.command()
@_CONFIG
@_URL
def serve(config: Path, reports_url: str | None) -> None:
    """Run the flow on the schedules of the config, until stopped."""
    serve_flow(config, reports_url=reports_url)


def main() -> None:
    """Run a command; an error of ours is a sentence, not a traceback."""
    try:
        app(prog_name="python -m modelvane.flows")
    except ModelvaneError as error:
        click.echo(f"modelvane: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
