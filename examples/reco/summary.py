"""What was served, and how it met what was bought, beside the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from examples.shared.summary import FindingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Console


def print_answers(
    findings: Mapping[str, Any], console: Console, wanted: Iterable[tuple[str, str | None]]
) -> None:
    """Print measures of answers, each with its value over the reference.

    Parameters
    ----------
    wanted
        Names of measures and, of those at k, which.

    Raises
    ------
    FindingsError
        When one was not found, or has no value.
    """
    whole = {
        (one["measure"], one["label"]): one
        for one in findings["findings"]
        if one["segment"] is None and one["column"] is None
    }
    table = Table(title="Recommendations", box=SIMPLE_HEAD)
    table.add_column("measure")
    for heading in ("now", "reference", "±", "n"):
        table.add_column(heading, justify="right")
    for name, k in wanted:
        one = whole.get((name, k))
        if one is None or one["value"] is None:
            raise FindingsError(f"There is no {name}", received=None if one is None else one["why"])
        table.add_row(
            name if k is None else f"{name} at {k}",
            *(_number(one[key]) for key in ("value", "reference", "error_bound")),
            f"{one['n']:,}",
        )
    console.print(table)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
