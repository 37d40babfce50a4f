"""``modelvane report``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelvane.cli.options import job_of, job_options
from modelvane.cli.progress import progress_bar

if TYPE_CHECKING:
    from modelvane.jobs import Job, Progress


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is to be.

    Parameters
    ----------
    html, json
        Files; each ``None`` where it is not wanted.
    says_json
        Whether standard output is to have the JSON.
    keeps
        Whether the log is to keep the findings.
    """

    html: Path | None
    json: Path | None
    says_json: bool
    keeps: bool


def _modelvane(job: Job, wanted: Wanted, progress: Progress) -> None:
    from modelvane import jobs  # noqa: PLC0415 - the computation, not for --help

    judged, period = jobs.run(job, progress)
    if wanted.keeps:
        jobs.keep(job, judged)
    progress.begin("Writing the report", "files", None)
    jobs.write(judged, html=wanted.html, json=wanted.json)
    if wanted.says_json:
        click.echo(jobs.json_text(judged), nl=False)
    for note in jobs.notes_of(period, judged.reference):
        click.echo(note, err=True)
    click.echo(jobs.headline(judged), err=True)


def _evidently(job: Job, wanted: Wanted, progress: Progress) -> None:
    from modelvane.jobs.evidently import compare, json_of  # noqa: PLC0415 - as above
    from modelvane.jobs.outputs import write_text  # noqa: PLC0415 - as above

    rendered = compare(job, progress)
    if wanted.html is not None:
        write_text(wanted.html, rendered.html)
    if wanted.json is not None:
        write_text(wanted.json, json_of(rendered))
    if wanted.says_json:
        click.echo(json_of(rendered), nl=False)
    if rendered.left_out:
        click.echo(f"Without values on one side, so not compared: {', '.join(rendered.left_out)}.", err=True)
    click.echo(f"By Evidently {rendered.version}; the log keeps nothing of it.", err=True)


Engine = Callable[["Job", Wanted, "Progress"], None]
ENGINES: Mapping[str, Engine] = {"modelvane": _modelvane, "evidently": _evidently}
"""Who makes the report."""


@click.command(short_help="Write what was found of a period or a file.")
@job_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The HTML file; batch.output of the config otherwise.",
)
@click.option(
    "--json", "json_to", metavar="FILE", help="The same as JSON, into a file or (-) standard output."
)
@click.option("--engine", type=click.Choice(list(ENGINES)), default="modelvane", help="Who makes the report.")
@click.option(
    "--keep/--no-keep", default=True, help="Whether the log keeps the findings, where its rows are judged."
)
def report(output: Path | None, json_to: str | None, engine: str, keep: bool, **which: Any) -> None:
    """Judge a period of the log, or a file, and write what was found as HTML and JSON.

    Without -o and --json both files go into the folder that the config names. What is said goes to standard error.
    """
    job = job_of(**which)
    wanted = _wanted(job, output, json_to, keep=keep)
    with progress_bar() as progress:
        ENGINES[engine](job, wanted, progress)
    for file in (wanted.html, wanted.json):
        if file is not None:
            click.echo(f"Written: {file}", err=True)


def _wanted(job: Job, output: Path | None, json_to: str | None, *, keep: bool) -> Wanted:
    from modelvane import jobs  # noqa: PLC0415 - not for --help

    says_json = json_to == "-"
    html, json = output, None if json_to is None or says_json else Path(json_to)
    if output is None and json_to is None:
        if job.config is None:
            raise click.UsageError("Say where the report goes: -o report.html, or --json -.")
        jobs.make_folder(job.output.parent)
        html, json = (job.output.with_name(f"{job.output.name}.{ending}") for ending in ("html", "json"))
    for file in (html, json):
        if file is not None:
            # before the work, not after
            jobs.check_writable(file)
    return Wanted(html, json, says_json, keep and job.is_of_the_log)
