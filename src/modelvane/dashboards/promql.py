"""Expressions that several panels write, so that each is right in one place."""

from __future__ import annotations

from prometheus_client.utils import floatToGoString

RATE = "$__rate_interval"


def selector(series: str, **labels: str) -> str:
    """Give a selector; a value with a variable of several values is a regular expression.

    >>> selector("up", job="taxi"), selector("up", job="~$job"), selector("up")
    ('up{job="taxi"}', 'up{job=~"$job"}', 'up')
    """
    inner = ", ".join(
        f'{name.rstrip("_")}=~"{value[1:]}"' if value.startswith("~") else f'{name.rstrip("_")}="{value}"'
        for name, value in labels.items()
    )
    return f"{series}{{{inner}}}" if inner else series


def rates(counter: str, by: str, **labels: str) -> str:
    """Give how fast a counter grows per second, summed by some labels.

    >>> rates("http_requests_total", "job", job="~$job")
    'sum by (job) (rate(http_requests_total{job=~"$job"}[$__rate_interval]))'
    """
    return f"sum by ({by}) (rate({selector(counter, **labels)}[{RATE}]))"


def mean(summary: str, by: str, **labels: str) -> str:
    """Give the mean of what a summary or histogram observed; none where it observed nothing."""
    return f"{rates(f'{summary}_sum', by, **labels)} / ({rates(f'{summary}_count', by, **labels)} > 0)"


def quantile(level: float, histogram: str, by: str, **labels: str) -> str:
    """Give a quantile of a histogram.

    >>> quantile(0.9, "seconds", "job")
    'histogram_quantile(0.9, sum by (job, le) (rate(seconds_bucket[$__rate_interval])))'
    """
    return f"histogram_quantile({level:g}, {rates(f'{histogram}_bucket', f'{by}, le', **labels)})"


def share(counter: str, by: str, part: dict[str, str], **labels: str) -> str:
    """Give the share of a counter's growth that some labels have: 0 where they have none, none where nothing grew."""
    whole = rates(counter, by, **labels)
    return f"({rates(counter, by, **labels, **part)} or 0 * {whole}) / ({whole} > 0)"


def bound(seconds: float) -> str:
    """Give a regular expression for a histogram's bound: Python writes 1 as 1.0, others as 1.

    >>> bound(0.1), bound(1)
    ('0.1', '1(.0)?')
    """
    text: str = floatToGoString(seconds)  # type: ignore[no-untyped-call] # not typed there
    return f"{text[:-2]}(.0)?" if text.endswith(".0") else text
