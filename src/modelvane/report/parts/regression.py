"""Predicted numbers against the truth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelvane.batch import Judged
from modelvane.report.distribution import Distribution, distribution
from modelvane.statistics.regression import estimation_group_mean_errors, estimation_group_shares
from modelvane.tallies.dataset import DatasetTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.regression import RegressionTally
from modelvane.undefined import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """Predictions (down) against targets (across), rows per pair of bins.

    Parameters
    ----------
    down, across
        Limits of the bins, one more than bins; the outermost are the smallest and the largest value.
    counts
        Rows of bins.
    """

    down: tuple[float, ...]
    across: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One estimation group: under-estimates, the majority, over-estimates.

    Parameters
    ----------
    above, below
        Limits of the error (prediction minus target) that the reference set; ``None`` where it is open.
    rows
        Current rows.
    """

    name: str
    above: float | None
    below: float | None
    rows: int
    reference_share: float | None
    current_share: float | None
    reference_mean_error: float | None
    current_mean_error: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """How far predicted numbers are from the truth.

    Parameters
    ----------
    heat
        ``None`` without a row that has both.
    errors
        Distribution of prediction minus target, on the reference's errors.
    groups
        Empty where the reference set no limits.
    """

    heat: Heat | None
    errors: Distribution
    groups: tuple[Group, ...]


def regression_part(judged: Judged) -> Regression | None:
    """Give the part of a regression; ``None`` for anything else."""
    before = judged.reference.tally.performance.get("regression")
    after = judged.counted.window.labelled.performance.get("regression")
    if not (isinstance(before, RegressionTally) and isinstance(after, RegressionTally)):
        return None
    return Regression(
        heat=_heat(judged),
        errors=distribution("prediction minus target", before.errors, after.errors),
        groups=tuple(_groups(before, after)),
    )


def _heat(judged: Judged) -> Heat | None:
    joint, schema = judged.counted.joint, judged.reference.schema
    if joint is None or schema.target is None or not joint.counts.any():
        return None
    window = judged.counted.window
    down = _limits(joint.down, window.rows, schema.predictions[0].name)
    across = _limits(joint.across, window.labelled, schema.target.name)
    return Heat(down=down, across=across, counts=tuple(map(tuple, joint.counts.tolist())))


def _limits(inner: NDArray[np.float64], rows: DatasetTally, name: str) -> tuple[float, ...]:
    tally = rows.columns[name]
    assert isinstance(tally, NumericalTally)  # noqa: S101 - a joint tally is of two of them
    found = [value for value in (*inner.tolist(), tally.minimum, tally.maximum) if math.isfinite(value)]
    return (min(found), *inner.tolist(), max(found))


def _groups(before: RegressionTally, after: RegressionTally) -> Iterator[Group]:
    ruler = after.ruler
    if ruler.under is None or ruler.over is None:
        return
    limits = {"under": (None, ruler.under), "majority": (ruler.under, ruler.over), "over": (ruler.over, None)}
    shares = estimation_group_shares(before), estimation_group_shares(after)
    errors = estimation_group_mean_errors(before), estimation_group_mean_errors(after)
    for name, (above, below) in limits.items():
        yield Group(
            name=name,
            above=above,
            below=below,
            rows=after.groups[name].rows,
            reference_share=_known(shares[0][name]),
            current_share=_known(shares[1][name]),
            reference_mean_error=_known(errors[0][name]),
            current_mean_error=_known(errors[1][name]),
        )


def _known(value: Value) -> float | None:
    return value if isinstance(value, float) else None
