"""Pieces of PromQL and of Prometheus' templates, safe for any name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from modelvane.exposition.labels import bounded

START = "modelvane_service_start_time_seconds"
"""When a monitor started: one series of each, without a dataset."""

_ESCAPES = {"\\": r"\\", '"': r"\"", "\n": r"\n", "`": r"\x60", "\r": r"\r"}
_BRACES = '{{ "{{" }}'
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")


def quoted(text: str) -> str:
    r"""Give a string of PromQL; it has no backquote, so that templates can quote it with those.

    >>> print(quoted('say "a`b"'))
    "say \"a\x60b\""
    """
    return '"' + "".join(_ESCAPES.get(sign, sign) for sign in text) + '"'


def selector(series: str, **labels: str) -> str:
    """Give the series with exactly these labels, whose values are bounded as the exposition bounds them.

    >>> selector("up", job="taxi")
    'up{job="taxi"}'
    """
    matchers = ",".join(f"{name}={quoted(bounded(value))}" for name, value in labels.items())
    return f"{series}{{{matchers}}}"


def any_of(values: Iterable[str]) -> str:
    r"""Give the regular expression of these values, as PromQL quotes it.

    >>> print(any_of(["taxi", "a.b"]))
    "taxi|a\\.b"
    """
    return quoted("|".join(_SPECIAL.sub(r"\\\1", value) for value in values))


def duration(seconds: float) -> str:
    """Give a duration of PromQL.

    >>> [duration(each) for each in (90, 300, 0.5, 93_600)]
    ['90s', '5m', '500ms', '26h']
    """
    milliseconds = round(seconds * 1000)
    for unit, length in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds % length == 0:
            return f"{milliseconds // length}{unit}"
    return f"{milliseconds}ms"


def number(value: float) -> str:
    """Give a number as people write it.

    >>> number(900.0), number(0.05)
    ('900', '0.05')
    """
    return str(int(value)) if value == int(value) else repr(value)


def verbatim(text: str) -> str:
    """Give text that a template repeats as it is.

    >>> verbatim("a {{b}}")
    'a {{ "{{" }}b}}'
    """
    return text.replace("{{", _BRACES)


def plain(template: str) -> str:
    """Give the text that `verbatim` was given."""
    return template.replace(_BRACES, "{{")


def listed(expression: str, by: str, one: str) -> str:
    """Give a template that lists what a query gives."""
    return (
        f'{{{{ range $i, $each := query `{expression}` | sortByLabel "{by}" }}}}'
        f"{{{{ if $i }}}}, {{{{ end }}}}{one}{{{{ end }}}}"
    )
