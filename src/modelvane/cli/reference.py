"""``modelvane reference``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelvane.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelvane.jobs import Progress
    from modelvane.jobs.ruled import Ruled, RuledColumn
    from modelvane.reference import Reference
    from modelvane.validity import Validity

_FILE = click.Path(path_type=Path)
_NAMED = 6


@click.group()
def reference() -> None:
    """Build references, and look at them."""


@reference.command()
@click.argument("data", required=False)
@click.option("-o", "--output", type=_FILE, required=True, help="The reference to write, such as ref.mv.")
@click.option("--target", help="The column of the ground truth.")
@click.option(
    "--prediction", multiple=True, help="The column of the prediction; again for each class's probability."
)
@click.option("--id", "id_", help="The column that labels are joined by.")
@click.option("--time", help="The column of the event's time.")
@click.option("--numerical", multiple=True, help="A feature measured on edges; again for each.")
@click.option("--categorical", multiple=True, help="A feature measured by category; again for each.")
@click.option(
    "--segment",
    multiple=True,
    help="A column by which all is broken down, or as JSON a pair or bins: "
    '["one", "other"], {"column": "one", "edges": [1, 3]}; again for each.',
)
@click.option("--hours", metavar="ZONE", help="Compare by hour of the week, on this clock, such as UTC.")
@click.option(
    "--moving",
    type=click.IntRange(1),
    metavar="WINDOWS",
    help="Learn how far windows are from so many before them: the config's reference_windows.",
)
@click.option("--task", type=click.Choice(["regression", "classification"]), help="What the model does.")
@click.option("--positive", help="The positive class of a binary classifier.")
@click.option("--config", type=_FILE, help="Rather what a config says of the columns (and its data).")
@click.option("--dataset", help="Which dataset of the config; not needed where it has one.")
def build(data: str | None, output: Path, config: Path | None, dataset: str | None, **columns: Any) -> None:
    """Build a reference from DATA: a file, a folder or a URL of Parquet, CSV or Arrow, of a time when all was well."""
    from modelvane.jobs import check_writable  # noqa: PLC0415 - numpy and more, not for --help
    from modelvane.jobs.ruled import ruled  # noqa: PLC0415 - as above

    given = {_KEYWORDS[name]: value for name, value in columns.items() if value}
    if config is not None and given:
        raise click.UsageError(f"The config says what the columns are: --{next(iter(given))} does not.")
    if config is None and data is None:
        raise click.UsageError("Give DATA, or --config.")
    check_writable(output)
    with progress_bar() as progress:
        if config is not None:
            found = _of_config(config, dataset, data, progress)
        else:
            found = _of_data(data, given, progress)
        found.save(output)
    click.echo(_facts(ruled(found, windows=())), err=True)
    click.echo(f"Written: {output} ({output.stat().st_size:,} bytes)", err=True)


_KEYWORDS = {
    "target": "target",
    "prediction": "prediction",
    "id_": "id",
    "time": "time",
    "numerical": "numerical",
    "categorical": "categorical",
    "segment": "segments",
    "hours": "hours",
    "moving": "moving",
    "task": "task",
    "positive": "positive",
}


def _of_data(data: str | None, given: dict[str, Any], progress: Progress) -> Reference:
    from modelvane.reference import Reference  # noqa: PLC0415 - numpy and more, not for --help

    if len(given.get("prediction", ())) == 1:
        (given["prediction"],) = given["prediction"]
    given["segments"] = [_segment(each) for each in given.get("segments", ())]
    return Reference.of(data, **_calls(progress), **given)


def _segment(given: str) -> object:
    if not given.startswith(("[", "{")):
        return given
    try:
        return json.loads(given)
    except ValueError as error:
        raise click.BadParameter(f"{given} is no JSON: {error}", param_hint="--segment") from None


def _of_config(file: Path, dataset: str | None, data: str | None, progress: Progress) -> Reference:
    from modelvane.config import Config  # noqa: PLC0415 - pydantic, not for --help
    from modelvane.jobs import Job  # noqa: PLC0415 - numpy and more, not for --help
    from modelvane.references import build_reference  # noqa: PLC0415 - as above

    config = Config.load(file)
    name = Job.of_config(config, dataset).dataset
    return build_reference(
        config, name, config.reference_file(name) if data is None else Path(data), **_calls(progress)
    )


def _calls(progress: Progress) -> dict[str, Any]:
    return {
        "started": lambda columns: progress.begin("Learning noise and habit", "columns", columns),
        "advance": lambda: progress.advance(1),
    }


@reference.command()
@click.argument("file", type=_FILE)
@click.option("--budget", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Of false alarms.")
@click.option(
    "--rows", "windows", multiple=True, type=click.IntRange(1), help="A window's size; again for more."
)
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def show(file: Path, budget: float | None, windows: tuple[int, ...], as_json: bool) -> None:
    """Show the columns of a reference, and the lines above which they are said to drift."""
    from modelvane.jobs.ruled import ruled  # noqa: PLC0415 - numpy and more, not for --help
    from modelvane.reference import Reference  # noqa: PLC0415 - as above
    from modelvane.settings import BUDGET  # noqa: PLC0415 - as above

    found = ruled(Reference.load(file), budget or BUDGET, windows or _WINDOWS)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
        return
    click.echo(_facts(found))
    click.echo()
    click.echo(_columns(found))
    click.echo()
    click.echo(_lines(found))


@reference.command()
@click.option("--config", type=_FILE, required=True, help="Whose log knows it.")
@click.option("--dataset", help="Which dataset of the config; not needed where it has one.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def history(config: Path, dataset: str | None, as_json: bool) -> None:
    """Show which references a dataset was compared with, from when until when."""
    from modelvane.cli.stores import opened  # noqa: PLC0415 - numpy and more, not for --help
    from modelvane.config import Config  # noqa: PLC0415 - as above
    from modelvane.events import LASTING  # noqa: PLC0415 - as above
    from modelvane.jobs import Job  # noqa: PLC0415 - as above
    from modelvane.validity import history as history_of  # noqa: PLC0415 - as above

    read = Config.load(config)
    name = Job.of_config(read, dataset).dataset
    with opened(read.store_url, read_only=True) as log:
        found = history_of(log.read_events(name, kinds=LASTING))
    if as_json:
        click.echo(json.dumps([each.to_dict() for each in found], indent=2, ensure_ascii=False))
        return
    click.echo(
        _validities(found) if found else f"The log knows no reference of {name}: it was never watched."
    )


def _validities(found: Sequence[Validity]) -> str:
    from modelvane.cli.tables import table_text  # noqa: PLC0415 - for people only
    from modelvane.formatting import moment_text  # noqa: PLC0415 - as above
    from modelvane.periods import period_text  # noqa: PLC0415 - as above

    def moment(at: float | None) -> str:
        return "" if at is None else moment_text(at)

    rows = (
        (
            moment(each.since),
            moment(each.until),
            each.digest,
            "" if each.rows is None else f"{each.rows:,}",
            "" if each.period is None else period_text(each.period),
            each.file,
        )
        for each in found
    )
    return table_text(("since", "until", "reference", "rows", "of", "file"), rows, right=(3,))


_WINDOWS = (500, 5000)


def _facts(found: Ruled) -> str:
    from modelvane.formatting import moment_text  # noqa: PLC0415 - for people only

    period = "no time column" if found.period is None else " to ".join(map(moment_text, found.period))
    facts = {
        "rows": f"{found.rows:,}",
        "period": period,
        "task": found.task or "none: there is neither prediction nor target",
        "segments": ", ".join(found.segments),
        "hash": found.digest,
    }
    return "\n".join(f"{name:9}{value}" for name, value in facts.items() if value)


def _columns(found: Ruled) -> str:
    from modelvane.cli.tables import table_text  # noqa: PLC0415 - for people only

    head = ("column", "role", "kind", "ruler", "missing")
    rows = [
        (column.name, column.role, column.kind, _ruler(column), f"{column.missing:,}")
        for column in found.columns
    ]
    return table_text(head, rows, right=(4,))


def _ruler(column: RuledColumn) -> str:
    from modelvane.formatting import number_text  # noqa: PLC0415 - for people only

    if column.kind == "categorical":
        named = ", ".join(column.categories[:_NAMED])
        return f"{column.cells:,} categories: {named}{', ...' if column.cells > _NAMED else ''}"
    if column.smallest is None or column.largest is None:
        return "no value"
    exact = "every value, so KS is exact" if column.exact else "not every value"
    ends = f"{number_text(column.smallest)} to {number_text(column.largest)}"
    return f"{column.cells:,} edges ({exact}), {ends}"


def _lines(found: Ruled) -> str:
    from modelvane.catalogue import titles  # noqa: PLC0415 - for people only
    from modelvane.cli.tables import table_text  # noqa: PLC0415 - as above
    from modelvane.formatting import value_text  # noqa: PLC0415 - as above
    from modelvane.report.wording import title_of  # noqa: PLC0415 - as above

    head = ("column", "measure", "rows", "noise floor", "usual range")
    rows = [
        (
            column.name,
            title_of(column.measure, titles()),
            f"{line.rows:,}",
            value_text(line.noise_floor),
            value_text(line.usual_range),
        )
        for column in found.columns
        for line in column.lines
    ]
    about = f"Lines at a budget of {found.budget:g} false alarms per window-length of new rows:"
    return f"{about}\n\n{table_text(head, rows, right=(2, 3, 4))}"
