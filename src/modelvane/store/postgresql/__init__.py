"""The log in PostgreSQL: typed tables per dataset, COPY in and out."""

from modelvane.store.postgresql.log import PostgresqlLog

__all__ = ["PostgresqlLog"]
