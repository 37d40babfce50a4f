"""A reference by hour of the week: what its columns are at the hours of a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Block, Encoded
from modelvane.calibration.calibration import Calibration, cells_of, cells_on
from modelvane.calibration.hourly import HourlyRows, calibrate_hourly
from modelvane.divergences.base import Divergence
from modelvane.hours import Hours
from modelvane.ruler import CategoricalRuler, ListRuler, NumericalRuler, Ruler
from modelvane.schema import Schema
from modelvane.tallies import codec
from modelvane.tallies.dataset import ColumnTally
from modelvane.tallies.hourly import HourlyTally
from modelvane.tallies.sample import Sample


class HourlyColumn(NamedTuple):
    """A column by hour of the week, and what was learned of its noise and habit."""

    tally: HourlyTally
    calibration: Calibration


class HourRuler(Struct, frozen=True, eq=False):
    """Counts a column by class of hours, of rows that will be what a window is compared with.

    Parameters
    ----------
    name
        See `hours_of`.
    column, ruler
        What is counted, and on what.
    hours
        Classes of hours.
    of_truth
        Whether it is the target, which is counted where it is known.
    """

    name: str
    column: str
    ruler: NumericalRuler | CategoricalRuler
    hours: Hours
    of_truth: bool

    @property
    def columns(self) -> Sequence[str]:
        """The one."""
        return (self.column,)

    def count(self, block: Block) -> HourlyTally:
        """Count rows; whatever was never seen is one cell."""
        cells = np.minimum(cells_on(self.ruler, block.columns[self.column]), self.ruler.size - 1)
        return HourlyTally.of(self.hours.of_rows(block.times), cells, (len(self.hours), self.ruler.size))

    def facts(self) -> dict[str, Any]:
        """Give nothing: it follows from the reference."""
        return {}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give nothing, as `facts`."""
        return {}

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> HourlyTally:
        """Read a tally's facts and arrays."""
        return HourlyTally.from_arrays(facts, arrays)


def hours_of(column: str) -> str:
    """Name the tally of a column by hour among those of several columns: a column is counted with its time."""
    return f"hours of {column}"


class HourlyReference(Struct, frozen=True, eq=False):
    """What is known of a reference by hour of the week, beside what is known of it as a whole.

    Parameters
    ----------
    hours
        Classes of hours.
    tallies
        By column, over all rows; columns of lists have none.
    calibration
        Noise and habit of windows that are compared with it.
    """

    hours: Hours
    tallies: Mapping[str, HourlyTally]
    calibration: Calibration

    def judges(self, column: str, measure: str) -> bool:
        """Whether a measure was calibrated by hour, over all rows."""
        return ("", column, measure) in self.calibration.habits

    def at(self, hours: NDArray[np.int64] | None, column: str, measure: str, whole: Sample) -> Sample | None:
        """Give a column's sample at the hours of a window.

        ``None`` where the measure was not calibrated by hour, or where the window's hours are not known: then the
        whole is what it is compared with.
        """
        if hours is None or not self.judges(column, measure):
            return None
        return self.tallies[column].at(hours, whole)

    def rulers(self, schema: Schema, rulers: Mapping[str, Ruler]) -> dict[str, HourRuler]:
        """Give what counts rows as these were, where a later window is to be compared with them."""
        target = None if schema.target is None else schema.target.name
        found = {}
        for name in self.tallies:
            ruler = rulers[name]
            # lists are not known by hour
            if not isinstance(ruler, ListRuler):
                found[hours_of(name)] = HourRuler(hours_of(name), name, ruler, self.hours, name == target)
        return found

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {"zone": self.hours.zone, "calibration": self.calibration.facts()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        held: dict[str, NDArray[Any]] = {"classes": self.hours.classes}
        held |= codec.nested("calibration", self.calibration.arrays())
        for name, tally in self.tallies.items():
            held[f"rows/{name}"] = tally.rows
            held[f"counts/{name}"] = tally.counts
        return held

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> HourlyReference:
        """Read what `facts` and `arrays` gave."""
        counts = codec.inside("counts", arrays)
        rows = codec.inside("rows", arrays)
        return cls(
            Hours(facts["zone"], arrays["classes"]),
            {name: HourlyTally.of_counts(rows[name], counts[name]) for name in counts},
            Calibration.from_arrays(facts["calibration"], codec.inside("calibration", arrays)),
        )


class RowHours(NamedTuple):
    """The hours of a reference's rows, in time order: what its columns are measured by.

    Parameters
    ----------
    hours
        Classes of hours.
    of_rows
        The class of each row; -1 where it has no time.
    """

    hours: Hours
    of_rows: NDArray[np.int64]

    @classmethod
    def of(cls, times: NDArray[np.int64], zone: str) -> RowHours:
        """Choose classes for rows in time order; ``times`` in microseconds since 1970."""
        hours = Hours.of(times, zone)
        return cls(hours, hours.of_rows(times))

    def measured(
        self,
        column: str,
        tally: ColumnTally,
        rows: Encoded,
        divergences: Sequence[Divergence],
        plain: Calibration,
    ) -> HourlyColumn:
        """Count a column by hour, and learn its lines; ``plain`` are those without regard to hours."""
        cells = cells_of(tally, rows)
        shape = len(self.hours), len(tally.sample.counts)
        known = HourlyRows.of(tally.sample, self.of_rows, cells, shape)
        calibration = calibrate_hourly(column, tally, known, divergences if tally.n else (), plain)
        return HourlyColumn(HourlyTally.of(self.of_rows, cells, shape), calibration)

    def reference(self, columns: Mapping[str, HourlyColumn | None]) -> HourlyReference:
        """Put columns together; ``None`` is one that is not known by hour."""
        known = {name: column for name, column in columns.items() if column is not None}
        return HourlyReference(
            self.hours,
            {name: column.tally for name, column in known.items()},
            Calibration.of_parts(column.calibration for column in known.values()),
        )
