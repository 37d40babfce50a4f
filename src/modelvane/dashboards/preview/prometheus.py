"""Asks a Prometheus over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from modelvane.config.addresses import checked_url
from modelvane.dashboards.preview.intervals import seconds_of
from modelvane.errors import ModelvaneError

_PATIENCE = 30.0


class PrometheusError(ModelvaneError):
    """A Prometheus cannot be reached, or refuses a query."""


@dataclass(frozen=True, slots=True)
class Series:
    """Labels, and points of seconds since 1970 and value, oldest first."""

    labels: dict[str, str]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One Prometheus.

    Parameters
    ----------
    url
        Where its pages are.

    Raises
    ------
    PrometheusError
        When it is no URL of http or https; from every method, when it cannot be reached or refuses.
    """

    url: str

    def __post_init__(self) -> None:
        try:
            checked_url(self.url)
        except ValueError:
            raise PrometheusError(
                "This is no address of a Prometheus", received=self.url, expected="http://127.0.0.1:9090"
            ) from None

    def over_time(self, expression: str, since: float, until: float, step: float) -> list[Series]:
        """Evaluate an expression at every step of a time."""
        found = self._ask("query_range", query=expression, start=since, end=until, step=step)
        return [_series(one["metric"], one["values"]) for one in found["result"]]

    def at(self, expression: str, moment: float) -> list[Series]:
        """Evaluate an expression at one moment."""
        found = self._ask("query", query=expression, time=moment)
        if found["resultType"] == "scalar":
            return [_series({}, [found["result"]])]
        return [_series(one["metric"], [one["value"]]) for one in found["result"]]

    def label_values(self, selector: str, label: str, since: float, until: float) -> list[str]:
        """Give the values that a label of a selector's series has had, sorted."""
        asked: dict[str, str | float] = {"match[]": selector, "start": since, "end": until}
        values: list[str] = self._ask(f"label/{quote(label)}/values", **asked)
        return sorted(value for value in values if value)

    def scrape_interval(self) -> float:
        """Give the longest scrape interval of all targets, in seconds; 0 without targets."""
        targets = self._ask("targets", state="active")["activeTargets"]
        return max((seconds_of(target["scrapeInterval"]) for target in targets), default=0.0)

    def _ask(self, what: str, **asked: str | float) -> Any:
        request = Request(f"{self.url.rstrip('/')}/api/v1/{what}?{urlencode(asked)}")  # noqa: S310 - http or https, by the constructor
        try:
            with urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310 - as above
                return json.load(answer)["data"]
        except HTTPError as error:
            raise PrometheusError(
                f"Prometheus at {self.url} refuses a query",
                received=asked.get("query"),
                expected=_reason(error),
            ) from error
        except (OSError, ValueError, KeyError) as error:
            raise PrometheusError(
                f"There is no Prometheus at {self.url}: {error}",
                remedy="Start it, or give its address with --preview",
            ) from error


def _reason(error: HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError):
        return f"an answer other than {error.code}"


def _series(labels: dict[str, str], values: list[tuple[float, str]]) -> Series:
    return Series(labels, tuple((at, float(value)) for at, value in values))
