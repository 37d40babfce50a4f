"""Performance before labels, beside what labels said since."""

from __future__ import annotations

from dataclasses import dataclass

from modelvane.estimates.estimate import ERROR, ESTIMATE
from modelvane.findings import Family, Finding, Findings
from modelvane.report.tables import of_family


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """One estimate of all rows, the realised value of those that have labels, and how far their estimate was off."""

    estimate: Finding
    realised: Finding | None
    error: Finding | None

    @property
    def of(self) -> str:
        """The measure that is estimated."""
        return self.estimate.measure.removeprefix(ESTIMATE)


def estimate_rows(findings: Findings | None) -> list[EstimateRow]:
    """Give the estimates of all rows, in order; none where not one has a value."""
    found = {(f.measure, f.label): f for f in of_family(findings, Family.ESTIMATE)}
    if all(finding.value is None for finding in found.values()):
        return []
    realised = {(f.measure, f.label): f for f in of_family(findings, Family.PERFORMANCE)}
    return [
        EstimateRow(
            finding,
            realised.get((measure.removeprefix(ESTIMATE), label)),
            found.get((f"{ERROR}{measure.removeprefix(ESTIMATE)}", label)),
        )
        for (measure, label), finding in found.items()
        if measure.startswith(ESTIMATE)
    ]
