"""The rows that faults are put into: trips with a regression, lines of an online shop with a classifier.

Of each, some rows drawn at random are for fitting a model, some are the reference, and the others the pool that runs
are drawn from: rows without a fault are exchangeable with the reference's, and as new to the model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from bench.trips import CATEGORICAL, NUMERICAL, month_of_trips
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from modelvane.casting import as_numbers
from modelvane.errors import ConfigError
from modelvane.table import Table

TRAINING, REFERENCE, POOL = 15_000, 20_000, 60_000
BULK = 12


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows, what their columns are, and the model.

    Parameters
    ----------
    name
        Of the dataset.
    numerical, categorical
        Features.
    seen
        Features that the model uses.
    target
        The column of the truth; classes where ``classes`` is set.
    training, known, pool
        The model's rows, the reference's, and those that runs are drawn from.
    """

    name: str
    numerical: Sequence[str]
    categorical: Sequence[str]
    seen: Sequence[str]
    target: str
    classes: bool
    training: pa.Table
    known: pa.Table
    pool: pa.Table

    @classmethod
    def of(cls, rows: pa.Table, seed: int = 0, **described: Any) -> Dataset:
        """Draw which rows are for what."""
        order = np.random.default_rng(seed).permutation(rows.num_rows)
        parts = np.split(order, np.cumsum([TRAINING, REFERENCE, POOL]))
        training, known, pool = (rows.take(part) for part in parts[:3])
        return cls(training=training, known=known, pool=pool, **described)

    @cached_property
    def model(self) -> HistGradientBoostingRegressor | HistGradientBoostingClassifier:
        """The model, fitted."""
        kind = HistGradientBoostingClassifier if self.classes else HistGradientBoostingRegressor
        return kind(random_state=0).fit(
            self._inputs(Table.of(self.training)), np.asarray(self.training[self.target])
        )

    @property
    def columns(self) -> list[str]:
        """Everything that is watched."""
        return [*self.numerical, *self.categorical, "prediction", self.target]

    def predicted(self, rows: Table) -> Table:
        """Give rows with what the model makes of them."""
        inputs = self._inputs(rows)
        values = self.model.predict_proba(inputs)[:, 1] if self.classes else self.model.predict(inputs)
        return rows.with_column("prediction", pa.chunked_array([pa.array(values)]))

    def _inputs(self, rows: Table) -> NDArray[np.float64]:
        columns = []
        for name in self.seen:
            numbers = as_numbers(rows[name])
            usable = numbers.values
            if name in self.categorical:
                usable = self._codes(name, rows)
            elif numbers.faults is not None:
                usable = np.where(numbers.faults == 0, usable, np.nan)
            columns.append(usable)
        return np.stack(columns, axis=1)

    def _codes(self, name: str, rows: Table) -> NDArray[np.float64]:
        codes = pc.index_in(pa.chunked_array(rows[name]), self._categories[name])
        return np.asarray(codes.cast(pa.float64()).fill_null(np.nan))

    @cached_property
    def _categories(self) -> Mapping[str, pa.Array]:
        return {name: pc.unique(self.training[name].drop_null()).sort() for name in self.categorical}


def taxi() -> Dataset:
    """Trips of January 2021; the model predicts their duration from what is known when they begin, and the distance."""
    rows = month_of_trips("2021-01").select([*NUMERICAL, *CATEGORICAL])
    return Dataset.of(
        _with_texts(rows, CATEGORICAL),
        name="taxi",
        # speed is distance by duration: no fault of either would leave it as it is
        numerical=[name for name in NUMERICAL if name not in ("duration", "speed")],
        categorical=CATEGORICAL,
        seen=("trip_distance", "PULocationID", "DOLocationID", "hour", "weekday"),
        target="duration",
        classes=False,
    )


def retail() -> Dataset:
    """Lines of an online shop; the model says how likely one is of a dozen pieces or more."""
    lines = pq.read_table(_retail_file())
    at = lines["InvoiceDate"]
    invoice = lines["InvoiceNo"].combine_chunks().dictionary_encode()
    codes = np.asarray(invoice.indices)
    rows = pa.table(
        {
            "UnitPrice": lines["UnitPrice"],
            "lines": np.bincount(codes)[codes].astype(np.float64),
            "words": pc.count_substring(pc.fill_null(lines["Description"], ""), " ").cast(pa.float64()),
            "Country": lines["Country"],
            "group": pc.utf8_slice_codeunits(lines["StockCode"], 0, 2),
            "known": pc.is_valid(lines["CustomerID"]),
            "hour": pc.hour(at),
            "weekday": pc.day_of_week(at),
            "month": pc.month(at),
            "bulk": pc.greater_equal(lines["Quantity"], BULK).cast(pa.int64()),
        }
    )
    categorical = ("Country", "group", "known", "hour", "weekday", "month")
    return Dataset.of(
        _with_texts(rows, (*categorical, "bulk")),
        name="retail",
        numerical=("UnitPrice", "lines", "words"),
        categorical=categorical,
        seen=("UnitPrice", "lines", "words", "Country", "group", "known"),
        target="bulk",
        classes=True,
    )


DATASETS = {"taxi": taxi, "retail": retail}


def _with_texts(rows: pa.Table, columns: Sequence[str]) -> pa.Table:
    for name in columns:
        # a code with missing values beside it has become a float
        kind = rows.schema.field(name).type
        values = (
            rows[name].cast(pa.int64())
            if pa.types.is_floating(kind) and _is_whole(rows[name])
            else rows[name]
        )
        rows = rows.set_column(rows.column_names.index(name), name, values.cast(pa.string()))
    return rows


def _is_whole(column: pa.ChunkedArray) -> bool:
    values = column.drop_null()
    return bool(pc.all(pc.equal(values, pc.floor(values))).as_py())


def _retail_file() -> Path:
    path = Path(os.environ.get("MODELVANE_DATA", "")) / "retail" / "online_retail.parquet"
    if not path.is_file():
        raise ConfigError(
            "This benchmark needs the lines of the online shop",
            received=str(path),
            expected="retail/online_retail.parquet in the folder that MODELVANE_DATA names",
            remedy="Get Online Retail (dataset 352) from the UCI repository",
        )
    return path
