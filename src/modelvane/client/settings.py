"""Checks of what a client is constructed with: the only place where the client raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelvane.client.sender import Policy

Place = tuple[str, str, int | None]
"""Scheme, host, port."""


def split_url(url: str, dataset: str) -> tuple[Place, str]:
    """Split the service's address into the place to connect to and the path of the dataset.

    Raises
    ------
    ValueError
        If the address is not ``http(s)://host[:port][/path]``.

    Examples
    --------
    >>> split_url("https://watch.example.org/vane/", "green taxi")
    (('https', 'watch.example.org', None), '/vane/v1/datasets/green%20taxi')
    """
    from urllib.parse import quote, urlsplit  # noqa: PLC0415 - kept out of the caller's import

    expected = "Give the service's address, for example 'http://127.0.0.1:8085'."
    try:
        parts = urlsplit(url)
        port = parts.port
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"url is {url!r}: {error}. {expected}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"url is {url!r}, which has no http or https scheme or no host. {expected}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"url has a user, query or fragment. {expected} Give a secret as token=.")
    root = f"{quote(parts.path.rstrip('/'), safe='/%')}/v1/datasets/{quote(dataset, safe='')}"
    return (parts.scheme, parts.hostname, port), root


def check_settings(policy: Policy, dataset: str, token: str | None, on_error: object) -> None:
    """Refuse settings that cannot work.

    Raises
    ------
    ValueError
        Naming the argument, what was received, and what to give instead.
    """
    _require(
        isinstance(dataset, str) and dataset, "dataset", dataset, "the dataset's name in the service's config"
    )
    printable = token is None or (
        isinstance(token, str) and token.isascii() and token.isprintable() and token
    )
    # the token itself is a secret and stays out of the message
    _require(printable, "token", "not printable ASCII", "the token without line ends, or None")
    columns = policy.prediction_field
    several = (columns,) if isinstance(columns, str) else columns
    names = (policy.id_field, policy.time_field, policy.target_field, *several)
    _require(
        bool(several)
        and all(isinstance(name, str) and name for name in names)
        and len(set(names)) == len(names),
        "one of id_field, time_field, target_field, prediction_field",
        names,
        "a different, non-empty name for each",
    )
    _require(_whole(policy.queue_size, 1), "queue_size", policy.queue_size, "a whole number of at least 1")
    _require(
        _whole(policy.batch_size, 1) and policy.batch_size <= policy.queue_size,
        "batch_size",
        policy.batch_size,
        f"a whole number from 1 to queue_size ({policy.queue_size})",
    )
    _require(_whole(policy.retries, 0), "retries", policy.retries, "a whole number, 0 for no retry")
    _require(_seconds(policy.linger) and policy.linger >= 0, "linger", policy.linger, "seconds, 0 or more")
    for name in ("timeout", "backoff", "backoff_max"):
        value = getattr(policy, name)
        _require(_seconds(value) and value > 0, name, value, "seconds, more than 0")
    _require(on_error is None or callable(on_error), "on_error", on_error, "a function of one text, or None")


def _require(holds: object, name: str, received: object, remedy: str) -> None:
    if not holds:
        raise ValueError(f"{name} is {received!r}. Give {remedy}.")


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _seconds(value: object) -> bool:
    # a day bounds it, since waiting longer than the platform's limit raises
    return isinstance(value, int | float) and not isinstance(value, bool) and value <= 86_400
