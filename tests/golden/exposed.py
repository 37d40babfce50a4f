"""A fixed scrape, and the golden files of its bytes; run this module to write them anew."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry

from modelvane.catalogue import CATALOGUE
from modelvane.compat import Sample
from modelvane.exposition import (
    DatasetObserved,
    Exposed,
    ModelCollector,
    ServiceObserved,
    registry_of,
    render,
)
from modelvane.findings import Family, Finding, Findings, Verdict

HERE = Path(__file__).parent
GOLDEN = {
    "text/plain": HERE / "exposition.prom",
    "application/openmetrics-text": HERE / "exposition.openmetrics",
}
HOSTILE = 'new\nline, "quotes", back\\slash, {braces}, # hash, tab\t, return\r, escape\x1b, \u2028, nul\0, 😀'


def performance(measure: str, value: float | None, **more: object) -> Finding:
    return Finding(family=Family.PERFORMANCE, measure=measure, value=value, **more)


def drift(column: str, value: float | None, **more: object) -> Finding:
    return Finding(family=Family.DRIFT, measure="kolmogorov_smirnov", column=column, value=value, **more)


def quality(measure: str, value: float | None, column: str | None = None, **more: object) -> Finding:
    return Finding(family=Family.QUALITY, measure=measure, value=value, column=column, **more)


TAXI = Findings(
    "taxi",
    1_642_435_200.0,
    5000,
    3112,
    (
        drift(
            "trip_distance",
            0.125,
            noise_floor=0.03,
            usual_range=0.0625,
            p_value=1e-12,
            verdict=Verdict.ALARM,
            cause="values multiplied by 1.5 in all rows; over 3.2: 12.0\u202f% → 24.0\u202f%",
            change="scaled",
        ),
        drift("trip_distance", 0.05, segment="zone=north", noise_floor=0.06, verdict=Verdict.OK),
        drift("fare", 0.25, threshold=0.5, verdict=Verdict.OK),
        drift("tip", None, verdict=Verdict.UNDEFINED, why="no usable values in the window"),
        Finding(family=Family.DRIFT, measure="psi", column="fare", value=0.75, noise_floor=0.5),
        Finding(family=Family.DATASET, measure="dataset_drift", value=1.0, verdict=Verdict.ALARM),
        Finding(family=Family.DATASET, measure="drifted_columns", value=1.0),
        Finding(family=Family.DATASET, measure="drifted_share", value=0.5),
        performance("label_coverage", 0.625),
        performance("label_lag", 1800.0),
        performance("mean_absolute_error", 4.25, reference=3.5, threshold=4.0, verdict=Verdict.ALARM),
        performance("mean_absolute_error", 5.5, segment="zone=north"),
        performance("error_quantile", -2.5, label="0.05", reference=-2.0),
        performance("error_quantile", 9.0, label="0.95", reference=7.0),
        performance("r_squared", None, verdict=Verdict.UNDEFINED, why="the target is constant in the window"),
        Finding(family=Family.PREDICTION, measure="mean", column="prediction", value=17.5, reference=14.25),
        quality("missing_share", 0.03125, "trip_distance", verdict=Verdict.CHANGED),
        quality("missing_share", 0.0, HOSTILE, verdict=Verdict.OK),
        quality("quantile", 2.5, "trip_distance", label="0.5"),
        quality("window_rows", 5000.0),
        quality("last_row_age", 3.5),
    ),
)
ANIMALS = Findings(
    "animals",
    1_642_435_200.0,
    1000,
    900,
    (
        performance("accuracy", 0.875, reference=0.9375),
        performance("class_recall", 1.0, label="cat", reference=1.0),
        performance("class_recall", 0.75, label=HOSTILE, reference=0.875),
        performance("confusion", 90.0, label="cat -> dog"),
    ),
)
COMPAT = (
    Sample("evidently:data_drift:dataset_drift", (), 1.0),
    Sample("evidently:data_drift:p_value", (("feature", "fare"), ("feature_type", "num")), 0.25),
    Sample("evidently:data_drift:p_value", (("feature", HOSTILE), ("feature_type", "cat")), 1e-300),
)
OBSERVED = DatasetObserved(
    rows_accepted=1_234_567,
    rows_rejected={"too_large": 2, "malformed": 1},
    duplicates=3,
    labels={"matched": 900, "early": 4},
    evaluations=12,
    evaluation_seconds=0.75,
    last_evaluation_seconds=0.0625,
    evaluation_up=True,
    label_lag=1800.0,
    last_row_age=3.75,
    last_label_age=90.5,
    labelled_rows=3112,
    window_rows=5000,
    window_seconds=3600.0,
    window_start=1_642_431_600.0,
    events={"alert_firing": 2, "model_promoted": 1},
    reference_switched_at=1_642_431_000.0,
    window_end=1_642_435_199.5,
    reference_digest="00112233445566778899aabbccddeeff",
    reference_rows=73_908,
)
SERVICE = ServiceObserved(
    started_at=1_642_430_000.0,
    queue_rows=17,
    queue_bytes=4096,
    commits=100,
    commit_failures=1,
    commit_seconds=1.5,
    last_commit_seconds=0.015625,
    log_up=True,
    log_rows=1_234_567,
    log_bytes=2**30,
    events={"alert_firing": 3},
    version="1.2.3",
)


def every_measure() -> Findings:
    """Give a finding of each measure of the catalogue, with everything that one can carry."""
    findings = tuple(
        Finding(
            family=entry.family,
            measure=entry.name,
            column="fare" if "column" in entry.labels else None,
            label="cat" if entry.by is not None else None,
            value=0.5 + i,
            unit=entry.unit,
            reference=0.25,
            noise_floor=0.125,
            usual_range=0.375,
            threshold=0.0625,
            p_value=0.001,
            standard_error=0.03125,
            change="scaled",
            verdict=Verdict.ALARM,
        )
        for i, entry in enumerate(CATALOGUE.values())
    )
    return Findings("every", 1_642_435_200.0, 1000, 900, findings)


def full_scrape() -> CollectorRegistry:
    """Give a registry in which every native series has a sample, and no other."""
    exposed = (Exposed("every", every_measure(), observed=OBSERVED),)
    return registry_of(ModelCollector(lambda: exposed, lambda: SERVICE))


def scrape() -> CollectorRegistry:
    """Give a registry with the fixed scrape."""
    exposed = (Exposed("taxi", TAXI, COMPAT, OBSERVED), Exposed("animals", ANIMALS), Exposed("new"))
    return registry_of(ModelCollector(lambda: exposed, lambda: SERVICE))


if __name__ == "__main__":
    for accept, path in GOLDEN.items():
        path.write_bytes(render(scrape(), accept)[0])
