"""Findings into a log that another process writes: a nightly run beside the live service."""

from __future__ import annotations

from contextlib import closing

from modelvane.findings import Findings
from modelvane.store.postgresql.address import Address
from modelvane.store.postgresql.connections import Connections
from modelvane.store.postgresql.rounds import keep_findings
from modelvane.store.postgresql.session import Session


def append_findings_beside(url: str, findings: Findings) -> None:
    """Keep a round, whether or not another process has the log open.

    Rounds are numbered by the server, unlike rows and labels, whose numbers their one writer keeps in mind.

    Raises
    ------
    StoreError
        When the server cannot be reached, or does not allow it.
    """

    def keep(session: Session) -> None:
        session.execute("BEGIN")
        try:
            keep_findings(session, findings)
            session.execute("COMMIT")
        except BaseException:
            if not session.is_lost and session.is_in_transaction:
                session.execute("ROLLBACK")
            raise

    # read only in that it takes no lock of a writer
    with closing(Connections(Address.of(url), read_only=True)) as connections:
        connections.read(keep)
