"""``modelvane rules``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Write Prometheus' rules and Alertmanager's configuration.")
@click.option(
    "--config",
    "path",
    required=True,
    type=click.Path(path_type=Path),
    help="The config.yaml to write them for.",
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The folder that they go into."
)
def rules(path: Path, output: Path) -> None:
    """Write Prometheus' rules for a config, unit tests of them, and a configuration of Alertmanager.

    What is said goes to standard error.
    """
    from modelvane.config import Config  # noqa: PLC0415 - pydantic, not for --help
    from modelvane.rules import rules_of, write_rules  # noqa: PLC0415 - as above

    config = Config.load(path)
    for file in write_rules(config, rules_of(config), output):
        click.echo(f"Written: {file}", err=True)
