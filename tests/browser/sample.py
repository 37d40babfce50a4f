"""Views as a service would have them: a taxi model that drifts, a quiet classifier, a dataset that just started."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from msgspec.structs import replace

from modelvane.casting import Categories, Numbers
from modelvane.events import Event, Kind
from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.report.distribution import Distribution, distribution
from modelvane.ruler import CategoricalRuler, NumericalRuler
from modelvane.service.events import Told
from modelvane.service.page import DatasetView, ServiceState
from modelvane.tallies.categorical import CategoricalTally, Codes
from modelvane.tallies.numerical import NumericalTally

NOW = 1_642_435_200.0
TITLES = {
    "kolmogorov_smirnov": "Kolmogorov-Smirnov",
    "missing_share": "Missing",
    "unseen_share": "Unseen categories",
    "out_of_range_share": "Outside the reference's range",
    "std": "Standard deviation",
    "jensen_shannon": "Jensen-Shannon",
    "mean_absolute_error": "Mean absolute error",
    "root_mean_squared_error": "Root mean squared error",
    "r2": "R²",
}


def numerical(column: str, reference: np.ndarray, current: np.ndarray) -> Distribution:
    ruler = NumericalRuler.of(reference)
    sides = [NumericalTally.of(ruler, Numbers(values, None)) for values in (reference, current)]
    return distribution(column, *sides)


def categorical(column: str, reference: list[str], current: list[str]) -> Distribution:
    ruler = CategoricalRuler.of(_categories(reference))
    sides = [
        CategoricalTally.of(ruler, Codes.of(ruler, _categories(values))) for values in (reference, current)
    ]
    return distribution(column, *sides)


def _categories(values: list[str]) -> Categories:
    names = sorted(set(values))
    code = {name: i for i, name in enumerate(names)}
    return Categories(np.array([code[value] for value in values], np.int32), names)


def drift(column: str, value: float, noise: float, usual: float | None, measure: str = "", **more) -> Finding:
    line = max(noise, usual or 0.0)
    verdict = Verdict.ALARM if value > line else Verdict.CHANGED if value > noise else Verdict.OK
    return Finding(
        family=Family.DRIFT,
        measure=measure or "kolmogorov_smirnov",
        column=column,
        value=value,
        unit="ratio",
        n=5000,
        noise_floor=noise,
        usual_range=usual,
        verdict=verdict,
        **more,
    )


def quality(measure: str, column: str | None, value: float, unit: str = "ratio", **more) -> Finding:
    return Finding(
        family=Family.QUALITY, measure=measure, column=column, value=value, unit=unit, n=5000, **more
    )


def performance(measure: str, value: float | None, unit: str = "", **more) -> Finding:
    return Finding(family=Family.PERFORMANCE, measure=measure, value=value, unit=unit, n=3112, **more)


def taxi_findings(progress: float, at: float, seed: int = 0) -> Findings:
    """Give one round; ``progress`` from 0 to 1 is how far the stream has drifted."""
    wobble = np.random.default_rng(seed)
    swing = 0.012 * math.sin(at / 700) + wobble.uniform(-0.006, 0.006)
    moved = max(0.0, progress - 0.45) / 0.55
    distance = 0.035 + swing + 0.16 * moved
    found = [
        drift("trip_distance", distance, 0.031, 0.062, cause="trips of more than 3.2 miles doubled"),
        drift("prediction", 0.03 + swing + 0.1 * moved, 0.031, 0.058),
        drift(
            "PULocationID",
            0.05 + swing / 2 + 0.07 * moved,
            0.048,
            0.081,
            "jensen_shannon",
            cause="74: 12 % → 19 %",
        ),
        drift("DOLocationID", 0.052 + swing / 2, 0.049, 0.085, "jensen_shannon"),
        drift("fare_amount", 0.041 + swing, 0.031, 0.066),
        drift("payment_type", 0.012 + abs(swing) / 3, 0.019, 0.034, "jensen_shannon"),
        drift("passenger_count", 0.011 + abs(swing) / 4, 0.031, 0.041),
        drift("tip_amount", 0.018 + abs(swing) / 3, 0.031, 0.049),
    ]
    alarms = sum(finding.verdict is Verdict.ALARM for finding in found)
    found += [
        Finding(family=Family.DATASET, measure="drifted_columns", value=alarms, unit="rows"),
        Finding(family=Family.DATASET, measure="drifted_share", value=alarms / 8, unit="ratio"),
    ]
    for name in ("trip_distance", "fare_amount", "tip_amount", "passenger_count"):
        found += [
            quality("missing_share", name, 0.0312 if name == "passenger_count" else 0.0),
            quality("out_of_range_share", name, 0.0006 if name == "trip_distance" else 0.0),
            quality("distinct", name, 812.0, "rows"),
            quality("mean", name, 3.74 + moved, "column"),
            quality("std", name, 2.93, "column"),
            quality("minimum", name, 0.01, "column"),
            quality("maximum", name, 88.1, "column"),
            quality("quantile", name, 2.71 + moved, "column", label="0.5"),
        ]
    found += [
        quality(
            "unseen_share",
            "PULocationID",
            0.004 * moved,
            verdict=Verdict.CHANGED,
            cause="265 in 12 rows, 999 in 8",
        ),
        quality("missing_share", "PULocationID", 0.0),
        quality("duplicate_ids", None, 0.0, "rows"),
        quality("last_row_age", None, 3.4 + wobble.random(), "seconds"),
        quality("rows_per_second", None, 41.7),
    ]
    for measure, value in (
        ("mean", 17.2 + moved),
        ("median", 14.9),
        ("minimum", 1.2),
        ("maximum", 58.8),
        ("std", 9.1),
    ):
        found.append(
            Finding(
                family=Family.PREDICTION,
                measure=measure,
                column="prediction",
                value=value,
                unit="column",
                n=5000,
            )
        )
    error = 4.21 + 40 * swing + 1.9 * moved
    found += [
        performance("mean_absolute_error", error, "column"),
        performance("root_mean_squared_error", error * 1.52, "column"),
        performance("mean_error", -0.31 - moved, "column"),
        performance("r2", 0.71 - 0.12 * moved),
        performance("mean_absolute_percentage_error", 0.284 + 0.05 * moved, "ratio"),
        performance("error_quantile", -3.9, "column", label="0.05"),
        performance("error_quantile", 11.2 + moved, "column", label="0.95"),
        performance("label_coverage", 0.62 + swing, "ratio"),
        performance("label_lag", 910 + 3000 * swing, "seconds"),
    ]
    for name, size in (("borough=Manhattan", 2711), ("borough=Queens", 1204), ("borough=Brooklyn", 1085)):
        factor = 1.0 if name != "borough=Queens" else 1.6
        found += [
            replace(drift("trip_distance", distance * factor, 0.05, 0.09), segment=name, n=size),
            replace(drift("fare_amount", 0.04, 0.05, 0.09), segment=name, n=size),
            replace(performance("mean_absolute_error", error * factor, "column"), segment=name, n=size // 2),
        ]
    return Findings("taxi", at, 5000, 3112, tuple(found))


@cache
def taxi(progress: float = 1.0, rounds: int = 80) -> DatasetView:
    """Give the view of a taxi model whose trips get longer."""
    history = [
        taxi_findings(progress * i / max(rounds - 1, 1), NOW - 90 * (rounds - 1 - i), i)
        for i in range(rounds)
    ]
    rng = np.random.default_rng(1)
    zones = [str(zone) for zone in range(1, 264)]
    weights = 1 / np.arange(1, 264) ** 1.1
    reference = rng.choice(zones, 20_000, p=weights / weights.sum()).tolist()
    weights[1] *= 1 + progress
    current = rng.choice(zones, 5000, p=weights / weights.sum()).tolist() + ["265"] * 12 + ["999"] * 8
    miles = rng.lognormal(0.9, 0.7, 20_000).round(2)
    return DatasetView(
        name="taxi",
        findings=history[-1],
        history=history,
        events=happened(history[len(history) // 2].computed_at),
        distributions=(
            numerical("trip_distance", miles, rng.lognormal(0.9 + 0.4 * progress, 0.75, 5000).round(2)),
            numerical("prediction", miles * 4 + 6, rng.lognormal(1.1, 0.7, 5000) * 4 + 6),
            categorical("PULocationID", reference, current),
            categorical("DOLocationID", reference, reference[:5000]),
            numerical("fare_amount", miles * 3 + 4, miles[:5000] * 3.1 + 4),
            categorical(
                "payment_type",
                rng.choice(["1", "2", "3", "4"], 20_000, p=[0.55, 0.42, 0.02, 0.01]).tolist(),
                rng.choice(["1", "2", "3", "4"], 5000, p=[0.56, 0.41, 0.02, 0.01]).tolist(),
            ),
            numerical(
                "passenger_count",
                rng.choice([1.0, 2.0, 3.0, 5.0], 20_000, p=[0.8, 0.1, 0.04, 0.06]),
                rng.choice([1.0, 2.0, 3.0, 5.0], 5000, p=[0.79, 0.11, 0.04, 0.06]),
            ),
            numerical("tip_amount", miles // 1.5, miles[:5000] // 1.5),
        ),
        service=ServiceState(
            rows_accepted=184_223,
            rows_rejected={"not an object": 3, "unknown dataset": 1},
            queue_rows=12,
            queue_limit=100_000,
            commit_seconds=0.0031,
            evaluation_seconds=0.021,
            window="last 5000 rows",
            uptime_seconds=93_784.0,
        ),
    )


@cache
def credit() -> DatasetView:
    """Give the view of a classifier on which nothing is off."""
    found = tuple(
        drift(name, 0.009 + i / 900, 0.03, 0.05)
        for i, name in enumerate(("income", "age", "purpose", "score"))
    )
    found += (
        Finding(family=Family.PERFORMANCE, measure="accuracy", value=0.914, unit="ratio", n=880),
        Finding(family=Family.PERFORMANCE, measure="label_coverage", value=0.09, unit="ratio", n=880),
        quality("last_row_age", None, 0.4, "seconds"),
    )
    history = [
        Findings(
            "credit-scoring",
            NOW - 60 * (40 - i),
            10_000,
            880,
            tuple(replace(f, value=(f.value or 0) * (1 + 0.3 * math.sin(i / 3))) for f in found[:4])
            + found[4:],
        )
        for i in range(41)
    ]
    return DatasetView(name="credit-scoring", findings=history[-1], history=history)


def happened(at: float) -> list[Told]:
    """Give what happens when drift is answered by a retrain: an alert, again and again, then another reference."""
    began = at - 1500
    return [
        Told(Event(Kind.ALERT_FIRING, at, "taxi", "DatasetDrift fires: trip_distance moved"), 3, began),
        Told(
            Event(
                Kind.RETRAIN_STARTED,
                at + 1,
                "taxi",
                "DatasetDrift started a retrain: trip_distance above both lines",
            ),
            1,
            at + 1,
        ),
        Told(
            Event(
                Kind.MODEL_PROMOTED,
                at + 90,
                "taxi",
                "Model 20220301T040000Z was promoted: mean absolute error 5.2 of the challenger, 6.1 of the champion",
            ),
            1,
            at + 90,
        ),
        Told(
            Event(
                Kind.REFERENCE_SWITCHED,
                at + 95,
                "taxi",
                "Compared with reference 9f1c2d3e4b5a6978 of 5000 rows from now on; the window starts empty",
            ),
            1,
            at + 95,
        ),
        Told(
            Event(Kind.ALERT_RESOLVED, at + 400, "taxi", "DatasetDrift is over: trip_distance moved"),
            1,
            at + 400,
        ),
    ]


@cache
def waiting() -> DatasetView:
    """Give the view of a dataset whose window is too short for a verdict."""
    why = "fewer than 30 rows in the window"
    found = tuple(
        Finding(
            family=Family.DRIFT, measure="kolmogorov_smirnov", column=name, verdict=Verdict.UNDEFINED, why=why
        )
        for name in ("user", "item", "basket_size")
    )
    one_class = Finding(
        family=Family.PERFORMANCE,
        measure="roc_auc",
        verdict=Verdict.UNDEFINED,
        why="one class only in the window",
    )
    findings = Findings("reco", NOW, 12, 0, (*found, one_class))
    return DatasetView(name="reco", findings=findings, history=[findings])
