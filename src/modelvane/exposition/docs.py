"""The reference page of all series, written from the catalogue: ``python -m modelvane.exposition.docs``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from modelvane.catalogue import CATALOGUE
from modelvane.divergences import DIVERGENCES
from modelvane.exposition.collector import BUDGET, DEFAULT_LIMIT
from modelvane.exposition.entry import Series
from modelvane.exposition.findings import MOST_LABELS
from modelvane.exposition.labels import LONGEST
from modelvane.exposition.observed_series import OBSERVED
from modelvane.exposition.series import (
    ATTRIBUTION_COMPANIONS,
    CONCEPT_COMPANIONS,
    DRIFT,
    ESTIMATE_COMPANIONS,
    FAIRNESS_COMPANIONS,
    MULTIVARIATE_COMPANIONS,
    PERFORMANCE_COMPANIONS,
    PREDICTION_COMPANIONS,
    QUALITY_COMPANIONS,
    RECOMMENDATION_COMPANIONS,
)
from modelvane.findings import Family
from modelvane.measure import Measure

_INTRODUCTION = f"""\
# Series

<!-- Written by `python -m modelvane.exposition.docs`; a test compares. -->

`GET /metrics` gives these series, computed at the scrape, in Prometheus' text format or in OpenMetrics.

- **Labels.** `dataset` is the name in the config. `column`, `segment` (as `zone=1`, `zone=1, hour=2` or
  `fare=[10, 30)`; see [segments](segments.md)), `class`, `level` (of a quantile), `group` and `k` are empty where a
  value is about all of them. A label value is at most {LONGEST} characters; a longer one ends in eight digits of its
  hash. Of the classes of one measure at most {MOST_LABELS} are exposed, those that are the reference's commonest.
- **No value, no sample.** What is undefined (one class only in the window, no labels yet) has no sample: never 0, never
  NaN. The findings of the HTTP API say why.
- **Budget.** A scrape has at most {DEFAULT_LIMIT:,} samples unless the config says otherwise. Beyond it, findings are
  left out whole and in this order: by class, level, group or k (of segments, then of all rows); by segment (quality,
  prediction, performance, drift); the 2022 series; all rows (quality, prediction, performance, drift).
  `{BUDGET[1].name}` says how many samples that were.
- **Units.** `ratio` is 0 to 1; `column` is the column's own unit. Counters end in `_total`; they start at 0 with
  the service.
"""
_DRIFT = """\
One distance per measured column and method, and beside it the lines that it is judged by. The first method of a column
decides its alarm; the others have no `modelvane_drift_alarm`."""
_RECOMMENDATION = """\
What a recommender serves, whether or not it is labelled; how it meets what was chosen is under performance, by `k`. See
[the recommender](recommender.md)."""
_FAIRNESS = """\
Of protected columns only: what each group has, by `group`, and the widest gap between groups. See
[fairness](fairness.md)."""
_ESTIMATES = """\
What the window's predictions let expect of their performance, before they have labels. See
[performance before labels](performance-before-labels.md)."""
_CHANGE = """\
What made a value differ from the reference's: of each segment of a breakdown (`column` names its columns), and of all
(an empty `segment`). Mix and behaviour add up to the change. See [segments](segments.md)."""
_CONCEPT = """\
Whether rows with the same inputs have other errors than in the reference: in the bins of each column, and of all rows
(an empty `column`); and what of the change of a mean is by inputs, what by the relation. See
[concept drift](concept-drift.md)."""
_VERSIONS = """\
Of datasets with `versions` only: every labelled row since a version began, not those of the window. See
[versions](versions.md)."""
_METHODS = """\
Values of the label `method`, and the unit of the distance:"""
_ATTRIBUTION = """\
What each feature contributes to the predictions, where the config says how that is known. See
[explanations](explanations.md)."""
_COMPAT = """\
## The series of 2022

