"""What is measured of columns together, as the catalogue tells it."""

from __future__ import annotations

from msgspec import Struct

from modelvane.multivariate.ruler import NAME as MOMENTS
from modelvane.multivariate.sample_ruler import NAME as SAMPLE


class RowMeasure(Struct, frozen=True):
    """One number of rows as a whole; larger is farther from the reference.

    Parameters
    ----------
    name, title
        Its name in configs and series, and in prose.
    unit
        As in `modelvane.findings.Finding`.
    source
        Formula or paper.
    of
        The row ruler whose tally it is read off.
    needs
        What must be there.
    """

    name: str
    title: str
    unit: str
    source: str
    of: str
    needs: str = "two columns that vary"


CORRELATION_CHANGE = RowMeasure(
    "correlation_change",
    "Largest change of a correlation",
    "",
    "max |r - r of the reference| over pairs of columns, r of normal scores: van der Waerden, 1952",
    MOMENTS,
)
RECONSTRUCTION_ERROR = RowMeasure(
    "reconstruction_error",
    "PCA reconstruction error",
    "",
    "mean squared distance from the plane of the reference's principal components, in standard deviations, per column:"
    " Pearson, 1901",
    MOMENTS,
)
MEAN_DISCREPANCY = RowMeasure(
    "maximum_mean_discrepancy",
    "Maximum mean discrepancy",
    "",
    "distance of the mean features of at most 2000 rows from the reference's, of a Gaussian kernel:"
    " Gretton et al., 2012; Rahimi and Recht, 2007",
    SAMPLE,
)
DOMAIN_CLASSIFIER = RowMeasure(
    "domain_classifier_auc",
    "ROC AUC of a domain classifier",
    "",
    "how well rows that it has not seen are told from the reference's; 0.5 is a coin",
    SAMPLE,
    needs="two columns that vary, and `multivariate: {classifier: true}`",
)
MEASURES = (CORRELATION_CHANGE, RECONSTRUCTION_ERROR, MEAN_DISCREPANCY, DOMAIN_CLASSIFIER)
