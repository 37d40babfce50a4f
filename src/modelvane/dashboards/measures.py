"""From measures of the catalogue to panels: which are drawn together, and beside which lines.

A measure that the tables here do not name has a panel of its own, so that a new one appears by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from modelvane.catalogue import CATALOGUE
from modelvane.concept.measures import CHANGED_AT, name_of
from modelvane.concept.signals import SIGNALS
from modelvane.config import Config
from modelvane.dashboards.model import Kind, Panel, Part, Query
from modelvane.dashboards.promql import selector
from modelvane.dashboards.units import unit_of
from modelvane.exposition.series import (
    ATTRIBUTION_REFERENCE,
    FAIRNESS_REFERENCE,
    FAIRNESS_THRESHOLD,
    PERFORMANCE_REFERENCE,
    PERFORMANCE_THRESHOLD,
    PREDICTION_REFERENCE,
    RECOMMENDATION_REFERENCE,
    RECOMMENDATION_THRESHOLD,
)
from modelvane.findings import Family, split_limit
from modelvane.measure import Measure, label_of

TOGETHER: Mapping[tuple[Family, str], tuple[str, ...]] = {
    (Family.PERFORMANCE, "Percentage errors"): (
        "mean_absolute_percentage_error",
        "symmetric_mean_absolute_percentage_error",
    ),
    (Family.PERFORMANCE, "Accuracy"): ("accuracy", "balanced_accuracy"),
    (Family.PERFORMANCE, "Precision"): ("precision_macro", "precision_micro", "precision_weighted"),
    (Family.PERFORMANCE, "Recall"): ("recall_macro", "recall_micro", "recall_weighted"),
    (Family.PERFORMANCE, "F1"): ("f1_macro", "f1_micro", "f1_weighted"),
    (Family.PERFORMANCE, "Agreement beyond chance"): ("matthews_correlation", "cohen_kappa"),
    (Family.PERFORMANCE, "ROC AUC"): ("roc_auc", "roc_auc_error_bound"),
    (Family.PERFORMANCE, "Average precision"): ("average_precision", "average_precision_error_bound"),
    (Family.PREDICTION, "Range of predictions"): ("minimum", "median", "maximum"),
    (Family.VERSIONS, "Mean absolute error against the champion"): (
        "mean_absolute_error_against_champion",
        "mean_absolute_error_against_champion_lower",
        "mean_absolute_error_against_champion_upper",
    ),
    (Family.VERSIONS, "Mean squared error against the champion"): (
        "mean_squared_error_against_champion",
        "mean_squared_error_against_champion_lower",
        "mean_squared_error_against_champion_upper",
    ),
    (Family.VERSIONS, "Error rate against the champion"): (
        "error_rate_against_champion",
        "error_rate_against_champion_lower",
        "error_rate_against_champion_upper",
    ),
    (Family.QUALITY, "Extremes"): ("minimum", "maximum"),
    (Family.QUALITY, "$number"): ("mean", "median", "quantile"),
    (Family.QUALITY, "Columns of the rows"): ("missing_columns", "unexpected_columns"),
}
"""Measures of one panel, by the panel's family and title."""

WITHOUT_PANEL: Mapping[tuple[Family, str], str] = {
    (Family.CONCEPT, name_of(signal, CHANGED_AT)): "a moment, which the live page and the report tell"
    for signal in SIGNALS
}
"""Measures that no dashboard shows, each with the reason."""

_TITLES = {(family, name): title for (family, title), names in TOGETHER.items() for name in names}
_NEVER_NEGATIVE = ("ratio", "rows", "seconds")
_REFERENCES = {
    Family.PERFORMANCE: PERFORMANCE_REFERENCE,
    Family.PREDICTION: PREDICTION_REFERENCE,
    Family.RECOMMENDATION: RECOMMENDATION_REFERENCE,
    Family.FAIRNESS: FAIRNESS_REFERENCE,
    Family.ATTRIBUTION: ATTRIBUTION_REFERENCE,
}
_LIMITS = {
    Family.PERFORMANCE: PERFORMANCE_THRESHOLD,
    Family.RECOMMENDATION: RECOMMENDATION_THRESHOLD,
    Family.FAIRNESS: FAIRNESS_THRESHOLD,
}


def measures_of(*families: Family) -> tuple[Measure, ...]:
    """Give the measures of some families that have a panel, in the catalogue's order."""
    return tuple(
        each
        for each in CATALOGUE.values()
        if each.family in families and (each.family, each.name) not in WITHOUT_PANEL
    )


