"""One series, and one sample of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

_UNITS = ("ratio", "seconds", "bytes")
_SUFFIXES = {"counter": "_total", "info": "_info"}


@dataclass(frozen=True, slots=True)
class Series:
    """One family of samples.

    Parameters
    ----------
    name
        As a query writes it; a summary's samples add ``_sum`` and ``_count``.
    help
        What its values are, in one sentence.
    labels
        In the order in which they are written.
    type
        ``"gauge"``, ``"counter"``, ``"summary"`` or ``"info"`` (the value is 1, the facts are labels).
    """

    name: str
    help: str
    labels: tuple[str, ...] = ("dataset",)
    type: Literal["gauge", "counter", "summary", "info"] = "gauge"

    @property
    def family(self) -> str:
        """The name without the suffix of its type, as OpenMetrics calls the family."""
        return self.name.removesuffix(_SUFFIXES.get(self.type, ""))

    @property
    def unit(self) -> str:
        """The unit, which is the last word of the family's name when there is one."""
        last = self.family.rpartition("_")[2]
        return last if last in _UNITS else ""

    def metric(self) -> Metric:
        """Give the family without samples."""
        return Metric(self.family, self.help, self.type, self.unit)


class Entry(NamedTuple):
    """One sample: its series, the values of the series' labels, and its value."""

    series: Series
    values: tuple[str, ...]
    value: float
    suffix: str = ""

    def sample(self) -> Sample:
        """Give it as the client library has it."""
        name = self.series.name + self.suffix
        return Sample(name, dict(zip(self.series.labels, self.values, strict=True)), self.value)
