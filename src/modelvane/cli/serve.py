"""``modelvane serve``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
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
