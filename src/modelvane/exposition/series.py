"""What a Prometheus series is called, what its labels are, and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from modelvane.catalogue import CATALOGUE, DISTANCE
from modelvane.causes import Change
from modelvane.errors import UnknownNameError
from modelvane.exposition.entry import Series
from modelvane.findings import Family
from modelvane.measure import Measure

_UNIT_WORDS = {
    "ratio": "0 to 1",
    "column": "in the column's own unit",
    "nats": "in nats",
    "seconds": "in seconds",
}


@cache
def _of(measure: Measure) -> Series:
    if measure.family is Family.DRIFT:
        return DRIFT_DISTANCE
    words = _UNIT_WORDS.get(measure.unit)
    unit = f", {words}" if words else ""
    return Series(measure.series, f"{measure.title}{unit}: {measure.source}.", measure.labels)


_DRIFT_LABELS = ("dataset", "column", "method", "segment")

DRIFT_DISTANCE = Series(
    DISTANCE, "Distance of the window from the reference, in the method's own unit.", _DRIFT_LABELS
)
DRIFT_NOISE_FLOOR = Series(
    "modelvane_drift_noise_floor",
    "Distance that sampling alone exceeds no more often than the false-alarm budget allows.",
    _DRIFT_LABELS,
)
DRIFT_USUAL_RANGE = Series(
    "modelvane_drift_usual_range", "Distance within the habit of the reference's own stream.", _DRIFT_LABELS
)
DRIFT_THRESHOLD = Series("modelvane_drift_threshold", "Fixed limit from the config.", _DRIFT_LABELS)
DRIFT_P_VALUE = Series(
    "modelvane_drift_p_value", "Probability of a distance this large without any change.", _DRIFT_LABELS
)
DRIFT_ALARM = Series(
    "modelvane_drift_alarm",
    "1 while the distance is above every line that it needs to exceed, else 0.",
    _DRIFT_LABELS,
)
DRIFT_CHANGED = Series(
    "modelvane_drift_changed", "1 while the distance is above its noise floor, else 0.", _DRIFT_LABELS
)

DRIFT_CHANGE = Series(
    "modelvane_drift_change",
    f"1 for the kind of change that was recognised: {', '.join(Change)}.",
    (*_DRIFT_LABELS, "change"),
)

_COLUMN_MEASURE = ("dataset", "column", "measure", "segment")
_MEASURE = ("dataset", "measure", "segment")

QUALITY_ALARM = Series(
    "modelvane_quality_alarm", "1 while a quality measure is above its lines, else 0.", _COLUMN_MEASURE
)
PERFORMANCE_ALARM = Series(
    "modelvane_performance_alarm", "1 while a performance measure is beyond its limit, else 0.", _MEASURE
)
PERFORMANCE_THRESHOLD = Series(
    "modelvane_performance_threshold", "Fixed limit from the config, in the measure's unit.", _MEASURE
)
PERFORMANCE_REFERENCE = Series(
    "modelvane_performance_reference", "The measure over the reference, in the measure's unit.", _MEASURE
)
RECOMMENDATION_ALARM = Series(
    "modelvane_recommendation_alarm", "1 while a measure of answers is beyond its limit, else 0.", _MEASURE
)
RECOMMENDATION_THRESHOLD = Series(
    "modelvane_recommendation_threshold", "Fixed limit from the config, in the measure's unit.", _MEASURE
)
RECOMMENDATION_REFERENCE = Series(
    "modelvane_recommendation_reference", "The measure over the reference, in the measure's unit.", _MEASURE
)
_COLUMN_OR_ALL = ("dataset", "column", "measure")
FAIRNESS_ALARM = Series(
    "modelvane_fairness_alarm", "1 while a gap between groups is beyond its limit, else 0.", _COLUMN_OR_ALL
)
FAIRNESS_THRESHOLD = Series(
    "modelvane_fairness_threshold", "Fixed limit from the config, in the measure's unit.", _COLUMN_OR_ALL
)
FAIRNESS_REFERENCE = Series(
    "modelvane_fairness_reference",
    "The gap between groups of the reference, in the measure's unit.",
    _COLUMN_OR_ALL,
)
CONCEPT_NOISE_FLOOR = Series(
    "modelvane_concept_noise_floor",
    "Value that sampling alone exceeds no more often than the false-alarm budget allows.",
    _COLUMN_OR_ALL,
)
CONCEPT_USUAL_RANGE = Series(
    "modelvane_concept_usual_range", "Value within the habit of the reference's own stream.", _COLUMN_OR_ALL
)
CONCEPT_ALARM = Series(
    "modelvane_concept_alarm",
    "1 while errors of rows with the same inputs are further from the reference's than every line, else 0.",
    _COLUMN_OR_ALL,
)
ATTRIBUTION_REFERENCE = Series(
    "modelvane_attribution_reference", "The measure over the reference.", ("dataset", "column", "measure")
)
ATTRIBUTION_NOISE_FLOOR = Series(
    "modelvane_attribution_noise_floor",
    "Distance that sampling alone exceeds no more often than the false-alarm budget allows.",
    ("dataset", "measure"),
)
ATTRIBUTION_USUAL_RANGE = Series(
    "modelvane_attribution_usual_range",
    "Distance within the habit of the reference's own stream.",
    ("dataset", "measure"),
)
ATTRIBUTION_THRESHOLD = Series(
    "modelvane_attribution_threshold", "Fixed limit from the config.", ("dataset", "measure")
)
ATTRIBUTION_ALARM = Series(
    "modelvane_attribution_alarm",
    "1 while the measure is beyond every line that it is held to, else 0.",
    ("dataset", "measure"),
)
ESTIMATE_REFERENCE = Series(
    "modelvane_estimate_reference",
    "The realised measure over the reference, in the measure's unit.",
    _MEASURE,
)
ESTIMATE_STANDARD_ERROR = Series(
    "modelvane_estimate_standard_error",
    "Standard error of the measure over so many labelled rows, in the measure's unit.",
    _MEASURE,
)
ESTIMATE_NOISE_FLOOR = Series(
    "modelvane_estimate_noise_floor",
    "Value that estimates of rows like the reference's are no worse than, but for as often as the budget allows.",
    _MEASURE,
)
ESTIMATE_USUAL_RANGE = Series(
    "modelvane_estimate_usual_range",
    "Value that estimates within the habit of the reference's own stream are no worse than.",
    _MEASURE,
)
ESTIMATE_THRESHOLD = Series(
    "modelvane_estimate_threshold", "Fixed limit from the config, in the measure's unit.", _MEASURE
)
ESTIMATE_ALARM = Series(
    "modelvane_estimate_alarm", "1 while an estimate is worse than its lines, else 0.", _MEASURE
)
_OF_ROWS = ("dataset", "column", "measure")
MULTIVARIATE_REFERENCE = Series(
    "modelvane_multivariate_reference", "The measure over the reference, in the measure's unit.", _OF_ROWS
)
MULTIVARIATE_NOISE_FLOOR = Series(
    "modelvane_multivariate_noise_floor",
    "Value that sampling alone exceeds no more often than the false-alarm budget allows.",
    _OF_ROWS,
)
MULTIVARIATE_USUAL_RANGE = Series(
    "modelvane_multivariate_usual_range", "Value within the habit of the reference's own stream.", _OF_ROWS
)
MULTIVARIATE_THRESHOLD = Series(
    "modelvane_multivariate_threshold", "Fixed limit from the config, in the measure's unit.", _OF_ROWS
)
MULTIVARIATE_ALARM = Series(
    "modelvane_multivariate_alarm",
    "1 while a measure of columns together is above every line that it needs to exceed, else 0.",
    _OF_ROWS,
)
PREDICTION_REFERENCE = Series(
    "modelvane_prediction_reference",
    "The measure over the reference, in the measure's unit.",
    _COLUMN_MEASURE,
)


def series_of(name: str, family: Family) -> Series:
    """Give the series that holds the value of a measure.

    Raises
    ------
    UnknownNameError
        When the catalogue has no such measure.
    """
    try:
        return _of(CATALOGUE[family, name])
    except KeyError:
        raise UnknownNameError.of(
            f"{family} measure", name, (known for kin, known in CATALOGUE if kin is family)
        ) from None


def _values(family: Family) -> Iterator[Series]:
    return (_of(measure) for measure in CATALOGUE.values() if measure.family is family)


DRIFT = (
    DRIFT_DISTANCE,
    DRIFT_NOISE_FLOOR,
    DRIFT_USUAL_RANGE,
    DRIFT_THRESHOLD,
    DRIFT_P_VALUE,
    DRIFT_ALARM,
    DRIFT_CHANGED,
    DRIFT_CHANGE,
)
PERFORMANCE_COMPANIONS = (PERFORMANCE_REFERENCE, PERFORMANCE_THRESHOLD, PERFORMANCE_ALARM)
RECOMMENDATION_COMPANIONS = (RECOMMENDATION_REFERENCE, RECOMMENDATION_THRESHOLD, RECOMMENDATION_ALARM)
FAIRNESS_COMPANIONS = (FAIRNESS_REFERENCE, FAIRNESS_THRESHOLD, FAIRNESS_ALARM)
ATTRIBUTION_COMPANIONS = (
    ATTRIBUTION_REFERENCE,
    ATTRIBUTION_NOISE_FLOOR,
    ATTRIBUTION_USUAL_RANGE,
    ATTRIBUTION_THRESHOLD,
    ATTRIBUTION_ALARM,
)
ESTIMATE_COMPANIONS = (
    ESTIMATE_REFERENCE,
    ESTIMATE_STANDARD_ERROR,
    ESTIMATE_NOISE_FLOOR,
    ESTIMATE_USUAL_RANGE,
    ESTIMATE_THRESHOLD,
    ESTIMATE_ALARM,
)
MULTIVARIATE_COMPANIONS = (
    MULTIVARIATE_REFERENCE,
    MULTIVARIATE_NOISE_FLOOR,
    MULTIVARIATE_USUAL_RANGE,
    MULTIVARIATE_THRESHOLD,
    MULTIVARIATE_ALARM,
)
CONCEPT_COMPANIONS = (CONCEPT_NOISE_FLOOR, CONCEPT_USUAL_RANGE, CONCEPT_ALARM)
PREDICTION_COMPANIONS = (PREDICTION_REFERENCE,)
QUALITY_COMPANIONS = (QUALITY_ALARM,)


COMPANIONS: Mapping[Family, tuple[Series, ...]] = {
    Family.DRIFT: DRIFT[1:],
    Family.PERFORMANCE: PERFORMANCE_COMPANIONS,
    Family.RECOMMENDATION: RECOMMENDATION_COMPANIONS,
    Family.FAIRNESS: FAIRNESS_COMPANIONS,
    Family.ATTRIBUTION: ATTRIBUTION_COMPANIONS,
    Family.ESTIMATE: ESTIMATE_COMPANIONS,
    Family.CONCEPT: CONCEPT_COMPANIONS,
    Family.MULTIVARIATE: MULTIVARIATE_COMPANIONS,
    Family.PREDICTION: PREDICTION_COMPANIONS,
    Family.QUALITY: QUALITY_COMPANIONS,
}
"""What stands beside the values of a family's measures."""


def findings_series() -> tuple[Series, ...]:
    """Give everything that findings are exposed as, in order."""
    return (
        *DRIFT,
        *_values(Family.DATASET),
        *_values(Family.MULTIVARIATE),
        *MULTIVARIATE_COMPANIONS,
        *_values(Family.RECOMMENDATION),
        *RECOMMENDATION_COMPANIONS,
        *_values(Family.PERFORMANCE),
        *PERFORMANCE_COMPANIONS,
        *_values(Family.FAIRNESS),
        *FAIRNESS_COMPANIONS,
        *_values(Family.CHANGE),
        *_values(Family.ATTRIBUTION),
        *ATTRIBUTION_COMPANIONS,
        *_values(Family.ESTIMATE),
        *ESTIMATE_COMPANIONS,
        *_values(Family.CONCEPT),
        *CONCEPT_COMPANIONS,
        *_values(Family.VERSIONS),
        *_values(Family.PREDICTION),
        *PREDICTION_COMPANIONS,
        *_values(Family.QUALITY),
        *QUALITY_COMPANIONS,
    )
