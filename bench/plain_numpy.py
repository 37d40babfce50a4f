"""The statistics of one evaluation in plain numpy, with a pre-sorted reference: what ours is held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


class PlainReference:
    """Sorted numbers and counted categories of the reference."""

    def __init__(self, numbers: Mapping[str, NDArray[np.float64]], codes: Mapping[str, NDArray[Any]]) -> None:
        self.numbers = {name: np.sort(values) for name, values in numbers.items()}
        self.counts = {name: np.bincount(values) for name, values in codes.items()}


def evaluate(
    reference: PlainReference, numbers: Mapping[str, NDArray[np.float64]], codes: Mapping[str, NDArray[Any]]
) -> dict[str, dict[str, Any]]:
    """Give drift and quality of every column, and the regression's performance."""
    found: dict[str, dict[str, Any]] = {}
    for name, values in numbers.items():
        found[name] = _number(reference.numbers[name], values)
    for name, values in codes.items():
        found[name] = _category(reference.counts[name], values)
    found["performance"] = _regression(numbers["prediction"], numbers["target"])
    return found


def _number(reference: NDArray[np.float64], values: NDArray[np.float64]) -> dict[str, Any]:
    usable = values[np.isfinite(values)]
    ordered = np.sort(usable)
    n, N = len(ordered), len(reference)
    after = np.searchsorted(reference, ordered, "right") / N
    before = np.searchsorted(reference, ordered, "left") / N
    steps = np.arange(n + 1) / n
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ends = np.r_[starts[1:], n]
    ks = max(
        float(np.abs(after[starts] - steps[ends]).max()), float(np.abs(before[starts] - steps[starts]).max())
    )
    return {
        "kolmogorov_smirnov": ks,
        "missing": int(np.isnan(values).sum()),
        "infinite": int(np.isinf(values).sum()),
        "outside": int((usable < reference[0]).sum() + (usable > reference[-1]).sum()),
        "distinct": len(starts),
        "most_common": int((ends - starts).max()),
        "mean": float(usable.mean()),
        "std": float(usable.std(ddof=1)),
        "min": float(ordered[0]),
        "max": float(ordered[-1]),
        "quantiles": np.quantile(ordered, QUANTILES),
    }


def _category(reference: NDArray[np.intp], codes: NDArray[Any]) -> dict[str, Any]:
    counts = np.bincount(codes[codes >= 0], minlength=len(reference))
    p = reference / reference.sum()
    q = counts[: len(reference)] / counts.sum()
    m = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(p > 0, p * np.log2(p / m), 0.0).sum()
        right = np.where(q > 0, q * np.log2(q / m), 0.0).sum()
    return {
        "jensen_shannon": float(np.sqrt((left + right) / 2)),
        "missing": int((codes < 0).sum()),
        "unseen": int(counts[len(reference) :].sum()),
        "distinct": int((counts > 0).sum()),
        "most_common": int(counts.max()),
    }


def _regression(prediction: NDArray[np.float64], target: NDArray[np.float64]) -> dict[str, Any]:
    error = prediction - target
    size = np.abs(error)
    low, high = np.quantile(error, (0.05, 0.95))
    return {
        "mean_error": float(error.mean()),
        "mean_absolute_error": float(size.mean()),
        "root_mean_squared_error": float(np.sqrt((error**2).mean())),
        "mean_absolute_percentage_error": float((size / np.abs(target)).mean()),
        "symmetric": float((2 * size / (np.abs(target) + np.abs(prediction))).mean()),
        "r_squared": float(1 - (error**2).sum() / ((target - target.mean()) ** 2).sum()),
        "max_error": float(size.max()),
        "std": float(error.std(ddof=1)),
        "quantiles": np.quantile(error, (0.05, 0.25, 0.5, 0.75, 0.95)),
        "groups": [float(error[error < low].mean()), float(error[error > high].mean())],
    }
