"""Seconds to build a reference, null moments of all sizes included, and the size of its file."""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
from bench.figures import Row, show
from bench.mixed import mixed

from modelvane import Reference


def run(*, quick: bool = False) -> list[Row]:
    """Build one of 76 000 x 20 and one of 76 000 x 1000; a plain numpy sort of every column stands beside them."""
    rows = _build("76 000 x 20", mixed(76_000, 1), 5.0)
    wide = 100 if quick else 1000
    rng = np.random.default_rng(1)
    columns = {f"x{i}": rng.lognormal(1, 0.5, 76_000) for i in range(wide // 2)}
    columns |= {f"c{i}": rng.integers(0, 50, 76_000).astype(str) for i in range(wide // 2)}
    return rows + _build(f"76 000 x {wide}", pa.table(columns), 600.0 * wide / 1000)


def _build(what: str, table: pa.Table, reach: float) -> list[Row]:
    started = time.perf_counter()
    for name in table.column_names:
        np.sort(table[name].to_numpy())
    plain = time.perf_counter() - started
    started = time.perf_counter()
    reference = Reference.of(table)
    seconds = time.perf_counter() - started
    size = len(reference.to_bytes())
    return [
        Row(f"{what}: build", f"{seconds:.1f} s", f"<= {reach:.0f} s", seconds <= reach),
        Row(f"{what}: build / sorting its columns", f"{seconds / plain:.0f}"),
        Row(f"{what}: file", f"{size / 1024:.0f} kB"),
    ]


if __name__ == "__main__":
    show("Building a reference", run())
