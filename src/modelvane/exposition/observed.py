"""What the service observes of itself."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

import modelvane


class DatasetObserved(Struct, frozen=True, kw_only=True):
    """Facts of one dataset's ingest, counted since the service started; ``None`` for what is not known.

    Parameters
    ----------
    rows_accepted, rows_rejected, duplicates
        Rows taken, rows refused by reason, and rows refused because their id was known.
    labels
        Labels by what became of them, as in `modelvane.labels.LabelCounts`.
    evaluations, evaluation_seconds, last_evaluation_seconds
        Rounds, what they took together, and what the last one took.
    evaluation_up
        Whether the last evaluation gave findings.
    label_lag, last_row_age, last_label_age
        Seconds: median from prediction to label, and since the last row and the last label came, at the scrape.
    labelled_rows
        Rows that performance is measured over.
    window_rows, window_seconds
        The configured window.
    window_start, window_end
        Event times of the window's oldest and newest rows, seconds since 1970.
    events
        What happened, by kind, as in `modelvane.events.Kind`.
    reference_switched_at
        When another reference was taken last, seconds since 1970; ``None`` while it is the first.
    reference_digest, reference_rows
        Which reference is compared with.
    """

    rows_accepted: int = 0
    rows_rejected: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)
    evaluations: int = 0
    evaluation_seconds: float = 0.0
    last_evaluation_seconds: float | None = None
    evaluation_up: bool | None = None
    label_lag: float | None = None
    last_row_age: float | None = None
    last_label_age: float | None = None
    labelled_rows: int | None = None
    window_rows: int | None = None
    window_seconds: float | None = None
    window_start: float | None = None
    window_end: float | None = None
    events: Mapping[str, int] = field(default_factory=dict)
    reference_switched_at: float | None = None
    reference_digest: str = ""
    reference_rows: int | None = None


class ServiceObserved(Struct, frozen=True, kw_only=True):
    """Facts of the whole service; ``None`` for what is not known.

    Parameters
    ----------
    started_at
        Seconds since 1970.
    queue_rows, queue_bytes
        What waits to be committed.
    commits, commit_failures, commit_seconds, last_commit_seconds
        Transactions since the start, those that failed, what they took together, and what the last one took.
    log_up
        Whether the log takes rows.
    log_rows, log_bytes
        What the log holds; the bytes of one that is a file.
    events
        What happened to no dataset in particular, by kind.
    version
        Of modelvane.
    """

    started_at: float
    queue_rows: int = 0
    queue_bytes: int = 0
    commits: int = 0
    commit_failures: int = 0
    commit_seconds: float = 0.0
    last_commit_seconds: float | None = None
    log_up: bool | None = None
    log_rows: int | None = None
    log_bytes: int | None = None
    events: Mapping[str, int] = field(default_factory=dict)
    version: str = modelvane.__version__
