"""``modelvane export``, ``modelvane import`` and ``modelvane copy``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelvane.cli.progress import progress_bar
from modelvane.cli.stores import datasets_of, opened, store_of, store_options

if TYPE_CHECKING:
    from modelvane.store import Log
    from modelvane.transfer.contents import Contents

_SQLITE = "sqlite:///"
_since = click.option("--since", help="Rows from this event time on: ISO 8601, in UTC without an offset.")
_until = click.option("--until", help="Rows before this event time.")
_datasets = click.option("--dataset", "datasets", multiple=True, help="Which dataset; all of them otherwise.")


@click.command()
@store_options
@_datasets
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@_since
@_until
def export(
    config: Path | None,
    store: str | None,
    datasets: tuple[str, ...],
    output: Path,
    since: str | None,
    until: str | None,
) -> None:
    """Write a log as Parquet: a folder for each dataset, with rows, labels and findings.

    The log may be in use. An export that was interrupted goes on when the same command is run again.
    """
    from modelvane.transfer.contents import LogContents  # noqa: PLC0415 - pyarrow, not for --help
    from modelvane.transfer.export import export as write  # noqa: PLC0415 - as above
    from modelvane.transfer.folder import BATCHES, LABELS, ROUNDS, ROWS, dataset_folder  # noqa: PLC0415 - as above

    url = store_of(config, store)
    with opened(url, read_only=True) as log, progress_bar() as progress:
        for name in datasets_of(log, datasets):
            contents = LogContents(log, name, _moment(since), _moment(until))
            progress.begin(f"Writing {name}", "rows and labels", contents.total)
            done = write(contents, output, source=_known_as(url), advance=progress.advance)
            rounds = done.count(ROUNDS) + done.count(BATCHES)
            click.echo(
                f"{dataset_folder(output, name)}: {done.count(ROWS)} rows, {done.count(LABELS)} labels, "
                f"{rounds} rounds of findings"
            )


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@store_options
def import_(folder: Path, config: Path | None, store: str | None) -> None:
    """Keep what `modelvane export` wrote into FOLDER in a log; what is there already stays."""
    from modelvane.transfer.folder import exports_in  # noqa: PLC0415 - pyarrow, not for --help

    exports = exports_in(folder)
    with opened(store_of(config, store)) as log:
        for contents in exports:
            _pour(contents, log)


@click.command()
@click.option("--from", "source", required=True, help="The log's URL, such as sqlite:///modelvane.db.")
@click.option("--to", "target", required=True, help="The URL of the log to fill.")
@_datasets
@_since
@_until
def copy(source: str, target: str, datasets: tuple[str, ...], since: str | None, until: str | None) -> None:
    """Fill one log from another, of the same kind or not; what is there already stays."""
    from modelvane.transfer.contents import LogContents  # noqa: PLC0415 - pyarrow, not for --help

    with opened(source, read_only=True) as read, opened(target) as written:
        for name in datasets_of(read, datasets):
            _pour(LogContents(read, name, _moment(since), _moment(until)), written)


def _pour(contents: Contents, log: Log) -> None:
    from modelvane.transfer.pour import pour  # noqa: PLC0415 - pyarrow, not for --help

    with progress_bar() as progress:
        progress.begin(f"Filling {contents.dataset}", "rows and labels", contents.total)
        poured = pour(contents, log, advance=progress.advance)
    click.echo(
        f"{contents.dataset}: {poured.rows} rows, {poured.labels} labels, {poured.rounds} rounds of findings; "
        f"{poured.known_rows} rows and {poured.known_labels} labels were there"
    )


def _moment(text: str | None) -> float | None:
    from modelvane.periods import moment_of  # noqa: PLC0415 - numpy, not for --help

    return None if text is None else moment_of(text)


def _known_as(url: str) -> str:
    """Give what tells a store from others: the same from any directory, without passwords."""
    from modelvane.locations import without_password  # noqa: PLC0415 - numpy and more, not for --help

    path = url.removeprefix(_SQLITE)
    return without_password(url) if path in (url, "") else f"{_SQLITE}{Path(path).resolve()}"