def grouped(measures: Iterable[Measure]) -> Iterator[tuple[str, tuple[Measure, ...]]]:
    """Give measures by the title of their panel, in the order of each panel's first."""
    panels: dict[str, list[Measure]] = {}
    for each in measures:
        panels.setdefault(_TITLES.get((each.family, each.name), each.title), []).append(each)
    return ((title, tuple(members)) for title, members in panels.items())


def panel(
    title: str, measures: tuple[Measure, ...], config: Config, *, segments: bool = False, empty: str = ""
) -> Panel:
    """Draw measures of the chosen dataset, with the reference's value and the config's limit as lines.

    Parameters
    ----------
    title, measures
        As `grouped` gives them; a title that is a variable is a panel for each of its values.
    config
        Whether it has a limit for one of them.
    segments
        Rather the chosen segments, without lines, than all rows.
    empty
        Why there may be no data.
    """
    first = measures[0]
    repeat = title[1:] if title.startswith("$") else ""
    is_table = first.by == "class" and first.unit == "rows"
    queries = [
        Query(
            expression=selector(each.series, **_labels(each, segments, repeat)),
            legend="Rows"
            if is_table
            else _legend(each, segments, is_repeated=bool(repeat), is_alone=len(measures) == 1),
            part=Part.LINE if each.name.endswith("_error_bound") else Part.VALUE,
            empty=empty,
        )
        for each in measures
    ]
    if not segments and first.by in (None, "k"):
        queries += _lines(measures, config, empty)
    return Panel(
        title=title,
        description=description(measures),
        kind=Kind.TABLE if is_table else Kind.LINES,
        hidden=("__name__", "dataset", "instance", "job") if is_table else (),
        queries=tuple(queries),
        unit=unit_of(first.unit),
        minimum=0.0
        if first.unit in _NEVER_NEGATIVE or (first.family is Family.QUALITY and not first.unit)
        else None,
        repeat=repeat,
    )


def description(measures: tuple[Measure, ...]) -> str:
    """Say what is shown, by which formula, which way is better, and what it needs.

    >>> from modelvane.catalogue import measure
    >>> description((measure("label_coverage"),))
    'Label coverage: rows whose label is known / rows of the window. Higher is better. Needs a target.'
    """
    said = [f"{each.title}: {each.source}." for each in measures]
    better = {each.better for each in measures}
    if len(better) == 1 and (way := better.pop()):
        said.append(f"{way.capitalize()} is better.")
    needs = dict.fromkeys(each.needs for each in measures if each.needs)
    said += [f"Needs {each}." for each in needs]
    return " ".join(said)


def _labels(measure: Measure, segments: bool, repeat: str) -> dict[str, str]:
    labels = {"dataset": "$dataset"}
    if "column" in measure.labels and measure.family is Family.QUALITY:
        labels["column"] = f"~${repeat or 'column'}"
    if "segment" in measure.labels:
        labels["segment"] = "~$segment" if segments else ""
    return labels


def _legend(measure: Measure, segments: bool, *, is_repeated: bool, is_alone: bool) -> str:
    # of the segments' panels one column is chosen, unless they are about the predictions
    is_chosen = (
        is_repeated or "column" not in measure.labels or (segments and measure.family is Family.QUALITY)
    )
    parts = [
        "" if is_chosen else "{{column}}",
        "{{segment}}" if segments else "",
        "" if is_alone else measure.title.lower(),
        f"{{{{{label_of(measure.by)}}}}}" if measure.by else "",
    ]
    return " ".join(filter(None, parts)) or "current"


def _lines(measures: tuple[Measure, ...], config: Config, empty: str) -> Iterator[Query]:
    family = measures[0].family
    names = [each.name for each in measures]
    of = "" if len(names) == 1 else " ({{measure}})"
    column = "{{column}} " if "column" in measures[0].labels else ""
    has_reference = {"segment", "column"} & set(measures[0].labels) and not measures[0].by
    if has_reference and (series := _REFERENCES.get(family)) is not None:
        yield Query(
            expression=selector(series.name, dataset="$dataset", measure=f"~{'|'.join(names)}", segment=""),
            legend=f"{column}reference{of}",
            part=Part.LINE,
            empty=empty or "the reference has no value of it",
        )
    limited = sorted(
        {key for each in config.datasets.values() for key in each.thresholds if split_limit(key)[0] in names}
    )
    if (limit := _LIMITS.get(family)) is not None and limited:
        yield Query(
            expression=selector(limit.name, dataset="$dataset", measure=f"~{'|'.join(limited)}", segment=""),
            legend=f"limit{of if set(limited) <= set(names) else ' ({{measure}})'}",
            part=Part.LINE,
            empty=empty or "the config has no limit for this dataset",
        )
