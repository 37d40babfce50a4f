"""One batch of a dataset, judged: findings of all its rows, and of each part of its period."""

from __future__ import annotations

from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from modelvane.engines.counted import Counted
from modelvane.evaluation import check_thresholds, evaluate
from modelvane.findings import Findings
from modelvane.moving import moved
from modelvane.reference import Reference
from modelvane.settings import Settings


class Judged(Struct, frozen=True, eq=False):
    """What was found of a batch.

    Parameters
    ----------
    dataset
        Its name.
    reference, settings
        What it was judged by; where the reference moves, that of the rows before.
    counted
        What it was counted to.
    findings
        Of all rows.
    slices
        Of each slice of ``counted``, without segments.
    """

    dataset: str
    reference: Reference
    settings: Settings
    counted: Counted
    findings: Findings
    slices: tuple[Findings, ...]


def judge(
    dataset: str,
    reference: Reference,
    counted: Counted,
    settings: Settings | None = None,
    *,
    period: tuple[float, float] | None = None,
) -> Judged:
    """Measure what was counted, as a monitor measures its window.

    Parameters
    ----------
    period
        What the batch is of, seconds since 1970, half open; a round of the same period is replaced in a log.

    Raises
    ------
    UnknownNameError
        For a limit of something that the reference does not have, or that is not judged.

    Examples
    --------
    >>> from modelvane.engines.count import count
    >>> from modelvane.engines.source import TableSource
    >>> reference = Reference.of({"distance": [float(i % 50) for i in range(1000)]})
    >>> counted = count(TableSource({"distance": [49.0] * 100}), reference, now=0.0)
    >>> judge("taxi", reference, counted).findings.get("dataset_drift").verdict
    <Verdict.ALARM: 'alarm'>
    """
    settings = settings or Settings()
    check_thresholds(settings.thresholds, reference, settings.fairness)
    reference = reference.calibrated(settings.methods)
    stream, window = counted.stream, counted.window
    measure = partial(evaluate, dataset, reference, settings, preceding=window.before)
    found = measure(window.rows, window.labelled, stream)
    slices = tuple(
        replace(
            measure(one.rows, one.labelled, replace(stream, now=one.until)),
            period=(one.since, one.until),
        )
        for one in counted.slices
    )
    compared = moved(reference, window, settings)
    return Judged(dataset, compared, settings, counted, replace(found, period=period), slices)