With `compat: evidently` in the config, the series of Evidently 0.1.54's monitoring service are there too, under their
own names (`evidently:<monitor>:<measure>`), with their labels and `dataset_name`.
"""


def page() -> str:
    """Give the page as Markdown."""
    return "\n".join(
        [
            _INTRODUCTION,
            *_section("Drift", _DRIFT, _plain_table(DRIFT)),
            _METHODS,
            "",
            *_methods(),
            "",
            *_section("Drift of the dataset", "", _measures(Family.DATASET)),
            *_section(
                "Columns together",
                "[Multivariate drift](multivariate-drift.md), and of numbers given other columns "
                "[conditional drift](how-it-works/conditional-drift.md).",
                [*_measures(Family.MULTIVARIATE), "", *_plain_table(MULTIVARIATE_COMPANIONS)],
            ),
            *_section(
                "Recommendation",
                _RECOMMENDATION,
                [*_measures(Family.RECOMMENDATION), "", *_plain_table(RECOMMENDATION_COMPANIONS)],
            ),
            *_section(
                "Performance",
                "Over the labelled rows; coverage and lag say how far to trust them.",
                [*_measures(Family.PERFORMANCE), "", *_plain_table(PERFORMANCE_COMPANIONS)],
            ),
            *_section(
                "Fairness", _FAIRNESS, [*_measures(Family.FAIRNESS), "", *_plain_table(FAIRNESS_COMPANIONS)]
            ),
            *_section(
                "Estimates", _ESTIMATES, [*_measures(Family.ESTIMATE), "", *_plain_table(ESTIMATE_COMPANIONS)]
            ),
            *_section("Change by segment", _CHANGE, _measures(Family.CHANGE)),
            *_section("Versions", _VERSIONS, _measures(Family.VERSIONS)),
            *_section(
                "Attribution",
                _ATTRIBUTION,
                [*_measures(Family.ATTRIBUTION), "", *_plain_table(ATTRIBUTION_COMPANIONS)],
            ),
            *_section(
                "Concept drift",
                _CONCEPT,
                [*_measures(Family.CONCEPT), "", *_plain_table(CONCEPT_COMPANIONS)],
            ),
            *_section(
                "Prediction", "", [*_measures(Family.PREDICTION), "", *_plain_table(PREDICTION_COMPANIONS)]
            ),
            *_section("Quality", "", [*_measures(Family.QUALITY), "", *_plain_table(QUALITY_COMPANIONS)]),
            *_section("The service", "", _plain_table(OBSERVED)),
            *_section("The budget", "", _plain_table(BUDGET)),
            _COMPAT,
        ]
    )


def _section(title: str, text: str, table: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *([text, ""] if text else []), *table, ""]


def _measures(family: Family) -> list[str]:
    rows = (
        (f"`{each.series}`", _labels(each.labels), each.unit, each.title, _needs(each), each.source)
        for each in CATALOGUE.values()
        if each.family is family
    )
    return _table(("series", "labels", "unit", "meaning", "needs", "source"), rows)


def _methods() -> list[str]:
    rows = (
        (f"`{each.name}`", each.title, each.unit, _kinds(each.kinds), each.zero_cells, each.source)
        for each in DIVERGENCES.values()
    )
    return _table(("method", "title", "unit", "columns", "empty cells", "source"), rows)


def _plain_table(series: Iterable[Series]) -> list[str]:
    rows = ((f"`{each.name}`", each.type, _labels(each.labels), each.unit, each.help) for each in series)
    return _table(("series", "type", "labels", "unit", "meaning"), rows)


def _needs(measure: Measure) -> str:
    if measure.needs:
        return measure.needs
    return f"a {_kinds(measure.kinds)} column" if measure.kinds else ""


def _kinds(kinds: Iterable[str]) -> str:
    return " or ".join(sorted(kinds, reverse=True))


def _labels(labels: Iterable[str]) -> str:
    return ", ".join(f"`{label}`" for label in labels)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]


def _row(cells: Iterable[str]) -> str:
    escaped = (cell.replace("|", r"\|") for cell in cells)
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in escaped)}|"


if __name__ == "__main__":
    sys.stdout.write(page())
