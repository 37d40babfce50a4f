"""Pages of a log as Arrow tables that any tool reads, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.raw_column import RawColumn
from modelvane.schema import Column, Kind, Role, Schema
from modelvane.store.results import Labels, Rows
from modelvane.store.values import given, is_unicode
from modelvane.table import Table
from modelvane.times import NO_TIME
from modelvane.transfer.columns import (
    OTHER,
    Misfits,
    fit_as,
    of_other,
    present,
    scattered,
    to_other,
    type_of,
    unfit,
)

_OWN = "modelvane_"
_SEQ, _RECEIVED, _LABELLED = f"{_OWN}seq", f"{_OWN}received", f"{_OWN}labelled"
_MOMENT = pa.timestamp("us", "UTC")
_MICROSECONDS_PER_DAY = 86_400_000_000


@dataclass(frozen=True)
class Parts:
    """How the rows and labels of a dataset stand in files.

    Parameters
    ----------
    schema
        As of when the first part was written: what came later is in `modelvane.transfer.columns.OTHER`.
    """

    schema: Schema

    @cached_property
    def id_name(self) -> str:
        """The column of ids: the schema's own, ``id`` where it has none, or ours where that means something else."""
        if self.schema.id is not None and _is_usable(self.schema.id.name):
            return self.schema.id.name
        return "id" if self.schema.id is None and "id" not in self.schema else f"{_OWN}id"

    @cached_property
    def time_name(self) -> str:
        """The column of event times: the schema's own, or ours."""
        time = self.schema.time
        return time.name if time is not None and _is_usable(time.name) else f"{_OWN}time"

    @cached_property
    def date_name(self) -> str:
        """What the days of event times are called among the folders' names."""
        return "date" if "date" not in self.schema else f"{_OWN}date"

    @cached_property
    def _typed(self) -> tuple[Column, ...]:
        """Columns with a column of their own in files, but for id and time."""
        own = {self.id_name, self.time_name}
        return tuple(column for column in self.schema if column.name not in own and _is_usable(column.name))

    @cached_property
    def _target(self) -> Column:
        return self.schema.target or Column("target", Role.TARGET, Kind.CATEGORICAL, "string")

    def of_rows(self, rows: Rows) -> pa.Table:
        """Give rows as a table, in order of arrival."""
        times = pa.array(rows.times, _MOMENT)
        columns: dict[str, Any] = {self.id_name: pa.array(rows.ids, pa.string()), self.time_name: times}
        misfits: dict[str, Misfits] = {}
        for column in self._typed:
            raw = rows.table.get(column.name)
            if raw is None:
                columns[column.name] = pa.nulls(len(rows), type_of(column))
            else:
                columns[column.name], misfits[column.name] = fit_as(raw, column)
        for name in rows.table.names:
            if name not in misfits and not self._is_own(name):
                misfits[name] = present(rows.table[name])
        columns[_SEQ] = rows.seqs
        columns[_RECEIVED] = rows.received
        columns[_LABELLED] = pa.array(rows.labelled, mask=np.isnan(rows.labelled))
        columns[OTHER] = to_other(misfits, len(rows))
        return pa.table(columns)

    def _is_own(self, name: str) -> bool:
        """Whether a column of the log only says again which id or time a row has."""
        own = (self.schema.id, self.schema.time)
        return name in {self.id_name, *(column.name for column in own if column is not None)}

    def to_rows(self, table: pa.Table) -> Rows:
        """Read what `of_rows` gave, in whatever order its rows are now."""
        table = table.sort_by(_SEQ)
        misfits = of_other(table[OTHER])
        times = table[self.time_name]
        columns: dict[str, RawColumn] = {}
        if self.schema.id is not None or not self.id_name.startswith(_OWN):
            columns[self.schema.id.name if self.schema.id else self.id_name] = table[self.id_name]
        if self.schema.time is not None:
            columns[self.schema.time.name] = times
        for column in self._typed:
            columns[column.name] = unfit(table[column.name], misfits.pop(column.name, {}))
        columns |= {name: scattered(values, table.num_rows) for name, values in misfits.items()}
        labelled = _floats(pc.fill_null(table[_LABELLED], np.nan))
        return Rows(
            _integers(table[_SEQ]),
            table[self.id_name].to_pylist(),
            _integers(times),
            _floats(table[_RECEIVED]),
            labelled,
            # nor when its label came, beside the label's own time
            labelled,
            # of a row with a label a file does not say what came before it
            given(columns.get(self._target.name, [None] * table.num_rows)) & np.isnan(labelled),
            Table(columns, table.num_rows),
        )

    def by_day(self, table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        """Cut rows by the day of their event time, in UTC: each with the name of its folder."""
        days = _integers(table[self.time_name]) // _MICROSECONDS_PER_DAY
        for day in np.unique(days):
            name = f"{self.date_name}={np.datetime64(int(day), 'D')}"
            yield name, table.filter(pa.array(days == day)) if (days != day).any() else table

    def of_labels(self, labels: Labels) -> pa.Table:
        """Give labels as a table, in their order."""
        targets, misfits = fit_as(labels.targets, self._target)
        return pa.table(
            {
                "id": pa.array(labels.ids, pa.string()),
                "target": targets,
                "time": pa.array(labels.times, _MOMENT, mask=labels.times == NO_TIME),
                _SEQ: labels.seqs,
                _RECEIVED: labels.received,
                OTHER: to_other({"target": misfits}, len(labels)),
            }
        )

    def to_labels(self, table: pa.Table) -> Labels:
        """Read what `of_labels` gave."""
        misfits = of_other(table[OTHER]).get("target", {})
        targets = unfit(table["target"], misfits)
        return Labels(
            _integers(table[_SEQ]),
            table["id"].to_pylist(),
            targets if isinstance(targets, list) else targets.to_pylist(),
            np.asarray(pc.fill_null(pc.cast(table["time"], pa.int64()), NO_TIME), np.int64),
            _floats(table[_RECEIVED]),
        )


def _is_usable(name: str) -> bool:
    """Whether a column may have its name in a file that any tool reads."""
    return bool(name) and "\0" not in name and not name.startswith(_OWN) and is_unicode(name)


def _integers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(pc.cast(column, pa.int64()), np.int64)


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    return np.asarray(column, np.float64)


_TYPES = {"int": pa.int64(), "float | None": pa.float64()}
_ROUNDS = pa.schema(
    [
        ("computed_at", pa.float64()),
        ("rows", pa.int64()),
        ("labelled", pa.int64()),
        ("since", pa.float64()),
        ("until", pa.float64()),
        (
            "findings",
            pa.list_(
                pa.struct(
                    [(name, _TYPES.get(kind, pa.string())) for name, kind in Finding.__annotations__.items()]
                )
            ),
        ),
    ]
)


def of_rounds(rounds: Sequence[Findings]) -> pa.Table:
    """Give rounds of findings as a table: one row per round, its findings a list."""
    return pa.Table.from_pylist(
        [
            {
                "computed_at": found.computed_at,
                "rows": found.rows,
                "labelled": found.labelled,
                "since": found.period[0] if found.period else None,
                "until": found.period[1] if found.period else None,
                "findings": [finding.to_dict() for finding in found],
            }
            for found in rounds
        ],
        schema=_ROUNDS,
    )


def to_rounds(table: pa.Table, dataset: str) -> list[Findings]:
    """Read what `of_rounds` gave."""
    return [
        Findings(
            dataset,
            row["computed_at"],
            row["rows"],
            row["labelled"],
            tuple(map(_finding, row["findings"])),
            None if row["until"] is None else (row["since"], row["until"]),
        )
        for row in table.to_pylist()
    ]


def _finding(values: dict[str, Any]) -> Finding:
    return Finding(**values | {"family": Family(values["family"]), "verdict": Verdict(values["verdict"])})
