"""The table of alerts: what each means, how urgent it is, and what to do first; rules and docs follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from modelvane.config.alerts import AlertName, Severity

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alert.

    Parameters
    ----------
    name
        As Alertmanager shows it.
    about
        What there is one alert for.
    severity, hold
        Who hears of it, and the seconds that it has to last; a config may say otherwise.
    threshold
        The settings that decide.
    meaning
        What is the case when it fires.
    first
        What to do first.
    """

    name: AlertName
    about: Literal["service", "dataset", "monitor"]
    severity: Severity
    hold: float
    threshold: str
    meaning: str
    first: str


_ALL = (
    Kind(
        "ServiceDown",
        "service",
        "page",
        MINUTE,
        "",
        "Prometheus cannot scrape an instance of the prediction service, or knows of none.",
        "See whether the process runs and answers at /metrics; then read its log. If it is there, compare its address "
        "with Prometheus' targets page.",
    ),
    Kind(
        "ServiceErrors",
        "service",
        "page",
        2 * MINUTE,
        "`alerts.errors`, `alerts.requests`",
        "More than the allowed share of requests is answered with a status of 5xx.",
        "Look at the panel for the handler that fails and at the service's log for the exception. If a new model or "
        "release went out just before, take it back.",
    ),
    Kind(
        "ServiceSlow",
        "service",
        "ticket",
        5 * MINUTE,
        "`prediction_services.<name>.slow_seconds`, `alerts.requests`",
        "One request in a hundred takes longer than the service's limit.",
        "Compare requests per second, CPU and memory with those of an hour ago: more load asks for more workers, the "
        "same load for a look at what was released last.",
    ),
    Kind(
        "NoPredictions",
        "dataset",
        "page",
        MINUTE,
        "`alerts.silence`, or the dataset's own limit of `last_row_age`",
        "A dataset had predictions, and has none any more, though the monitor has been up for as long.",
        "See whether the service is still asked. If it is, its client says in its log why nothing arrives; the token "
        "and the address of the monitor are what breaks most often.",
    ),
    Kind(
        "DatasetDrift",
        "dataset",
        "ticket",
        MINUTE,
        "`alerts.drifted_columns`, `alerts.rows`; the lines of `budget`, `alarm` and `thresholds`",
        "Columns of the window are further from the reference than every line that they are held to: with the default "
        "`alarm: usual`, than sampling noise and than this stream's habit.",
        "Open the evidence and read the cause of the column that drifted most. A broken feed is repaired; a world that "
        "changed is a reason to look at performance, and to retrain.",
    ),
    Kind(
        "JointDrift",
        "dataset",
        "ticket",
        MINUTE,
        "the lines of `budget` and `alarm`; the dataset's limits of these measures in `thresholds`",
        "Columns do not belong together as those of the reference do, whether or not one of them drifted by itself.",
        "Open the evidence and read which pairs of columns changed. A join on the wrong key, two columns that were "
        "exchanged or rows that were mixed up keep every column as it was; a model trained on how they hang together "
        "is wrong all the same.",
    ),
    Kind(
        "QualityFault",
        "dataset",
        "ticket",
        MINUTE,
        "the lines of `budget`; the dataset's limits of quality in `thresholds`, `alerts.rows`",
        "Values are missing, infinite, of the wrong type, out of range or unseen more often than in the reference, a "
        "column is constant, or a column is missing altogether.",
        "Open the evidence for the columns, and ask who fills them what was released last. Predictions made from these "
        "rows may be wrong meanwhile.",
    ),
    Kind(
        "PerformanceBelowLimit",
        "dataset",
        "page",
        MINUTE,
        "the dataset's limits of performance in `thresholds`; `alerts.label_coverage`, `alerts.labelled_rows`",
        "A measure of performance is on the wrong side of its limit, over enough labelled rows; or one of what a "
        "recommender serves, over enough rows.",
        "Open the evidence: if inputs drifted or have faults, begin there. If not, the relation of inputs and target "
        "has changed, and the model should be trained on recent rows.",
    ),
    Kind(
        "EstimateBelowReference",
        "dataset",
        "ticket",
        MINUTE,
        "the lines of `budget` and `alarm`; the dataset's limits of estimates in `thresholds`, `alerts.rows`",
        "What predictions let expect of their performance, before labels come, is worse than what the reference "
        "promises.",
        "Open the evidence: predictions moved to where the model is less sure. The inputs that drifted say why, and "
        "labels of these rows, once they are there, whether it is so.",
    ),
    Kind(
        "ConceptDrift",
        "dataset",
        "ticket",
        MINUTE,
        "the lines of `budget`; `alerts.labelled_rows`",
        "Rows with the same inputs have other errors than in the reference: what the model has learned of the relation "
        "between inputs and target no longer holds.",
        "Open the evidence: it names the columns and bins in which errors moved, by how much, and what of it inputs "
        "explain. If labels can be trusted there, train the model on recent rows.",
    ),
    Kind(
        "GroupsApart",
        "dataset",
        "ticket",
        MINUTE,
        "the dataset's limits of fairness in `thresholds`; `least_rows` of `fairness`",
        "The groups of a protected column are treated more differently than a limit allows.",
        "Open the evidence: it names the two groups, their rates and an interval. If the interval reaches the limit, "
        "wait for more rows. If not, see whether the inputs of one group drifted or have faults before you blame the "
        "model.",
    ),
    Kind(
        "AttributionDrift",
        "dataset",
        "ticket",
        MINUTE,
        "the lines of `budget`; the dataset's limits of `rank_distance` and `contribution_coverage` in `thresholds`",
        "The predictions rest on the features in another order of weight than in the reference, or too few rows say on "
        "which.",
        "Open the evidence: it names the features that moved, and by how much. One whose values drifted tells where to "
        "look; if none did, ask whether another model answers than the one that the reference is of.",
    ),
    Kind(
        "ChallengerBetter",
        "dataset",
        "info",
        MINUTE,
        "`versions.confidence`",
        "A version of the model loses less than the champion, over all labelled rows since it began.",
        "Open the evidence for the interval of the difference. Promote it, and let `versions.champion` name it.",
    ),
    Kind(
        "LabelsLate",
        "dataset",
        "ticket",
        MINUTE,
        "`alerts.label_silence`; the dataset's limits of `label_coverage` and `label_lag`",
        "Predictions come and labels do not, or too few or too late for the dataset's own limits. The longest pause of "
        "predictions, such as a weekend, does not count.",
        "Look at the job that sends labels. Until it runs again, performance is that of the past.",
    ),
    Kind(
        "MonitorBlind",
        "monitor",
        "page",
        MINUTE,
        "",
        "The monitor cannot see: it is not scraped, a dataset is not evaluated, its log takes no rows, or rows come "
        "and a window stays empty. Nothing else is known of the datasets meanwhile.",
        "Ask the monitor's /readyz, which says why. If it does not answer, start it again: what was acknowledged is in "
        "the log, and the windows will be as they were.",
    ),
    Kind(
        "MonitorDropping",
        "monitor",
        "ticket",
        MINUTE,
        "`alerts.rejected`, `alerts.queue`",
        "Rows are lost on their way: the monitor refuses posts, its queue is nearly full, or the client in a "
        "prediction service drops rows or has them refused.",
        "The reason says which: overloaded, log_unavailable and queue ask for a look at the log's disk, client for "
        "one at the service's log, others at what the client sends.",
    ),
    Kind(
        "SeriesBudget",
        "monitor",
        "info",
        5 * MINUTE,
        "`alerts.series`, `service.limits.series`",
        "Series are left out of the scrape, or soon will be.",
        "Run `modelvane plan` to see which dataset has most. Take segments away, or raise service.limits.series.",
    ),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
"""Every kind of alert by its name."""
