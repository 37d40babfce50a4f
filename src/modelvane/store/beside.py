"""Findings into a log that a service may have open, whichever store it is in."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store import open_log
from modelvane.store.sqlite.beside import append_findings_beside as append_to_sqlite


def append_findings_beside(url: str, schema: Schema, findings: Findings) -> None:
    """Keep a round of a batch in the log at a URL, in place of an earlier one of its period.

    Unlike rows and labels, which one process numbers, rounds may come from any.

    Parameters
    ----------
    url
        Of a log that is there.
    schema
        Of the dataset.

    Raises
    ------
    StoreError
        When it cannot be written.
    """
    scheme, _, path = url.partition("://")
    if scheme == "sqlite":
        append_to_sqlite(Path(path.removeprefix("/")), findings)
    elif scheme in ("postgresql", "postgres"):
        from modelvane.store.postgresql.beside import (  # noqa: PLC0415 - needs psycopg, an extra
            append_findings_beside as append_to_postgresql,
        )

        append_to_postgresql(url, findings)
    else:
        # a MongoDB has no one writer
        with closing(open_log(url)) as log:
            log.open(findings.dataset, schema)
            log.append_findings(findings)
