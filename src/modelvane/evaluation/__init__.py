"""From tallies to findings: one code path for live windows, batch tables and merged parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from modelvane.evaluation.attribution import attribution_findings
from modelvane.evaluation.changes import change_findings
from modelvane.evaluation.concept import concept_findings
from modelvane.evaluation.conditional import conditional_findings
from modelvane.evaluation.drift import drift_findings
from modelvane.evaluation.estimates import estimate_findings
from modelvane.evaluation.fairness import fairness_findings
from modelvane.evaluation.multivariate import multivariate_findings
from modelvane.evaluation.outliers import outlier_findings
from modelvane.evaluation.performance import performance_findings, prediction_findings
from modelvane.evaluation.quality import dataset_quality, quality_findings
from modelvane.evaluation.recommendation import recommendation_findings
from modelvane.evaluation.round import Round, verdict_key
from modelvane.evaluation.samples import sample_findings
from modelvane.evaluation.thresholds import check_thresholds
from modelvane.evaluation.versions import version_findings
from modelvane.findings import Findings, Verdict
from modelvane.moving import moved
from modelvane.reference import Reference
from modelvane.settings import Settings
from modelvane.stream import Stream
from modelvane.tallies.dataset import Before, DatasetTally, WindowTally
from modelvane.versions import Comparison

__all__ = ["Stream", "check_thresholds", "evaluate", "verdict_key"]


def evaluate(
    dataset: str,
    reference: Reference,
    settings: Settings,
    rows: DatasetTally,
    labelled: DatasetTally,
    stream: Stream,
    before: Mapping[str, Verdict] | None = None,
    *,
    preceding: Before | None = None,
    comparison: Comparison | None = None,
    kept: dict[str, tuple[int, Any]] | None = None,
) -> Findings:
    """Measure everything that the tallies hold.

    Parameters
    ----------
    rows
        Of the window.
    labelled
        Of the performance window.
    stream
        What is known of the rows' arrival.
    before
        The verdicts of the round before, by `verdict_key`: an alarm ends only clearly below its line.
    preceding
        What came before the window, where the settings ask for a reference that moves.
    comparison
        Versions of the model since they began; of a batch, which has none, its labelled rows are compared.
    kept
        What is not measured in every round; a live window hands in the same from round to round.
    """
    built = Round(reference, settings, before or {}, {} if kept is None else kept)
    reference = moved(reference, WindowTally(rows, labelled, preceding), settings)
    this = replace(built, reference=reference)
    findings = [
        *drift_findings(this, rows, labelled),
        *prediction_findings(this, rows),
        *recommendation_findings(this, rows),
        *performance_findings(this, labelled, stream),
        # the rows before a window may have no labels
        *estimate_findings(built, rows, labelled),
        *fairness_findings(this, rows, labelled),
        *version_findings(this, labelled, comparison),
        *change_findings(this, rows, labelled),
        *attribution_findings(this, rows),
        # what inputs explain is what the reference itself has learned
        *concept_findings(built, labelled),
        *quality_findings(this, rows),
        *dataset_quality(this, rows, stream),
        *outlier_findings(this, rows),
        *multivariate_findings(built, rows),
        *sample_findings(built, rows),
        *conditional_findings(built, rows),
    ]
    period = reference.period
    return Findings(
        dataset,
        stream.now,
        rows.rows,
        labelled.rows,
        tuple(findings),
        compared_with=None if period is None else (period[0] / 1e6, period[1] / 1e6),
    )
