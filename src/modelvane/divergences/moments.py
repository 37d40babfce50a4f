"""Mean and variance of a numerical sample."""

from __future__ import annotations

import numpy as np

from modelvane.divergences.open_cells import require_numerical, require_slack
from modelvane.tallies.sample import Array, Sample


def moments(sample: Sample) -> tuple[Array, Array]:
    """Give mean and unbiased variance, each of shape ``(...)``; NaN where there are too few rows for them.

    A sample that comes without them, a draw of counts, has them from its cells: the rows of an open cell are
    taken to lie where their mean does.
    """
    if sample.mean is not None and sample.variance is not None:
        return np.asarray(sample.mean, np.float64), np.asarray(sample.variance, np.float64)
    edges = require_numerical(sample).edges
    slack = require_slack(sample)
    rows = np.asarray(sample.counts, np.float64)
    # an open cell's rows lie below the edge above them, the last ones above the edge below them
    away = np.divide(slack, rows[..., ::2], out=np.zeros_like(slack), where=rows[..., ::2] > 0)
    center = require_numerical(sample).center
    places = np.empty_like(rows)
    places[..., 1::2] = edges - center
    places[..., :-1:2] = edges - center - away[..., :-1]
    places[..., -1] = edges[-1] - center + away[..., -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.einsum("...i,...i->...", rows, places) / sample.n
        places -= mean[..., None]
        variance = np.einsum("...i,...i,...i->...", rows, places, places) / (sample.n - 1)
    return center + mean, np.asarray(variance)
