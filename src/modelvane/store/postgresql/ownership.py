"""One writer per log: an advisory lock of the server, which is gone with its session however that ends."""

from __future__ import annotations

import time
import zlib

from modelvane.errors import StoreError
from modelvane.store.postgresql.session import Session
from modelvane.store.protocol import LogDownError

OWNER_SECONDS = 3.0
"""How long a writer waits for the session of one that has just ended."""

_SPACE = 0x6D76616E
_HOLDER = """
SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'the same machine')
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def own(session: Session, name: str, where: str, *, again: bool) -> None:
    """Make a session the one writer of its schema.

    Parameters
    ----------
    session, name, where
        The session, with what its application's name begins, and where it is.
    again
        Whether this process was the writer before: what is left of its earlier session is ended.

    Raises
    ------
    LogDownError
        When another has become the writer meanwhile; who was it before is it again when that ends.
    StoreError
        When another is the writer, or there is no schema to be the writer of.
    """
    [(schema,)] = session.execute("SELECT current_schema()").fetchall()
    if schema is None:
        raise StoreError(
            f"There is no schema to keep the log in: {where}",
            remedy="GRANT the user USAGE and CREATE on a schema of its search_path",
        )
    key = (_SPACE, zlib.crc32(schema.encode()) - 2**31)
    given_up = time.monotonic() + OWNER_SECONDS
    while session.execute("SELECT pg_try_advisory_lock(%s, %s)", key).fetchone() != (True,):
        holder = session.execute(_HOLDER, (key[0], key[1] % 2**32)).fetchone()
        if holder is not None and str(holder[1]).startswith(name):
            # it may still commit what nobody waits for any more
            session.execute("SELECT pg_terminate_backend(%s)", (holder[0],))
        if time.monotonic() > given_up:
            raise (LogDownError if again else StoreError)(
                f"Another writer has the log open: {where}",
                received=None if holder is None else f"{holder[1]} from {holder[2]} (pid {holder[0]})",
                expected="one writing process per log",
                remedy="Stop the other process, or give this one another database or schema",
            )
        time.sleep(0.1)
