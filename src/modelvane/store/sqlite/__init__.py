"""The embedded log on SQLite."""

from modelvane.store.sqlite.log import SqliteLog

__all__ = ["SqliteLog"]
