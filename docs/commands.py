"""The page of the command line, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from modelvane.cli import app

_INTRODUCTION = """\
# The command line

<!-- Written by `python -m docs.generate`; a test compares. -->

What a command finds is on standard output; what it says, and its progress bar, are on standard error, and the bar is
there only where that is a terminal. Exit code 0 is fine and 2 is bad input, with a sentence that says what was
expected, what there is, and what to do; 130 is Ctrl-C, which leaves no half-written file. Times are ISO 8601, in UTC
without an offset, or seconds since 1970; periods are half open. How reports and checks are run every night is on
[the next page](batch.md); the settings of a config have [theirs](configuration.md).
"""

_EXAMPLES: Mapping[str, str] = {
    "reference build": """\
```sh
modelvane reference build january.parquet -o january.mv --target duration --categorical zone --numerical distance
```

What the options do not say is inferred, as [the library](library.md) does it. A reference has counts, edges and
categories, and what was learned of its noise and habit; it has no rows, and is some hundred kilobytes.
""",
    "reference show": """\
```text
$ modelvane reference show january.mv --rows 1000
rows     2,400
period   13 Sep 2020, 00:00:28 UTC to 13 Sep 2020, 23:59:31 UTC
task     regression
hash     63dff64c316fa6c2027c886325031026

column       role         kind          ruler                                            missing
────────────────────────────────────────────────────────────────────────────────────────────────
distance     feature      numerical     1,024 edges (not every value), 0.00066 to 8.93         0
zone         feature      categorical   3 categories: a, b, c                                  0
prediction   prediction   numerical     1,024 edges (not every value), 3.68 to 17.30           0
duration     target       numerical     1,024 edges (not every value), −0.763 to 19.71         0

Lines at a budget of 0.001 false alarms per window-length of new rows:

column       measure               rows   noise floor   usual range
───────────────────────────────────────────────────────────────────
distance     Kolmogorov-Smirnov   1,000         0.089         0.174
zone         G-test effect        1,000         0.191         0.476
prediction   Kolmogorov-Smirnov   1,000         0.089         0.122
duration     Kolmogorov-Smirnov   1,000         0.089         0.113
```

A window of 1000 rows whose distances are further than 0.089 from the reference's changed by more than sampling does,
one further than 0.174 by more than this stream does from hour to hour; [alarms](how-it-works/alarms.md) has the rest.
""",
    "report": """\
```sh
modelvane report --config config.yaml
modelvane report --config config.yaml --since 2022-01-01 --until 2022-02-01 --labels durations.csv -o january.html
modelvane report --reference january.mv --current s3://trips/2022/01/ --json - -o january.html
```

The first is of yesterday, or whatever `batch.period` says, and its two files are in the folder `batch.output`. Rows of
the config's log are read beside a running service, and the log keeps the findings: a second run of a period replaces
the first. The labels of `--labels` are joined by id for this report alone, the last of an id counts, and it is said how
many were matched, changed a target, or have an id that no row has; `modelvane labels import` is what keeps them.
""",
    "check": """\
```text
$ modelvane check --reference january.mv --current february.parquet
Alarm (february, 600 rows). 1 of 4 columns changed beyond this stream's habit: distance.
        column       measure              value   noise floor   usual range   cause
────────────────────────────────────────────────────────────────────────────────────────────────────────
Alarm   distance     Kolmogorov-Smirnov   0.257   0.108         0.174         up to 0.05505: 5.1 % → 0 %
OK      zone         G-test effect        0.080   0.223         0.476
OK      prediction   Kolmogorov-Smirnov   0.067   0.108         0.122
OK      duration     Kolmogorov-Smirnov   0.045   0.118         0.113
$ echo $?
1
```

`--format junit` has a test case for each finding that has a verdict, and a failure for each alarm; `--format github` an
`::error` for each alarm and a `::warning` for each change; `--format json` is the JSON of a report.
""",
}


def page() -> str:
    """Give the page: every command with its options."""
    parts = [_INTRODUCTION]
    for name, command in _commands(app, ""):
        parts += [f"## `modelvane {name}`\n", f"{_help(command)}\n"]
        if name in _EXAMPLES:
            parts.append(_EXAMPLES[name])
        parts += [*_options(command), ""]
    return "\n".join(parts)


def _commands(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _help(command: click.Command) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))


def _options(command: click.Command) -> Iterator[str]:
    yield "| option | |"
    yield "| --- | --- |"
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            yield f"| `{(parameter.name or '').upper()}` | {'needed' if parameter.required else 'a file'} |"
        elif isinstance(parameter, click.Option) and not parameter.hidden:
            names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
            said = parameter.help or ""
            if isinstance(parameter.type, click.Choice):
                said += f" {', '.join(f'`{choice}`' for choice in parameter.type.choices)}."
            yield f"| {names} | {said}{' Needed.' if parameter.required else ''} |"
