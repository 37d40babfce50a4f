"""``modelvane labels``."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelvane.cli.progress import progress_bar
from modelvane.cli.stores import datasets_of, opened, store_of, store_options

if TYPE_CHECKING:
    from modelvane.schema import Schema

LEFT_OUT = 1
"""The exit code when rows of the file were no labels; 2 is bad input altogether."""


@click.group()
def labels() -> None:
    """Ground truth that comes late."""


@labels.command("import", short_help="Keep the labels of a file.")
@click.argument("file", type=click.Path(path_type=Path))
@store_options
@click.option("--dataset", help="Which dataset; not needed where the log has one.")
@click.option("--url", help="Post them to the service that has the log open, such as http://127.0.0.1:8085.")
@click.option("--token", envvar="MODELVANE_TOKEN", help="Its token, with --url; or MODELVANE_TOKEN.")
@click.option("--id-column", help="What the file calls ids: `id`, or as the dataset does.")
@click.option("--target-column", help="What it calls targets: `target`, or as the dataset does.")
@click.option("--time-column", help="What it calls the times at which targets became known: `time`.")
@click.option("--separator", default=",", show_default=True, help="Between the values of a CSV file.")
def import_(
    file: Path,
    config: Path | None,
    store: str | None,
    dataset: str | None,
    url: str | None,
    token: str | None,
    id_column: str | None,
    target_column: str | None,
    time_column: str | None,
    separator: str,
) -> None:
    """Join the targets in a CSV, Parquet or Arrow FILE to the logged predictions, by id.

    The same file again changes nothing. Exit code 1 says that rows were left out, and standard error which.
    """
    from modelvane.transfer.label_files import LabelColumns, LabelFile  # noqa: PLC0415 - pyarrow, not for --help
    from modelvane.transfer.labels import LabelSink, LogSink, import_labels  # noqa: PLC0415 - as above
    from modelvane.transfer.posting import ServiceSink  # noqa: PLC0415 - as above

    name, schema = _dataset(config, store, url, dataset)
    columns = LabelColumns.of(schema, id_column, target_column, time_column)
    source = LabelFile(file, columns, separator)
    with ExitStack() as stack:
        sink: LabelSink
        if url is not None:
            sink = stack.enter_context(ServiceSink(url, name, token))
        else:
            log = stack.enter_context(opened(store_of(config, store)))
            log.open(name, schema)
            sink = LogSink(log, name, time.time())
        progress = stack.enter_context(progress_bar())
        progress.begin(f"Labels of {name}", "rows", source.rows)
        imported = import_labels(source, schema, sink, advance=progress.advance)
    click.echo(
        f"{name}: {imported.matched} matched, {imported.waiting} waiting for a row with their id, "
        f"{imported.repeated} repeated, {imported.changed} changed, {imported.left_out} left out"
    )
    for said in imported.faults.describe():
        click.echo(f"modelvane: {said}", err=True)
    if imported.left_out:
        sys.exit(LEFT_OUT)


def _dataset(
    config: Path | None, store: str | None, url: str | None, dataset: str | None
) -> tuple[str, Schema]:
    """Give the name of the dataset and what is known of its columns; a service alone says nothing of them."""
    from modelvane.schema import Schema  # noqa: PLC0415 - not for --help

    if url is not None and config is None and store is None:
        if dataset is None:
            raise click.UsageError("Give --dataset: a service has several.")
        return dataset, Schema(())
    with opened(store_of(config, store), read_only=True) as log:
        known = datasets_of(log, (dataset,) if dataset is not None else ())
        if len(known) != 1:
            raise click.UsageError(
                f"Give --dataset, one of: {', '.join(known) or 'none, for the log is empty'}."
            )
        return known[0], log.datasets()[known[0]]
