"""The command line: thin commands over the library, one file each."""

from __future__ import annotations

import sys

import click

from modelvane import __version__
from modelvane.cli.check import check
from modelvane.cli.dashboards import dashboards
from modelvane.cli.labels import labels
from modelvane.cli.plan import plan
from modelvane.cli.reference import reference
from modelvane.cli.replay import replay
from modelvane.cli.report import report
from modelvane.cli.rules import rules
from modelvane.cli.serve import serve
from modelvane.cli.transfer import copy, export, import_
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


for _command in (
    serve,
    report,
    check,
    replay,
    dashboards,
    rules,
    plan,
    reference,
    labels,
    export,
    import_,
    copy,
):
    app.add_command(_command)
