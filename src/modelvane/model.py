"""A model over reference rows, for references that were written without its predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from modelvane.errors import DecodeError
from modelvane.functions import ModelError, load_function
from modelvane.table import Table

Model = Callable[[pa.Table], Any]
"""Takes the reference's columns, and returns one prediction per row."""


def load_model(name: str, folder: Path = Path()) -> Model:
    """Import a model by its name, ``package.module:function``.

    Parameters
    ----------
    folder
        Where modules are looked for too, after Python's own path: that of the config.

    Raises
    ------
    ModelError
        When it cannot be imported, or is not callable.

    Examples
    --------
    >>> load_model("math:sqrt")(9)
    3.0
    """
    model: Model = load_function(
        name, folder, "model", "a function of columns that returns one prediction per row"
    )
    return model


def with_predictions(table: Table, model: Model, name: str, columns: Sequence[str]) -> Table:
    """Ask a model about every row, and give the table with its predictions.

    Parameters
    ----------
    name
        Of the model, for errors.
    columns
        The prediction column; or one of probabilities per class, for which the model returns a mapping of these
        names, or an array of shape ``(rows, classes)`` in this order.

    Raises
    ------
    ModelError
        When the model raises, or does not return one prediction per row.
    """
    rows = pa.table({each: table[each] for each in table.names})
    try:
        found = model(rows)
    except Exception as error:
        raise ModelError(
            f"The model {name!r} failed over the reference: {type(error).__name__}: {error}",
            remedy=f"Its argument is a pyarrow table with the columns {', '.join(table.names)}",
        ) from error
    try:
        predicted = Table.of(_by_column(found, columns))
    except (DecodeError, TypeError, ValueError, pa.ArrowException) as error:
        raise _unusable(name, type(found).__name__, columns, table.rows) from error
    if predicted.rows != table.rows:
        raise _unusable(name, f"{predicted.rows} predictions", columns, table.rows)
    for column in columns:
        table = table.with_column(column, predicted[column])
    return table


def _by_column(found: Any, columns: Sequence[str]) -> dict[str, Any]:
    if isinstance(found, Mapping):
        if any(column not in found for column in columns):
            raise TypeError(found)
        return {column: _values(found[column]) for column in columns}
    if getattr(found, "ndim", 1) == 2 and found.shape[1] == len(columns):
        # a model fitted to a column vector returns one, too
        return {column: found[:, at] for at, column in enumerate(columns)}
    if len(columns) > 1:
        raise TypeError(found)
    return {columns[0]: _values(found)}


def _values(found: Any) -> Any:
    if isinstance(found, str | bytes):
        raise TypeError(found)
    is_column = isinstance(found, pa.Array | pa.ChunkedArray) or hasattr(found, "__arrow_c_stream__")
    return found if is_column or hasattr(found, "dtype") else list(found)


def _unusable(name: str, received: str, columns: Sequence[str], rows: int) -> ModelError:
    each = "" if len(columns) == 1 else f" for each of {', '.join(columns)}"
    return ModelError(
        f"The model {name!r} did not return one prediction per row of the reference",
        received=received,
        expected=f"a list, array or series of {rows} predictions{each}",
    )
