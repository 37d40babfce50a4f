"""What is measured of columns together, as the catalogue tells it."""

from __future__ import annotations

from dataclasses import dataclass

NEEDS = "two columns that vary"


@dataclass(frozen=True, slots=True)
class RowMeasure:
    """One number of rows as a whole; larger is farther from the reference.

    Parameters
    ----------
    name, title
        Its name in configs and series, and in prose.
    unit
        As in `modelvane.findings.Finding`.
    source
        Formula or paper.
    """

    name: str
    title: str
    unit: str
    source: str


CORRELATION_CHANGE = RowMeasure(
    "correlation_change",
    "Largest change of a correlation",
    "",
    "max |r - r of the reference| over pairs of columns, r of normal scores: van der Waerden, 1952",
)
RECONSTRUCTION_ERROR = RowMeasure(
    "reconstruction_error",
    "PCA reconstruction error",
    "",
    "mean squared distance from the plane of the reference's principal components, in standard deviations, per column:"
    " Pearson, 1901",
)
MEASURES = (CORRELATION_CHANGE, RECONSTRUCTION_ERROR)
