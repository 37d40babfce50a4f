"""``modelvane replay``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelvane.cli.progress import progress_bar

if TYPE_CHECKING:
    from modelvane.cli.replayed import Answer
    from modelvane.config import Config
    from modelvane.faults import InjectedFault

_CONFIG = click.Path(path_type=Path)


@click.command(short_help="Say which alarms a past stream would have raised.")
@click.argument("log", required=False)
@click.option("--config", required=True, type=_CONFIG, help="The config.yaml to try.")
@click.option("--against", type=_CONFIG, help="Another config.yaml to compare it with.")
@click.option("--dataset", help="Which dataset of the config; not needed where it has one.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    help='A fault to inject: "scale trip_distance factor=1.15 start=5000".',
)
@click.option("--since", help="Rows from this event time on: ISO 8601, in UTC without an offset.")
@click.option("--until", help="Rows before this event time.")
@click.option("--every", type=int, help="Rows between evaluations; a fiftieth of the window otherwise.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="A table, or all of it."
)
def replay(
    log: str | None,
    config: Path,
    against: Path | None,
    dataset: str | None,
    faults: tuple[str, ...],
    since: str | None,
    until: str | None,
    every: int | None,
    form: str,
) -> None:
    """Watch LOG again, as a live monitor would have: which alarms, when, and how many a week.

    LOG is the URL of a log (sqlite:///..., postgresql://..., mongodb://...), or a file, a folder or a URL of rows with
    their times; the config's own log otherwise. With --fault the stream is replayed without it too: alarms of the
    latter are false unless something was wrong, what comes on top of them found the fault. With --against the same is
    done by another config.
    """
    from modelvane.cli.replayed import FORMATS  # noqa: PLC0415 - numpy and more, not for --help
    from modelvane.config import Config  # noqa: PLC0415 - as above
    from modelvane.faults import fault_of  # noqa: PLC0415 - as above
    from modelvane.jobs import the_dataset  # noqa: PLC0415 - as above
    from modelvane.periods import moment_of  # noqa: PLC0415 - as above

    injected = tuple(map(fault_of, faults))
    configs = {str(path): Config.load(path) for path in (config, against) if path is not None}
    location = log or configs[str(config)].store_url
    period = [None if moment is None else moment_of(moment) for moment in (since, until)]
    answers = [
        _answer(path, one, dataset or the_dataset(one), location, period, injected, every)
        for path, one in configs.items()
    ]
    click.echo(FORMATS[form](answers), nl=False)


def _answer(
    path: str,
    config: Config,
    dataset: str,
    location: str,
    period: Sequence[float | None],
    faults: tuple[InjectedFault, ...],
    every: int | None,
) -> Answer:
    from modelvane.cli.replayed import Answer  # noqa: PLC0415 - numpy and more, not for --help
    from modelvane.references import load_reference  # noqa: PLC0415 - as above
    from modelvane.replay import FaultySource, detections, past_stream, replay  # noqa: PLC0415 - as above

    reference = load_reference(config, dataset)
    watched = partial(replay, dataset, reference=reference, settings=config.settings(dataset), every=every)
    with past_stream(location, dataset, reference.schema, *period) as source, progress_bar() as progress:
        progress.begin(f"Replaying by {path}", "rows", source.rows)
        clean = watched(source, advance=progress.advance)
        if not faults:
            return Answer(path, clean)
        progress.begin(f"Replaying with faults by {path}", "rows", clean.rows)
        faulty = watched(FaultySource(source, faults), advance=progress.advance)
    return Answer(path, clean, faulty, detections(faults, faulty, clean))
