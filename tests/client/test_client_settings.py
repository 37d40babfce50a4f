"""The constructor refuses what cannot work, and says what to give instead."""

from __future__ import annotations

import pytest

from modelvane.client import Client


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8085",
        "ftp://host",
        "http://",
        "http://host:port",
        "http://u:p@host",
        "http://h/?a=1",
        None,
    ],
)
def test_an_address_that_cannot_be_posted_to_is_refused(url):
    """A url without http scheme or host, or with parts that would be ignored, is an error with a remedy."""
    with pytest.raises(ValueError, match="Give the service's address"):
        Client(url, "taxi")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset", ""),
        ("token", "two\nlines"),
        ("token", ""),
        ("id_field", ""),
        ("time_field", "id"),
        ("prediction_field", []),
        ("prediction_field", ["cat", "cat"]),
        ("queue_size", 0),
        ("queue_size", True),
        ("batch_size", 10_001),
        ("batch_size", 1.5),
        ("retries", -1),
        ("linger", -0.1),
        ("linger", float("nan")),
        ("timeout", 0),
        ("timeout", float("inf")),
        ("backoff", "1"),
        ("backoff_max", 0.0),
        ("on_error", "print"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(name, value):
    """A setting out of range is an error that names it and says what to give."""
    settings = {"dataset": "taxi", name: value}
    with pytest.raises(ValueError, match=rf"{name}.* is .*Give "):
        Client("http://127.0.0.1:8085", **settings)


def test_a_refused_token_is_not_shown():
    """A token is a secret: the error about it does not repeat it."""
    with pytest.raises(ValueError, match="token") as caught:
        Client("http://127.0.0.1:8085", "taxi", token="hush\n")  # noqa: S106 - no password
    assert "hush" not in str(caught.value)


def test_the_address_may_have_a_path():
    """A service behind a path prefix, and a dataset with characters that paths reserve, are addressed."""
    client = Client("https://example.org/vane/", "green/taxi")
    assert repr(client) == "<Client https://example.org/vane/v1/datasets/green%2Ftaxi>"
