"""The runs: which rows, in which order, with which fault; written down once, so that every detector sees the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bench.faults.cases import Case
from bench.faults.datasets import DATASETS, Dataset
from bench.faults.looks import ROWS, WINDOW
from numpy.typing import NDArray

from modelvane.faults import inject
from modelvane.table import Table

FOLDER = Path(".cache/faults")
UNDRIFTED = 2000


class Streams:
    """All rows of one dataset that detectors see, as Parquet files of a folder.

    Parameters
    ----------
    name
        Of the dataset.
    runs
        Streams per fault.
    """

    def __init__(self, name: str, runs: int) -> None:
        self.folder = FOLDER / name
        self.runs = runs
        self._name = name
        self.folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def dataset(self) -> Dataset:
        """The rows themselves."""
        return DATASETS[self._name]()

    def reference(self) -> Path:
        """Give the file of the reference's rows, with the model's predictions."""
        path = self.folder / "reference.parquet"
        if not path.exists():
            self._write(self.dataset.predicted(Table.of(self.dataset.known)), path)
        return path

    def pool(self) -> Path:
        """Give the file of the rows that windows are drawn from."""
        path = self.folder / "pool.parquet"
        if not path.exists():
            self._write(self.dataset.predicted(Table.of(self.dataset.pool)), path)
        return path

    def undrifted(self) -> Path:
        """Give the file of which rows of the pool make each window without a fault; shape ``(windows, rows)``."""
        path = self.folder / "undrifted.npy"
        if not path.exists():
            rng = np.random.default_rng(1)
            rows = pq.read_metadata(self.pool()).num_rows
            drawn = [rng.choice(rows, WINDOW, replace=False) for _ in range(UNDRIFTED)]
            np.save(path, np.stack(drawn).astype(np.int32))
        return path

    def plan(self, chosen: Sequence[Case]) -> None:
        """Write down what peers need to know of the dataset, and which faults there are."""
        dataset = self.dataset
        columns = {
            "numerical": list(dataset.numerical),
            "categorical": list(dataset.categorical),
            "target": dataset.target,
            "classes": dataset.classes,
        }
        plan = {"columns": columns, "cases": [case.key for case in chosen]}
        (self.folder / "plan.json").write_text(json.dumps(plan))

    def faulty(self, case: Case) -> Path:
        """Give the file of a fault's runs, one after the other."""
        path = self.folder / f"{case.key}.parquet"
        if not path.exists() or pq.read_metadata(path).num_rows < self.runs * ROWS:
            pool = pq.read_table(self.pool())
            made = [self._run(pool, case, run) for run in range(self.runs)]
            pq.write_table(pa.concat_tables(made), path)
        return path

    def _run(self, pool: pa.Table, case: Case, run: int) -> pa.Table:
        # the same rows for every fault, so that faults differ by nothing else
        rows = Table.of(pool.take(_drawn(pool.num_rows, run)))
        changed = inject(rows, replace(case.fault, seed=run))
        if case.fault.column in self.dataset.seen:
            changed = self.dataset.predicted(changed)
        return self._table(changed)

    def _write(self, rows: Table, path: Path) -> None:
        pq.write_table(self._table(rows), path)

    def _table(self, rows: Table) -> pa.Table:
        numbers = {*self.dataset.numerical, "prediction"} | ({self.dataset.target} - {*self._classes})
        return pa.table(
            {
                name: pa.array(rows.values(name), pa.float64() if name in numbers else pa.string())
                for name in self.dataset.columns
            }
        )

    @property
    def _classes(self) -> tuple[str, ...]:
        return (self.dataset.target,) if self.dataset.classes else ()


def _drawn(rows: int, run: int) -> NDArray[np.int64]:
    return np.random.default_rng((2, run)).choice(rows, ROWS, replace=False)
