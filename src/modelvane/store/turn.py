"""One turn of a log's writer: all that was queued in one transaction, or each alone where that fails."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from modelvane.store.protocol import Log, LogDownError
from modelvane.store.queue import Work


def outcomes_of(log: Log, works: list[Work]) -> list[Any]:
    """Write all, and give a result or an exception for each."""
    if works[0].alone:
        return [_attempt(log, works)]
    try:
        return _together(log, works)
    except LogDownError as error:
        # for all alike, and each attempt may take its time
        return [error] * len(works)
    except Exception as error:  # noqa: BLE001 - belongs to one of the submissions, found below
        if len(works) == 1:
            return [error]
    return [_attempt(log, [work]) for work in works]


def settle(works: list[Work], outcomes: list[Any]) -> None:
    """Tell each submitter what became of what was submitted."""
    for work, outcome in zip(works, outcomes, strict=True):
        # who cancelled does not want to know; the rows are kept all the same
        if work.future.done():
            continue
        if isinstance(outcome, Exception):
            work.future.set_exception(outcome)
        else:
            work.future.set_result(outcome)


def _attempt(log: Log, works: list[Work]) -> Any:
    try:
        if works[0].alone and works[0].task:
            return works[0].task(log)
        return _together(log, works)[0]
    except Exception as error:  # noqa: BLE001 - given to who submitted it
        return error


def _together(log: Log, works: list[Work]) -> list[Any]:
    with log.transaction():
        return list(_results(log, works))


def _results(log: Log, works: list[Work]) -> Iterator[Any]:
    # consecutive tables of one dataset share their statements
    for dataset, group in groupby(works, key=lambda work: work.dataset):
        if dataset is None:
            yield from (work.task(log) for work in group if work.task)
        else:
            yield from log.append_many(dataset, [work.batch for work in group if work.batch])
