"""What a report says, as plain data: the HTML draws it, the JSON twin is it."""

from __future__ import annotations

from dataclasses import dataclass

from modelvane import __version__
from modelvane.batch import Judged
from modelvane.catalogue import titles
from modelvane.findings import Finding, Verdict
from modelvane.report.parts.columns import ColumnPart, column_parts
from modelvane.report.parts.multivariate import MultivariatePart, multivariate_part
from modelvane.report.parts.outliers import OutlierPart, outlier_part
from modelvane.report.parts.performance import (
    PerformancePart,
    SegmentPart,
    SlicePart,
    performance_part,
    segment_parts,
    slice_parts,
)
from modelvane.report.parts.provenance import (
    ReferenceFacts,
    SettingsFacts,
    SourceFacts,
    reference_facts,
    settings_facts,
    source_facts,
    versions,
)
from modelvane.report.parts.quality import Fault, fault_parts
from modelvane.report.summary import summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything that a report says of a batch; its size follows from columns, never from rows.

    Parameters
    ----------
    version
        Of modelvane.
    dataset
        Its name.
    computed_at
        Seconds since 1970.
    period
        What the batch is of, seconds since 1970, half open; ``None`` where nobody said.
    rows, labelled
        How many there are, and how many of them have a target.
    verdict, summary
        What was found, in a word and in sentences.
    columns
        What is worst first.
    slices
        In order of time; empty without times.
    performance
        ``None`` where the reference has no predictions with targets.
    segments, faults
        What is worst first.
    outliers
        ``None`` where no rows were scored.
    together
        How columns hang together; ``None`` where that is not known.
    reference, source, settings, versions
        What was computed, from what, and with which versions of which packages.
    findings
        Every finding, over all rows and over every segment.
    """

    version: str
    dataset: str
    computed_at: float
    period: tuple[float, float] | None
    rows: int
    labelled: int
    verdict: Verdict
    summary: tuple[str, ...]
    columns: tuple[ColumnPart, ...]
    slices: tuple[SlicePart, ...]
    performance: PerformancePart | None
    segments: tuple[SegmentPart, ...]
    faults: tuple[Fault, ...]
    outliers: OutlierPart | None
    together: MultivariatePart | None
    reference: ReferenceFacts
    source: SourceFacts
    settings: SettingsFacts
    versions: dict[str, str]
    findings: tuple[Finding, ...]


def contents_of(judged: Judged) -> Contents:
    """Put together what a report says of a judged batch."""
    findings, columns = judged.findings, column_parts(judged)
    slices, segments = slice_parts(judged), segment_parts(judged)
    return Contents(
        version=__version__,
        dataset=judged.dataset,
        computed_at=findings.computed_at,
        period=findings.period,
        rows=findings.rows,
        labelled=findings.labelled,
        verdict=findings.verdict,
        summary=summary(findings, columns, slices, titles()),
        columns=columns,
        slices=slices,
        performance=performance_part(judged),
        segments=segments,
        faults=fault_parts(judged),
        outliers=outlier_part(
            judged.reference, judged.settings.outliers, judged.counted.window.rows, findings
        ),
        together=multivariate_part(judged.reference, judged.counted.window.rows, findings),
        reference=reference_facts(judged),
        source=source_facts(judged),
        settings=settings_facts(judged),
        versions=versions(),
        findings=findings.findings,
    )
