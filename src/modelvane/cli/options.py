"""Options that `modelvane report` and `modelvane check` have in common, and the job that they name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from modelvane.jobs import Job

_FILE = click.Path(path_type=Path)
_OPTIONS = (
    click.option("--config", type=_FILE, help="The config.yaml whose log and reference are taken."),
    click.option("--dataset", help="Which dataset of the config; not needed where it has one."),
    click.option("--reference", type=_FILE, help="Without a config: a saved reference (.mv), or data."),
    click.option("--current", help="Rows of a file, a folder or a URL, rather than those of the log."),
    click.option("--since", help="From this time on: ISO 8601, in UTC without an offset."),
    click.option("--until", help="Before this time."),
    click.option("--last", help="The last whole period of this length, such as 1d for yesterday (UTC)."),
    click.option("--labels", type=_FILE, help="Late labels (id, target): joined, not written to the log."),
    click.option("--leave-out", multiple=True, help="What is not counted of whole rows, such as outliers."),
    click.option("--strict", is_flag=True, help="End on what cannot be read, rather than report it."),
)


def job_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which rows are judged by which reference."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def job_of(
    *,
    config: Path | None,
    dataset: str | None,
    reference: Path | None,
    current: str | None,
    since: str | None,
    until: str | None,
    **rest: Any,
) -> Job:
    """Give the job that the options name.

    Raises
    ------
    click.UsageError
        When they name none, or two.
    ConfigError
        For a config that cannot be read, and for times that are none.
    """
    from modelvane.config import Config  # noqa: PLC0415 - pydantic, not for --help
    from modelvane.jobs import Job  # noqa: PLC0415 - numpy and more, not for --help
    from modelvane.periods import moment_of  # noqa: PLC0415 - as above

    rest |= {
        "since": None if since is None else moment_of(since),
        "until": None if until is None else moment_of(until),
    }
    if config is not None and reference is not None:
        raise click.UsageError("The reference is that of the config: give --config or --reference, not both.")
    if config is not None:
        return Job.of_config(Config.load(config), dataset, current=current, **rest)
    if reference is None or current is None:
        raise click.UsageError("Give --config, or both --reference and --current.")
    return Job.of_files(reference, current, dataset, **rest)
