"""``modelvane check``."""

from __future__ import annotations

import sys
from typing import Any

import click

from modelvane.cli.options import job_of, job_options
from modelvane.cli.progress import progress_bar

ALARM = 1
"""The exit code of an alarm; 2 is bad input."""


@click.command(short_help="End with exit code 1 on an alarm.")
@job_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "junit", "github", "json"]),
    default="text",
    help="A table; XML for CI; annotations for GitHub; or all of it as JSON.",
)
def check(form: str, **which: Any) -> None:
    """Judge a period of the log, or a file: exit code 0 is fine, 1 an alarm, 2 bad input.

    Nothing is written or kept: the answer is on standard output, what else is to be said on standard error.
    """
    from modelvane import jobs  # noqa: PLC0415 - the computation, not for --help
    from modelvane.cli import formats  # noqa: PLC0415 - as above
    from modelvane.findings import Verdict  # noqa: PLC0415 - as above

    job = job_of(**which)
    with progress_bar() as progress:
        judged, period = jobs.run(job, progress)
    for note in jobs.notes_of(period, judged.reference):
        click.echo(note, err=True)
    click.echo(formats.FORMATS[form](judged), nl=False)
    if judged.findings.verdict is Verdict.ALARM:
        sys.exit(ALARM)
