"""Findings in the log: one row per round, one per finding, so that SQL can chart them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.store.postgresql.copying import copy_in
from modelvane.store.postgresql.layout import escaped, quoted, unescaped
from modelvane.store.postgresql.session import Session
from modelvane.store.rounds import rounds_of

_NAMES = list(Finding.__struct_fields__)
_TYPES = {"int": "bigint", "float | None": "double precision"}
_ARROW = {"bigint": pa.int64(), "double precision": pa.float64(), "text": pa.string()}
_STORED = [_TYPES.get(kind, "text") for kind in Finding.__annotations__.values()]
_COLUMNS = [quoted(name) for name in _NAMES]

TABLES = f"""
CREATE TABLE modelvane_rounds (
    round bigserial PRIMARY KEY, dataset text NOT NULL, computed_at double precision NOT NULL, verdict text NOT NULL,
    rows bigint NOT NULL, labelled bigint NOT NULL, since double precision, until double precision);
CREATE INDEX ON modelvane_rounds (dataset, computed_at);
CREATE TABLE modelvane_findings (
    round bigint NOT NULL REFERENCES modelvane_rounds ON DELETE CASCADE, place integer NOT NULL,
    {", ".join(f"{name} {type_}" for name, type_ in zip(_COLUMNS, _STORED, strict=True))},
    PRIMARY KEY (round, place));
"""
LATER_COLUMNS = "ALTER TABLE modelvane_findings ADD COLUMN IF NOT EXISTS change text DEFAULT '';"
"""Those that logs of earlier versions lack."""


def keep_findings(session: Session, findings: Findings) -> None:
    """Keep a round in place of one computed at the same time, or of the same period."""
    dataset = escaped(findings.dataset)
    since, until = findings.period or (None, None)
    if findings.period is None:
        remove_rounds(
            session, "dataset = %s AND computed_at = %s AND until IS NULL", (dataset, findings.computed_at)
        )
    else:
        remove_rounds(session, "dataset = %s AND since = %s AND until = %s", (dataset, since, until))
    [(number,)] = session.execute(
        "INSERT INTO modelvane_rounds (dataset, computed_at, verdict, rows, labelled, since, until)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING round",
        (dataset, findings.computed_at, findings.verdict, findings.rows, findings.labelled, since, until),
    ).fetchall()
    found = list(findings)
    if found:
        arrays = [pa.array([number] * len(found)), pa.array(range(len(found)))]
        for name, type_ in zip(_NAMES, _STORED, strict=True):
            values = [getattr(finding, name) for finding in found]
            if type_ == "text":
                values = [None if value is None else escaped(str(value)) for value in values]
            arrays.append(pa.array(values, _ARROW[type_]))
        copy_in(
            session,
            "modelvane_findings",
            ["round", "place", *_COLUMNS],
            pa.table(arrays, ["round", "place", *_NAMES]),
        )


def read_rounds(
    session: Session,
    dataset: str,
    since: float | None,
    until: float | None,
    limit: int | None,
    *,
    batches: bool,
) -> list[Findings]:
    """Give rounds of live windows or of batches, the oldest first; with a limit, the newest ones."""
    at, live = ("until", "IS NOT NULL") if batches else ("computed_at", "IS NULL")
    rounds = session.execute(
        "SELECT round, computed_at, rows, labelled, since, until FROM modelvane_rounds"  # noqa: S608 - own names
        f" WHERE dataset = %s AND until {live} AND {at} >= coalesce(%s::float8, '-infinity')"
        f" AND {at} < coalesce(%s::float8, 'infinity') ORDER BY {at} DESC LIMIT %s",
        (escaped(dataset), since, until, limit),
    ).fetchall()
    found = session.execute(
        f"SELECT round, {', '.join(_COLUMNS)} FROM modelvane_findings WHERE round = ANY(%s) ORDER BY round, place",  # noqa: S608 - quoted
        ([number for number, *_ in rounds],),
    )
    return rounds_of(dataset, rounds, found, _finding)


def _finding(row: tuple[Any, ...]) -> Finding:
    plain = (unescaped(value) if isinstance(value, str) else value for value in row[1:])
    values: dict[str, Any] = dict(zip(_NAMES, plain, strict=True))
    return Finding(**values | {"family": Family(values["family"]), "verdict": Verdict(values["verdict"])})


def remove_rounds(session: Session, where: str, parameters: tuple[Any, ...]) -> int:
    """Remove the rounds that fit, with their findings, and say how many."""
    return session.execute(f"DELETE FROM modelvane_rounds WHERE {where}", parameters).rowcount  # noqa: S608 - own names
