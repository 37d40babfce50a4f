"""The way to a MongoDB server: the URL, the time it may take, and errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from pymongo import MongoClient, WriteConcern, errors
from pymongo.database import Database
from pymongo.uri_parser import split_options

from modelvane.errors import ConfigError, StoreError
from modelvane.store.protocol import LogDownError

DATABASE = "prediction_service"
"""Where an existing prediction service keeps its log; another in the URL's path wins."""

EXISTING = "existing"
"""Our own option of the URL: the dataset to which documents belong that another program wrote."""

# each wait is bounded, so that a service can say within seconds that its store is down; the URL's own win
_LIMITS = {"serverSelectionTimeoutMS": 3_000, "connectTimeoutMS": 3_000, "socketTimeoutMS": 10_000}
_CONFIRMED_MS = 5_000
_MAY_REPEAT = {"readpreferencetags"}

_UNAUTHORIZED, _AUTHENTICATION, _NO_SPACE, _TOO_FEW_CONFIRMED = 13, 18, 14031, 64
# no primary, or one that steps down or ends
_STOPPING = frozenset({91, 189, 10107, 11600, 11602, 13435, 13436})


class Address(NamedTuple):
    """What a URL says: the driver's part, the database, the dataset of existing documents, and how to show it."""

    url: str
    database: str
    existing: str | None
    shown: str


def read_url(url: str) -> Address:
    """Take a URL apart; ``shown`` has no password.

    >>> read_url("mongodb://me:secret@db:27017/shop?existing=taxi&w=1")[1:]
    ('shop', 'taxi', 'mongodb://db:27017/shop')
    """
    parts = urlsplit(url)
    options = parse_qsl(parts.query, keep_blank_values=True)
    existing = dict(options).get(EXISTING)
    # the driver takes the colons of readPreferenceTags as they are
    query = urlencode([(name, value) for name, value in options if name != EXISTING], safe=":")
    path = parts.path if parts.path or not query else "/"
    database = unquote(path.strip("/")) or DATABASE
    # a password that is not escaped may hold anything, also what ends the host
    host = urlsplit(f"//{url.partition('://')[2].rpartition('@')[2]}").netloc
    shown = f"{parts.scheme}://{host}/{database}"
    return Address(urlunsplit((parts.scheme, parts.netloc, path, query, "")), database, existing, shown)


def connect(address: Address) -> tuple[MongoClient[dict[str, Any]], Database[dict[str, Any]]]:
    """Connect and see that the server answers.

    Writes are acknowledged when a majority has them in its journal, unless the URL says otherwise: without the
    journal a server that dies loses what it acknowledged in the last tenth of a second.

    Raises
    ------
    ConfigError
        When the URL cannot be read.
    StoreError
        When the server cannot be reached or refuses.
    """
    given = {name.lower() for name, _ in parse_qsl(urlsplit(address.url).query)}
    limits: dict[str, Any] = {name: limit for name, limit in _LIMITS.items() if name.lower() not in given}
    client = _client(address, limits)
    try:
        database = client.get_database(address.database, write_concern=_concern(client))
        with translated(address.shown):
            database.command("ping")
    except BaseException:
        client.close()
        raise
    return client, database


def _client(address: Address, limits: dict[str, Any]) -> MongoClient[dict[str, Any]]:
    _check_options(address)
    try:
        return MongoClient(address.url, appname="modelvane", tz_aware=True, **limits)
    except (errors.PyMongoError, ValueError):
        # what the driver says may repeat a part of the password
        raise _unreadable(address) from None


def _check_options(address: Address) -> None:
    """Check what the driver would ignore with a warning: options that it does not know, or cannot read."""
    parts = urlsplit(address.url)
    fault = _fault_of(parts.query) if parts.query else None
    if fault is None:
        return
    if "@" not in parts.netloc and "@" in unquote(parts.query):
        # rather a password with a question mark in it than options
        raise _unreadable(address)
    raise ConfigError(f"An option in the URL of the store cannot be read: {fault}")


def _fault_of(options: str) -> str | None:
    names = [name.lower() for name, _ in parse_qsl(options, keep_blank_values=True)]
    again = {name for name in names if names.count(name) > 1} - _MAY_REPEAT
    if again:
        return f"{', '.join(sorted(again))} more than once"
    try:
        split_options(options, validate=True, warn=False)
    except (errors.PyMongoError, ValueError, TypeError) as error:
        return str(error)
    return None


def _unreadable(address: Address) -> ConfigError:
    return ConfigError(
        "The URL of the store cannot be read",
        received=address.shown,
        expected="mongodb://user:password@host:port/database",
        remedy="Write @ : / ? # and % of a password as %40 %3A %2F %3F %23 and %25",
    )


def _concern(client: MongoClient[dict[str, Any]]) -> WriteConcern:
    kept: dict[str, Any] = {"w": "majority", "j": True, "wtimeout": _CONFIRMED_MS}
    kept |= client.write_concern.document
    if kept["w"] == 0:
        raise ConfigError("A log needs acknowledged writes", received="w=0", expected="w=1 or more")
    return WriteConcern(**kept)


@contextmanager
def translated(shown: str) -> Iterator[None]:
    """Turn errors of the driver into `StoreError` with a remedy; those that may pass into `LogDownError`."""
    try:
        yield
    except errors.PyMongoError as error:
        raise store_error(error, shown) from error


def store_error(error: errors.PyMongoError, shown: str) -> StoreError:
    """Give the error that says what to do about this one."""
    code, text = _code(error), str(error).lower()
    kind = StoreError
    if code == _AUTHENTICATION:
        what, remedy = "MongoDB refuses the user or the password", "Correct them, and authSource, in the URL"
    elif code == _UNAUTHORIZED:
        what, remedy = "The user may not do this in MongoDB", "Grant the role readWrite on the database"
    elif code == _NO_SPACE or "disk is full" in text or "no space left" in text:
        what, remedy = (
            "The disk of MongoDB is full",
            "Free disk space there or lower the retention; earlier rows are safe",
        )
    elif isinstance(error, errors.DocumentTooLarge):
        what, remedy = "A document is too large for MongoDB", "Send fewer or shorter values in one row"
    elif (passing := _passing(error, code)) is not None:
        kind, what, remedy = LogDownError, passing, "It is tried again; nothing that was acknowledged is lost"
    else:
        what, remedy = "MongoDB failed", ""
    return kind(f"{what}: {shown}", received=_said(error), remedy=remedy)


def _passing(error: errors.PyMongoError, code: int | None) -> str | None:
    if isinstance(error, errors.ServerSelectionTimeoutError):
        return "MongoDB cannot be reached"
    if isinstance(error, errors.WTimeoutError) or code == _TOO_FEW_CONFIRMED:
        return "Too few replicas of MongoDB confirmed a write in time"
    if isinstance(error, errors.NetworkTimeout | errors.ExecutionTimeout | errors.WaitQueueTimeoutError):
        return "MongoDB does not answer in time"
    if isinstance(error, errors.ConnectionFailure) or code in _STOPPING:
        return "The connection to MongoDB is lost"
    return None


def _code(error: errors.PyMongoError) -> int | None:
    if isinstance(error, errors.BulkWriteError):
        details = error.details or {}
        failed = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
        return failed[0].get("code") if failed else None
    return error.code if isinstance(error, errors.OperationFailure) else None


def _said(error: errors.PyMongoError) -> str:
    if isinstance(error, errors.BulkWriteError):
        details = error.details or {}
        for failed in (*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())):
            return str(failed.get("errmsg"))
    return str(error).partition(", Topology Description")[0].partition(", full error")[0]
