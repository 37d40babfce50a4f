"""Where a PostgreSQL server is, from a URL; what is shown of it has no password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from modelvane.errors import ConfigError

CONNECT_SECONDS = 5

# so that a server that vanished without a word is noticed by this side; a URL may say otherwise
_DEFAULTS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "client_encoding": "utf8",
}


@dataclass(frozen=True, repr=False)
class Address:
    """A server and a database on it.

    Parameters
    ----------
    parameters
        What libpq needs to connect, the password among it.
    """

    parameters: dict[str, Any]

    @classmethod
    def of(cls, url: str) -> Address:
        """Read ``postgresql://user:password@host:port/database?parameter=value``.

        Raises
        ------
        ConfigError
            When it cannot be read; what was given is not repeated, since a part of it may be the password.
        """
        try:
            return cls(_DEFAULTS | conninfo_to_dict(url))
        except psycopg.ProgrammingError:
            raise ConfigError(
                "This is no URL of PostgreSQL",
                expected="postgresql://user:password@host:port/database",
                remedy="Write @ : / ? # and % of a password as %40 %3A %2F %3F %23 and %25",
            ) from None

    def __repr__(self) -> str:
        return f"Address({self})"

    def __str__(self) -> str:
        host = self.parameters.get("host") or self.parameters.get("hostaddr") or "the local socket"
        port = self.parameters.get("port")
        database = self.parameters.get("dbname") or "of the user's name"
        return f"{host}{f':{port}' if port else ''}, database {database}"

    def connect(self, application: str) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect; each statement commits by itself unless a transaction is begun."""
        named = {"application_name": application} | self.parameters
        return psycopg.connect(make_conninfo(**named), autocommit=True)
