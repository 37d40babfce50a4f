"""Batches of every kind, judged: seeded, small, and the same each time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from modelvane.batch import Judged, judge
from modelvane.calibration.lines import Alarm
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.reference import Reference
from modelvane.report.document import render_report
from modelvane.settings import Settings

BEGIN = 1_640_995_200.0
"""1 January 2022."""
HOUR = 3600.0
HOSTILE = "<script>alert('x')</script>&\"/../?#é"
NOW = BEGIN + 31 * 24 * HOUR


def times(rows: int, hours: float = 240.0) -> pa.Array:
    """Give evenly spaced moments."""
    seconds = BEGIN + np.arange(rows) * hours * HOUR / rows
    return pa.array((seconds * 1e6).astype(np.int64), pa.timestamp("us", "UTC"))


def judged(
    reference: pa.Table,
    current: Any,
    *,
    name: str,
    settings: Settings | None = None,
    period: tuple[float, float] | None = None,
    slices: int = 12,
    **columns: Any,
) -> Judged:
    """Judge one table by another."""
    against = Reference.of(reference, **columns)
    source = TableSource(current, name=f"{name}.parquet")
    counted = count(source, against, slices=slices, period=period, now=NOW)
    return judge(name, against, counted, settings, period=period)


def regression_rows(rows: int, seed: int, *, drifts: bool) -> pa.Table:
    """Give trips; where they drift, longer ones and a new zone come from the middle on, and some values break."""
    draw = np.random.default_rng(seed)
    later = (np.arange(rows) >= rows // 2) & drifts
    distance = draw.exponential(3.0, rows) * np.where(later, 1.6, 1.0)
    zone = draw.choice(np.array(["north", "south", "west"], object), rows, p=[0.5, 0.3, 0.2])
    zone[later & (draw.random(rows) < 0.1)] = "harbour"
    truth = 4 + 3 * distance + draw.normal(0, 2, rows)
    target: list[float | None] = [None if i % 5 == 0 else value for i, value in enumerate(truth.tolist())]
    fare: list[float | None] = (2.5 * distance + 3).tolist()
    if drifts:
        for i in range(0, rows, 40):
            fare[i] = None
    return pa.table(
        {
            "id": [f"{seed}-{i}" for i in range(rows)],
            "time": times(rows),
            "distance": distance,
            "fare": fare,
            "passengers": draw.integers(1, 5, rows),
            "zone": zone.tolist(),
            "prediction": 4 + 3 * distance + draw.normal(0, 1, rows) + np.where(later, 1.5, 0.0),
            "target": target,
        }
    )


@cache
def rendered(kind: Callable[[], Judged]) -> str:
    """Give the HTML of a kind, made once for all tests."""
    return render_report(kind())


@cache
def regression(*, drifts: bool = True) -> Judged:
    """Give trips with segments and 80 % of the targets."""
    reference = regression_rows(4000, 1, drifts=False)
    return judged(
        reference,
        regression_rows(3000, 2, drifts=drifts),
        name="trips",
        period=(BEGIN, BEGIN + 240 * HOUR),
        segments=["zone"],
        categorical=["zone"],
        numerical=["distance", "fare", "passengers"],
    )


def binary_rows(rows: int, seed: int, shift: float = 0.0) -> pa.Table:
    """Give applications with the probability that they default."""
    draw = np.random.default_rng(seed)
    income = draw.lognormal(10, 0.5, rows)
    logit = draw.normal(shift - 1.5, 1.5, rows)
    probability = 1 / (1 + np.exp(-logit))
    return pa.table(
        {
            "time": times(rows),
            "income": income,
            "purpose": draw.choice(["car", "house", "other"], rows).tolist(),
            "prediction": probability,
            "target": (draw.random(rows) < probability).astype(np.int64),
        }
    )


@cache
def binary() -> Judged:
    """Give a binary classifier with probabilities, whose scores drift."""
    return judged(
        binary_rows(4000, 3),
        binary_rows(3000, 4, shift=0.8),
        name="credit",
        task="classification",
        categorical=["purpose"],
        numerical=["income"],
        target="target",
        prediction="prediction",
    )


@cache
def probabilities() -> Judged:
    """Give a classifier with one column of probabilities for each of three classes."""

    def rows(of: int, seed: int, sharp: float) -> pa.Table:
        draw = np.random.default_rng(seed)
        weights = np.exp(draw.normal(0, sharp, (of, 3)))
        shares = weights / weights.sum(axis=1, keepdims=True)
        places = (draw.random(of)[:, None] > shares.cumsum(axis=1)).sum(axis=1)
        names = np.array(["low", "middle", "high"], object)
        columns = {name: shares[:, i] for i, name in enumerate(names.tolist())}
        return pa.table({**columns, "target": names[places].tolist()})

    return judged(
        rows(3000, 11, 2.0),
        rows(1500, 12, 1.0),
        name="risk",
        target="target",
        prediction=["low", "middle", "high"],
    )


@cache
def hostile() -> Judged:
    """Give names that try to break out of the page, and values at the ends of what a number can be."""
    draw = np.random.default_rng(13)

    def rows(of: int, name: str, scale: float) -> pa.Table:
        values = draw.normal(size=of) * scale
        values[:3] = [np.inf, -np.inf, 1e300]
        names = np.array([HOSTILE, "a\x00b", name], object)
        return pa.table({HOSTILE: names[draw.integers(0, 3, of)].tolist(), "number": values})

    return judged(rows(900, "c", 1.0), rows(800, f"{HOSTILE} new", 1e6), name=HOSTILE)


def classes_rows(rows: int, seed: int, wrong: float) -> pa.Table:
    """Give flowers with predicted labels."""
    draw = np.random.default_rng(seed)
    names = np.array(["iris", "rose", "tulip", "violet"])
    target = names[draw.choice(4, rows, p=[0.4, 0.3, 0.2, 0.1])]
    guess = names[draw.choice(4, rows)]
    prediction = np.where(draw.random(rows) < wrong, guess, target)
    return pa.table(
        {"petal": draw.normal(5, 1, rows), "prediction": prediction.tolist(), "target": target.tolist()}
    )


@cache
def classes() -> Judged:
    """Give a classifier of several classes by label, without a time column."""
    return judged(
        classes_rows(3000, 5, 0.1),
        classes_rows(1500, 6, 0.4),
        name="flowers",
        categorical=[],
        numerical=["petal"],
        target="target",
        prediction="prediction",
    )


@cache
def features() -> Judged:
    """Give features alone: no prediction, no target, no time."""
    draw = np.random.default_rng(7)
    return judged(
        pa.table({"a": draw.normal(size=1000), "b": draw.choice(["x", "y"], 1000).tolist()}),
        pa.table({"a": draw.normal(size=400), "b": draw.choice(["x", "y"], 400).tolist()}),
        name="features",
    )


@cache
def empty() -> Judged:
    """Give a period without a row."""
    rows = regression_rows(1000, 8, drifts=False)
    return judged(
        rows,
        rows.slice(0, 0),
        name="nothing",
        categorical=["zone"],
        numerical=["distance", "fare", "passengers"],
    )


@cache
def null_column() -> Judged:
    """Give a batch in which one column has no value and another is missing altogether."""
    draw = np.random.default_rng(9)
    reference = pa.table({"a": draw.normal(size=800), "b": draw.normal(size=800), "c": draw.normal(size=800)})
    current = pa.table({"a": draw.normal(size=300), "b": pa.nulls(300, pa.float64()), "extra": [1] * 300})
    return judged(reference, current, name="nulls", settings=Settings(alarm=Alarm.NOISE))


@cache
def wide(columns: int, rows: int = 2000) -> Judged:
    """Give many columns, half of them categorical, some of which drift."""
    draw = np.random.default_rng(10)

    def table(of: int, *, drifts: bool) -> pa.Table:
        held: dict[str, Any] = {"time": times(of)}
        for i in range(columns):
            moved = drifts and i % 10 == 0
            if i % 2:
                weights = np.arange(1, 31) ** (-0.5 if moved else -1.0)
                held[f"category_{i:03d}"] = draw.choice(
                    [f"value {c}" for c in range(30)], of, p=weights / weights.sum()
                ).tolist()
            else:
                held[f"feature_{i:03d}"] = draw.normal(0.4 if moved else 0.0, 1, of)
        return pa.table(held)

    return judged(table(rows, drifts=False), table(rows, drifts=True), name="wide", slices=24)
