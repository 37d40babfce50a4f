"""Into a log: the rows, labels and findings of a dataset, as often as it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modelvane.errors import SchemaError
from modelvane.schema import Column, Role, Schema
from modelvane.store.protocol import Log
from modelvane.store.schemas import joined
from modelvane.transfer.contents import Contents


@dataclass(slots=True)
class Poured:
    """What came into a log.

    Parameters
    ----------
    rows, known_rows
        Rows that were new, and rows whose id was there.
    labels, known_labels
        Labels that said something new, and labels that were there.
    rounds
        Rounds of findings.
    """

    rows: int = 0
    known_rows: int = 0
    labels: int = 0
    known_labels: int = 0
    rounds: int = 0


def pour(contents: Contents, log: Log, *, advance: Callable[[int], None] = lambda _count: None) -> Poured:
    """Keep a dataset of a folder or of another log.

    Each page is one transaction. What is there already stays, so an interrupted run is simply run again: rows are
    known by their ids (the first wins), labels too (the latest wins), findings by their time or period.

    Parameters
    ----------
    advance
        Called with the rows or labels of each page once they are kept.

    Raises
    ------
    SchemaError
        When the dataset is there with another id, time or target.
    """
    name = contents.dataset
    log.open(name, _schema(name, contents.schema, log.datasets().get(name)))
    poured = Poured()
    for rows in contents.rows():
        new = log.restore(name, rows)
        poured.rows += new
        poured.known_rows += len(rows) - new
        advance(len(rows))
    for labels in contents.labels():
        result = log.label(name, labels.ids, labels.targets, labels.times, labels.received)
        poured.labels += len(labels) - result.repeated
        poured.known_labels += result.repeated
        advance(len(labels))
    for rounds in contents.rounds():
        with log.transaction():
            for found in rounds:
                log.append_findings(found)
        poured.rounds += len(rounds)
    return poured


def _schema(dataset: str, schema: Schema, there: Schema | None) -> Schema:
    if there is None:
        return schema
    for role in (Role.ID, Role.TIME, Role.TARGET):
        ours, theirs = _named(schema, role), _named(there, role)
        if ours != theirs:
            raise SchemaError(
                f"The dataset {dataset!r} is there with another {role} column",
                received=ours,
                expected=str(theirs),
                remedy="Copy it into another store",
            )
    # what is there keeps its meaning; other columns are added
    return joined(there, schema)


def _named(schema: Schema, role: Role) -> str | None:
    found: Column | None = {Role.ID: schema.id, Role.TIME: schema.time}.get(role, schema.target)
    return None if found is None else found.name
