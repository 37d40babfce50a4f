"""The tally of a dataset as facts and arrays: what a reference's file keeps of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from modelvane.performance import PerformanceRuler
from modelvane.row_ruler import RowRuler
from modelvane.row_rulers import state_of, tallies_of
from modelvane.ruler import ListRuler, NumericalRuler, Ruler
from modelvane.tallies import codec
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.dataset import ColumnTally, DatasetTally
from modelvane.tallies.list_tally import ListTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.outliers import OutlierTally
from modelvane.tallies.repeats import RepeatTally


def dataset_state(tally: DatasetTally) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Give the facts and arrays of a tally, as a file keeps them."""
    facts: dict[str, Any] = {"rows": tally.rows, "columns": {}, "performance": {}, "segments": {}}
    arrays: dict[str, NDArray[Any]] = {}
    for name, column in tally.columns.items():
        facts["columns"][name] = column.facts()
        arrays |= codec.nested(f"column/{name}", column.arrays())
    for name, part in tally.performance.items():
        facts["performance"][name] = part.facts()
        arrays |= codec.nested(f"performance/{name}", part.arrays())
    for name, segment in tally.segments.items():
        facts["segments"][name], inner = dataset_state(segment)
        arrays |= codec.nested(f"segment/{name}", inner)
    if tally.repeats is not None:
        arrays |= codec.nested("repeats", tally.repeats.arrays())
    if tally.outliers is not None:
        arrays |= codec.nested("outliers", tally.outliers.arrays())
    if tally.together:
        # files of tallies without are as they were before there were any
        facts["together"], counted = state_of(tally.together)
        arrays |= codec.nested("together", counted)
    return facts, arrays


def dataset_of(
    rulers: Mapping[str, Ruler],
    performance: PerformanceRuler | None,
    facts: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
    row_rulers: Mapping[str, RowRuler],
) -> DatasetTally:
    """Read what `dataset_state` gave, on the rulers of its reference."""
    columns: dict[str, ColumnTally] = {}
    for name, about in facts["columns"].items():
        ruler, inside = rulers[name], codec.inside(f"column/{name}", arrays)
        if isinstance(ruler, NumericalRuler):
            columns[name] = NumericalTally.from_arrays(ruler, about, inside)
        elif isinstance(ruler, ListRuler):
            columns[name] = ListTally.from_arrays(ruler, about, inside)
        else:
            columns[name] = CategoricalTally.from_arrays(ruler, about, inside)
    parts = {
        name: performance.tally_from_arrays(name, about, codec.inside(f"performance/{name}", arrays))
        for name, about in facts["performance"].items()
        if performance is not None
    }
    segments = {
        name: dataset_of(rulers, performance, about, codec.inside(f"segment/{name}", arrays), row_rulers)
        for name, about in facts["segments"].items()
    }
    paired = codec.inside("repeats", arrays)
    repeats = RepeatTally.from_arrays(paired) if paired else None
    scored = codec.inside("outliers", arrays)
    outliers = OutlierTally.from_arrays(scored) if scored else None
    together = tallies_of(row_rulers, facts.get("together", {}), codec.inside("together", arrays))
    return DatasetTally(facts["rows"], columns, parts, segments, repeats, outliers, together=together)
