"""The series of what the service observes of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from msgspec import Struct

from modelvane.exposition.entry import Entry, Series
from modelvane.exposition.labels import bounded
from modelvane.exposition.observed import DatasetObserved, ServiceObserved

ObservedT = TypeVar("ObservedT")


class _Total(NamedTuple):
    amount: float
    times: int


_Known: TypeAlias = float | _Total | Mapping[str, int] | tuple[str, ...] | None


class _Fact(Struct, Generic[ObservedT], frozen=True):
    """A series and where its value is read: a number, a total, numbers by label, or the labels of an info."""

    series: Series
    read: Callable[[ObservedT], _Known]

    def entries(self, observed: ObservedT, owner: tuple[str, ...]) -> Iterator[Entry]:
        known = self.read(observed)
        if known is None:
            return
        if isinstance(known, _Total):
            yield Entry(self.series, owner, float(known.amount), "_sum")
            yield Entry(self.series, owner, float(known.times), "_count")
        elif isinstance(known, Mapping):
            for label, count in known.items():
                yield Entry(self.series, (*owner, bounded(label)), float(count))
        elif isinstance(known, tuple):
            yield Entry(self.series, (*owner, *known), 1.0)
        else:
            yield Entry(self.series, owner, float(known))


WINDOW_START = Series(
    "modelvane_service_window_start_seconds", "Event time of the window's oldest row, since 1970."
)
WINDOW_END = Series(
    "modelvane_service_window_end_seconds", "Event time of the window's newest row, since 1970."
)

_OF_DATASET: tuple[_Fact[DatasetObserved], ...] = (
    _Fact(
        Series("modelvane_ingest_rows_total", "Rows accepted.", type="counter"),
        lambda seen: seen.rows_accepted,
    ),
    _Fact(
        Series(
            "modelvane_ingest_rejected_rows_total",
            "Rows refused, by reason.",
            ("dataset", "reason"),
            "counter",
        ),
        lambda seen: seen.rows_rejected,
    ),
    _Fact(
        Series(
            "modelvane_ingest_duplicate_rows_total",
            "Rows refused because their id was known.",
            type="counter",
        ),
        lambda seen: seen.duplicates,
    ),
    _Fact(
        Series(
            "modelvane_ingest_labels_total",
            "Labels, by what became of them.",
            ("dataset", "outcome"),
            "counter",
        ),
        lambda seen: seen.labels,
    ),
    _Fact(
        Series("modelvane_ingest_label_lag_seconds", "Median time from prediction to label."),
        lambda seen: seen.label_lag,
    ),
    _Fact(
        Series("modelvane_ingest_last_row_age_seconds", "Time since the last row came, at the scrape."),
        lambda seen: seen.last_row_age,
    ),
    _Fact(
        Series(
            "modelvane_ingest_last_label_age_seconds",
            "Time since the last label came, or since the start where the log had labels; at the scrape.",
        ),
        lambda seen: seen.last_label_age,
    ),
    _Fact(
        Series(
            "modelvane_service_evaluation_up",
            "1 while evaluations give findings; 0 after one that failed, which leaves no findings to expose.",
        ),
        lambda seen: seen.evaluation_up,
    ),
    _Fact(
        Series("modelvane_service_evaluation_seconds", "Evaluations of the window.", type="summary"),
        lambda seen: _Total(seen.evaluation_seconds, seen.evaluations),
    ),
    _Fact(
        Series("modelvane_service_last_evaluation_seconds", "What the last evaluation took."),
        lambda seen: seen.last_evaluation_seconds,
    ),
    _Fact(
        Series("modelvane_service_window_rows", "Length of the configured rows window."),
        lambda seen: seen.window_rows,
    ),
    _Fact(
        Series("modelvane_service_window_seconds", "Length of the configured time window."),
        lambda seen: seen.window_seconds,
    ),
    _Fact(WINDOW_START, lambda seen: seen.window_start),
    _Fact(WINDOW_END, lambda seen: seen.window_end),
    _Fact(
        Series("modelvane_service_labelled_rows", "Labelled rows that performance is measured over."),
        lambda seen: seen.labelled_rows,
    ),
    _Fact(
        Series(
            "modelvane_events_total",
            "What happened: alerts, retrains, models and references, by kind.",
            ("dataset", "kind"),
            "counter",
        ),
        lambda seen: seen.events,
    ),
    _Fact(
        Series(
            "modelvane_reference_switch_time_seconds",
            "When windows were compared with another reference, since 1970; none while it is the first.",
        ),
        lambda seen: seen.reference_switched_at,
    ),
    _Fact(
        Series(
            "modelvane_reference_info",
            "The reference that windows are compared with.",
            ("dataset", "digest", "rows"),
            "info",
        ),
        lambda seen: (
            None if seen.reference_rows is None else (seen.reference_digest, str(seen.reference_rows))
        ),
    ),
)

_OF_SERVICE: tuple[_Fact[ServiceObserved], ...] = (
    _Fact(
        Series("modelvane_build_info", "The version of modelvane that runs.", ("version",), "info"),
        lambda seen: (seen.version,),
    ),
    _Fact(
        Series("modelvane_service_start_time_seconds", "When the service started, since 1970.", ()),
        lambda seen: seen.started_at,
    ),
    _Fact(
        Series("modelvane_service_queue_rows", "Rows that wait to be committed.", ()),
        lambda seen: seen.queue_rows,
    ),
    _Fact(
        Series("modelvane_service_queue_bytes", "Size of what waits to be committed.", ()),
        lambda seen: seen.queue_bytes,
    ),
    _Fact(
        Series("modelvane_service_commit_seconds", "Transactions of the log.", (), "summary"),
        lambda seen: _Total(seen.commit_seconds, seen.commits),
    ),
    _Fact(
        Series("modelvane_service_last_commit_seconds", "What the last transaction took.", ()),
        lambda seen: seen.last_commit_seconds,
    ),
    _Fact(
        Series("modelvane_service_commit_failures_total", "Transactions that failed.", (), "counter"),
        lambda seen: seen.commit_failures,
    ),
    _Fact(
        Series(
            "modelvane_service_log_up",
            "1 while the log takes rows; 0 while none are acknowledged, as /readyz says with the reason.",
            (),
        ),
        lambda seen: seen.log_up,
    ),
    _Fact(
        Series(
            "modelvane_service_events_total",
            "Alerts of no dataset that is watched, by kind.",
            ("kind",),
            "counter",
        ),
        lambda seen: seen.events,
    ),
    _Fact(Series("modelvane_service_log_rows", "Rows in the log.", ()), lambda seen: seen.log_rows),
    _Fact(
        Series("modelvane_service_log_bytes", "Size of the log, where it is a file.", ()),
        lambda seen: seen.log_bytes,
    ),
)

OBSERVED = (*(fact.series for fact in _OF_DATASET), *(fact.series for fact in _OF_SERVICE))
"""Everything that self-observation is exposed as, in order."""


def dataset_entries(dataset: str, observed: DatasetObserved) -> Iterator[Entry]:
    """Give the samples of one dataset's facts."""
    owner = (bounded(dataset),)
    for fact in _OF_DATASET:
        yield from fact.entries(observed, owner)


def service_entries(observed: ServiceObserved) -> Iterator[Entry]:
    """Give the samples of the service's facts."""
    for fact in _OF_SERVICE:
        yield from fact.entries(observed, ())
