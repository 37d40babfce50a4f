"""From rows of tables to rounds of findings, as every store of tables needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from modelvane.findings import Finding, Findings


def rounds_of(
    dataset: str,
    rounds: Sequence[tuple[Any, ...]],
    found: Iterable[tuple[Any, ...]],
    finding_of: Callable[[tuple[Any, ...]], Finding],
) -> list[Findings]:
    """Put rounds together, the oldest first.

    Parameters
    ----------
    rounds
        The newest first: number, when computed, rows, labelled rows, and the period's limits or ``None``.
    found
        One row per finding, its round's number first, in order of rounds and of places.
    finding_of
        Reads such a row.
    """
    by_round = {number: tuple(map(finding_of, rows)) for number, rows in groupby(found, itemgetter(0))}
    return [
        Findings(
            dataset,
            computed_at,
            rows,
            labelled,
            by_round.get(number, ()),
            None if until is None else (since, until),
        )
        for number, computed_at, rows, labelled, since, until in reversed(rounds)
    ]
