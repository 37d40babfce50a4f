"""Grafana's variables, filled in as Grafana fills them in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_VARIABLE = re.compile(r"\$\{?(\w+)(?::\w+)*\}?")
_SPECIAL = re.compile(r"[\\^$.*+?()|\[\]{}]")


def filled(text: str, chosen: Mapping[str, Sequence[str]], span: float, rate: float) -> str:
    r"""Give an expression with what was chosen.

    Parameters
    ----------
    text
        The expression.
    chosen
        Values by the name of the variable; several are a regular expression.
    span, rate
        Seconds that are shown, and over which rates are taken.

    Examples
    --------
    >>> filled('up{job=~"$job", dataset="$dataset"}', {"job": ["a.b", "c"], "dataset": ["taxi"]}, 60, 1)
    'up{job=~"(a\\\\.b|c)", dataset="taxi"}'
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "__range":
            return f"{span:.0f}s"
        if name == "__rate_interval":
            return f"{max(rate, 1):.0f}s"
        if name not in chosen:
            return match[0]
        values = chosen[name]
        is_pattern = text[: match.start()].endswith('=~"')
        return _escaped(values[0], is_pattern) if len(values) == 1 else _any_of(values)

    return _VARIABLE.sub(value, text)


def _any_of(values: Sequence[str]) -> str:
    return f"({'|'.join(_escaped(value, pattern=True) for value in values)})"


def _escaped(value: str, pattern: bool) -> str:
    if pattern:
        value = _SPECIAL.sub(r"\\\g<0>", value)
    return value.replace("\\", "\\\\").replace('"', '\\"')
