"""The command line: thin commands over the library."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from modelvane import __version__
from modelvane.errors import ModelvaneError


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        """Run a command; an error of ours is a sentence, not a traceback."""
        try:
            return super().invoke(ctx)
        except ModelvaneError as error:
            click.echo(f"modelvane: {error}", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            # as a shell says it of a program that ended by SIGINT
            sys.exit(130)


@click.group(cls=_Group)
@click.version_option(__version__, prog_name="modelvane")
def app() -> None:
    """Watch machine-learning models in production."""


@app.command()
@click.option(
    "--config", "path", required=True, type=click.Path(path_type=Path), help="The config.yaml to serve."
)
@click.option("--host", help="Address to listen on, instead of the config's.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on, instead of the config's.")
@click.option("--workers", type=int, default=1, hidden=True)
def serve(path: Path, host: str | None, port: int | None, workers: int) -> None:
    """Take predictions and labels in; show drift, data quality and performance."""
    from modelvane.service.serve import serve as run  # noqa: PLC0415 - the web stack, for this command only

    run(path, host, port, workers)


if __name__ == "__main__":
    app()
