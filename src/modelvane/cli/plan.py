"""``modelvane plan``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from modelvane.plan import Change, Plan

CHANGES = 1
"""The exit code of a plan that changes something; 2 is bad input."""

_LONGEST = 60
_BEFORE = 20


@click.command(short_help="Say what an edit of the config would change.")
@click.option(
    "--config", "path", required=True, type=click.Path(path_type=Path), help="The config.yaml as it will be."
)
@click.option("--against", type=click.Path(path_type=Path), help="The config.yaml as it is.")
@click.option(
    "--url", help="Rather a running monitor; of it the series are known, and no settings, rules or panels."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="A table, or all of it as JSON.",
)
def plan(path: Path, against: Path | None, url: str | None, form: str) -> None:
    """Say which settings, lines, series, rules, alerts and panels an edit changes: nothing is applied.

    Exit code 0 is no change, 1 is changes, 2 is bad input, such as a config with which the service would not start.
    Without --against and --url everything is added. Lines and series are those of full windows with all their labels.
    """
    from modelvane.config import Config  # noqa: PLC0415 - pydantic, not for --help
    from modelvane.plan import live_series, plan_beside, plan_between  # noqa: PLC0415 - numpy and more

    if against is not None and url is not None:
        raise click.UsageError("Give --against or --url, not both.")
    config = Config.load(path)
    if url is not None:
        found = plan_beside(live_series(url, config.service.tokens.read), config)
    else:
        found = plan_between(None if against is None else Config.load(against), config)
    click.echo(_json(found) if form == "json" else _text(found))
    if found.changes:
        sys.exit(CHANGES)


def _text(plan: Plan) -> str:
    expected = plan.expected
    parts = [_table(plan.changes)] if plan.changes else ["Nothing changes."]
    datasets = ", ".join(
        f"{name or 'the service'} {count:,}" for name, count in expected.by_dataset().items()
    )
    parts.append(
        f"Series: {plan.before:,} → {len(expected.samples):,} of {expected.limit:,} "
        f"(service.limits.series): {datasets}."
    )
    if expected.left_out:
        parts.append(f"{expected.left_out:,} of them would be left out of each scrape.")
    return "\n\n".join(parts)


def _table(changes: tuple[Change, ...]) -> str:
    from modelvane.cli.tables import table_text  # noqa: PLC0415 - rich, for people only

    return table_text(
        ("", "what", "which", "was", "will be"), (row for each in changes for row in _rows(each))
    )


def _rows(change: Change) -> Iterator[tuple[str, ...]]:
    if change.kind == "series":
        samples, only = change.details.values()
        yield (
            change.action,
            change.kind,
            change.name,
            _counted(samples[0], only[0]),
            _counted(samples[1], only[1]),
        )
        return
    if change.kind == "setting":
        yield change.action, change.kind, change.name, *_shortened(*change.details["value"])
        return
    yield change.action, change.kind, change.name, "", ""
    for fact, (was, will) in change.details.items():
        yield "", "", f"  {fact}", *_shortened(was, will)


def _counted(samples: str, only: str) -> str:
    return samples if only in ("0", samples) else f"{samples} ({only} only there)"


def _shortened(was: str, will: str) -> tuple[str, ...]:
    """Give two texts of one line each, from a little before where they differ."""
    was, will = (" ".join(text.split()) for text in (was, will))
    alike = zip(was, will, strict=False)
    # where one goes on after the other, what it goes on with is the difference
    differs = next((at for at, (one, other) in enumerate(alike) if one != other), min(len(was), len(will)))
    start = max(0, differs - _BEFORE)
    return tuple(
        ("…" if start else "")
        + text[start : start + _LONGEST]
        + ("…" if len(text) > start + _LONGEST else "")
        for text in (was, will)
    )


def _json(plan: Plan) -> str:
    expected = plan.expected
    return json.dumps(
        {
            "changes": [
                {
                    "kind": each.kind,
                    "action": each.action,
                    "name": each.name,
                    "details": {
                        fact: {"was": was, "will_be": will} for fact, (was, will) in each.details.items()
                    },
                }
                for each in plan.changes
            ],
            "series": {
                "before": plan.before,
                "after": len(expected.samples),
                "by_dataset": expected.by_dataset(),
                "limit": expected.limit,
                "left_out": expected.left_out,
            },
        },
        ensure_ascii=False,
        indent=2,
    )
