"""The 2022 series of a dataset: its window's rows in the form that `modelvane.compat` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from modelvane import compat
from modelvane.block import Block, category_names
from modelvane.casting import Fault, Numbers
from modelvane.config import ColumnMapping, DatasetSection
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.ruler import CategoricalRuler, Ruler
from modelvane.tallies import codec
from modelvane.tallies.categorical import Codes
from modelvane.times import NO_TIME

EXTRA = "evidently"


class Compatible:
    """Computes the 2022 series of one dataset.

    Parameters
    ----------
    reference
        With the facts behind these series among its extras (see `facts_of`).
    section
        The dataset's part of the config.
    """

    def __init__(self, reference: Reference, section: DatasetSection) -> None:
        facts, arrays = codec.loads(reference.extras[EXTRA], EXTRA)
        self._facts = compat.Facts.from_arrays(arrays, facts)
        self._mapping = section.column_mapping.compatible()
        self._monitors = section.monitors
        self._time = section.column_mapping.datetime

    def series(self, monitor: Monitor) -> Sequence[compat.Sample]:
        """Give the series of the current window; none before it is full, as in 2022."""
        block = monitor.window()
        if block.rows < monitor.settings.window.rows:
            return ()
        columns = columns_of(block, monitor.reference.rulers, self._time)
        return compat.series(self._facts, columns, self._mapping, self._monitors)


def facts_of(reference: Reference, block: Block, mapping: ColumnMapping) -> bytes:
    """Freeze the facts behind the 2022 series from the reference's rows."""
    columns = columns_of(block, reference.rulers, mapping.datetime)
    arrays, facts = compat.Facts.of(columns, mapping.compatible()).to_arrays()
    return codec.dumps(EXTRA, facts, arrays)


def columns_of(block: Block, rulers: Mapping[str, Ruler], time: str | None) -> dict[str, NDArray[Any]]:
    """Give rows as the arrays that `modelvane.compat` reads; canonical categories become numbers where they are."""
    columns: dict[str, NDArray[Any]] = {}
    for name, column in block.columns.items():
        ruler = rulers[name]
        if isinstance(column, Numbers):
            columns[name] = _with_infinities(column)
        elif isinstance(column, Codes) and isinstance(ruler, CategoricalRuler):
            values: list[Any] = [_plain(category) for category in category_names(ruler, column)]
            columns[name] = np.array([*values, None], object)[:-1]
    if time is not None and (block.times != NO_TIME).any():
        columns[time] = block.times.astype("datetime64[us]")
    return columns


def _with_infinities(column: Numbers) -> NDArray[np.float64]:
    if column.faults is None:
        return column.values
    values = column.values.copy()
    values[column.faults == Fault.POSITIVE_INFINITE] = np.inf
    values[column.faults == Fault.NEGATIVE_INFINITE] = -np.inf
    return values


def _plain(category: str | None) -> Any:
    if category is None:
        return None
    try:
        number = msgspec.json.decode(category.encode(), type=int | float)
    except msgspec.DecodeError:
        return category
    return number
