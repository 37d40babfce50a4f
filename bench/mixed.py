"""Twenty mixed columns of invented data, for benchmarks of speed alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def mixed(rows: int, seed: int) -> pa.Table:
    """Ten numerical and ten categorical columns; two of the numerical ones are prediction and target."""
    rng = np.random.default_rng(seed)
    columns = {f"number{i}": np.round(rng.lognormal(1, 0.5 + 0.05 * i, rows), 2 + i) for i in range(8)}
    columns |= {f"category{i}": rng.integers(0, 5 + 20 * i, rows).astype(str) for i in range(10)}
    columns["prediction"] = rng.normal(12, 5, rows)
    columns["target"] = columns["prediction"] + rng.normal(0, 2, rows)
    return pa.table(columns)


NUMERICAL = (*(f"number{i}" for i in range(8)), "prediction", "target")
CATEGORICAL = tuple(f"category{i}" for i in range(10))
