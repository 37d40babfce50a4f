"""The reference: schema, rulers, tallies and what was learned of noise and habit, in one small file without rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane import reference_file, row_rulers
from modelvane.block import Block, encode
from modelvane.building import Built, build
from modelvane.calibration.calibration import Calibration
from modelvane.calibration.lacking import lacking_noise
from modelvane.calibration.moving import MovingHabits
from modelvane.counting import Counter
from modelvane.hourly import HourlyReference
from modelvane.inference import infer_schema
from modelvane.methods import Methods
from modelvane.outliers import OutlierRuler
from modelvane.outliers.forest import NAME as FOREST
from modelvane.outliers.forest import ForestRuler
from modelvane.performance import PerformanceRuler
from modelvane.reference_state import parts_of, state_of
from modelvane.row_ruler import RowKind, RowRuler
from modelvane.ruler import Ruler
from modelvane.schema import Schema
from modelvane.segments import SegmentRuler
from modelvane.table import Table
from modelvane.tallies import codec
from modelvane.tallies.dataset import DatasetTally
from modelvane.tallies.outliers import OutlierTally

KIND = "reference"


@dataclass(frozen=True, eq=False)
class Reference:
    """What current rows are compared with.

    Parameters
    ----------
    schema
        Its columns.
    rulers
        By column name; one for each measured column.
    tally
        Of all its rows: columns, target, performance, segments.
    calibration
        What it says of its own noise and habit.
    performance
        How predictions are held against targets; ``None`` without a prediction and a target.
    period
        First and last event time, microseconds since 1970; ``None`` without a time column.
    extras
        Bytes by name, kept in the file for other parts (such as the facts behind the 2022 series).
    hourly
        What it is at each hour of the week; ``None`` where windows are compared with it as a whole.
    row_rulers
        What counts several columns of a row at once, by name.
    left_out
        Names of row rulers, and ``"outliers"``, by which current rows are not counted.
    breakdowns
        Which rows are in which segments.
    moving
        How far its windows are from those before them; ``None`` where that was not asked.
    values
        Statistics of the reference itself, kept once they were asked for.

    Examples
    --------
    >>> reference = Reference.of({"distance": [1.0, 2.5, 4.0, 3.0]})
    >>> reference.rows
    4
    """

    schema: Schema
    rulers: Mapping[str, Ruler]
    tally: DatasetTally
    calibration: Calibration
    performance: PerformanceRuler | None = None
    period: tuple[int, int] | None = None
    extras: Mapping[str, bytes] = field(default_factory=dict)
    hourly: HourlyReference | None = None
    row_rulers: Mapping[str, RowRuler] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    breakdowns: tuple[SegmentRuler, ...] = ()
    moving: MovingHabits | None = None
    values: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def __repr__(self) -> str:
        return (
            f"Reference({self.rows} rows, {len(self.schema.measured)} measured columns, {self.digest[:12]})"
        )

    @property
    def rows(self) -> int:
        """Rows that it was built from."""
        return self.tally.rows

    @property
    def expected(self) -> list[str]:
        """Columns that rows should have: the target comes late, and contributions where they are known."""
        late = {column.name for column in (self.schema.target, *self.schema.contributions) if column}
        return [name for name in self.rulers if name not in late]

    @property
    def moves_by_hour(self) -> bool:
        """Whether it was built to move, and to be compared with at a window's hours of the week."""
        return self.hourly is not None and self.moving is not None

    @cached_property
    def counter(self) -> Counter:
        """What counts current rows on these rulers."""
        # references of before rows were scored do not say how often which score is usual
        is_scored = self.tally.outliers is not None and row_rulers.OUTLIERS not in self.left_out
        outliers = OutlierRuler.of(self.schema, self.tally.columns) if is_scored else None
        hours = None if self.hourly is None else self.hourly.hours
        together = {name: ruler for name, ruler in self.row_rulers.items() if name not in self.left_out}
        if self.moves_by_hour and self.hourly is not None:
            # rows of now are what later ones are compared with, at other hours
            together |= self.hourly.rulers(self.schema, self.rulers)
        return Counter(self.schema, self.rulers, self.performance, outliers, hours, together, self.breakdowns)

    @property
    def forest(self) -> ForestRuler | None:
        """What scores rows in place of their cells' surprisals; ``None`` where nothing does."""
        found = None if FOREST in self.left_out else self.row_rulers.get(FOREST)
        return found if isinstance(found, ForestRuler) else None

    def outliers_of(self, tally: DatasetTally) -> OutlierTally | None:
        """Give the scores of rows, by whichever way this reference scores them; ``None`` where it does not."""
        if self.forest is None:
            return tally.outliers
        found = tally.together.get(FOREST)
        return found if isinstance(found, OutlierTally) else None

    def leaving_out(self, names: Collection[str]) -> Reference:
        """Give the same reference, by which some of what looks at whole rows is not counted.

        Parameters
        ----------
        names
            Of `row_rulers`, or ``"outliers"``.

        Raises
        ------
        UnknownNameError
            For a name that no reference of this version has.
        """
        row_rulers.require_known(names)
        left_out = self.left_out | frozenset(names)
        return self if left_out == self.left_out else replace(self, left_out=left_out)

    @cached_property
    def digest(self) -> str:
        """Hash of the contents, in hexadecimal."""
        return blake2b(codec.content(KIND, *self._state()), digest_size=16).hexdigest()

    def encode(self, data: Any, times: NDArray[np.int64] | None = None) -> Block:
        """Cast rows and look them up on the rulers; ``times`` (microseconds) where they are known."""
        return encode(Table.of(data), self.schema, self.rulers, times)

    @classmethod
    def of(
        cls,
        data: Any,
        *,
        schema: Schema | None = None,
        methods: Methods | None = None,
        hours: str | None = None,
        moving: int | None = None,
        threads: int = 2,
        started: Callable[[int], None] = lambda _columns: None,
        advance: Callable[[], None] = lambda: None,
        extras: Mapping[str, bytes] | None = None,
        also: Sequence[RowKind] = (),
        leave_out: Collection[str] = (),
        **columns: Any,
    ) -> Reference:
        """Build a reference from any table.

        Parameters
        ----------
        data
            Whatever `Table.of` reads: a data frame, rows, columns, a file's path.
        schema
            What each column is; inferred when it is not given (see `infer_schema`, whose keywords are taken here:
            ``target=``, ``prediction=``, ``categorical=``, ``segments=``, ...).
        methods
            Which divergences will be asked for; the defaults otherwise.
        hours
            A time zone (such as ``UTC`` or ``America/New_York``): windows are compared with the reference at their own
            hours of the week, by its clock, rather than with the whole of it.
        moving
            Windows will be compared with so many windows before them: learns how far they usually are from those. With
            ``hours`` it is at their own hours of the week.
        threads
            Columns calibrated at once, and sets of them that row rulers are learned from.
        started, advance
            Called with the number of columns to calibrate, and after each of them.
        also
            What else is to be learned of several columns of a row at once; in place of what is learned under its name.
        leave_out
            Names of what is not learned of them, and so in no file; see `row_rulers`.

        Raises
        ------
        SchemaError, UnknownNameError
            When the data does not have what the schema names.
        ConfigError
            With ``hours``, for an unknown zone, or times of less than two weeks.
        """
        row_rulers.require_known(leave_out)
        table = Table.of(data)
        schema = schema or infer_schema(table, **columns)
        built = build(
            table,
            schema,
            methods or Methods(),
            hours,
            moving,
            [kind for kind in row_rulers.with_defaults(also) if kind.name not in leave_out],
            threads=threads,
            started=started,
            advance=advance,
        )
        return cls._of(schema, built, extras or {})

    def of_other_rows(
        self,
        tally: DatasetTally,
        calibration: Calibration,
        period: tuple[int, int] | None,
        hourly: HourlyReference | None = None,
    ) -> Reference:
        """Give a reference of other rows, which were counted by this one's counter."""
        other = replace(self, tally=tally, calibration=calibration, period=period, hourly=hourly)
        # what rows are counted on was frozen from this one's tally
        other.__dict__["counter"] = self.counter
        return other

    def with_extra(self, name: str, content: bytes) -> Reference:
        """Give the same reference with something more kept in its file."""
        return replace(self, extras={**self.extras, name: content})

    def calibrated(self, methods: Methods) -> Reference:
        """Give the same reference, with the noise of divergences that it was not built for.

        Their nulls need no more than its tally. Their habits would need its rows: such a finding has no usual range.
        """
        parts = {"": self.tally, **self.tally.segments}
        found = lacking_noise(self.calibration, self.schema.measured, parts, methods.of)
        return replace(self, calibration=found) if found is not self.calibration else self

    def to_bytes(self) -> bytes:
        """Write everything; equal references give equal bytes."""
        return codec.dumps(KIND, *self._state())

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        built = Built(**{name: getattr(self, name) for name in Built.__struct_fields__})
        return state_of(self.schema, built, self.extras)

    @classmethod
    def from_bytes(cls, data: bytes) -> Reference:
        """Read what `to_bytes` wrote.

        Raises
        ------
        ReferenceFileError
            When the bytes are of something else, damaged, or of a newer format.
        """
        return cls._of(*parts_of(*codec.loads(data, KIND)))

    @classmethod
    def _of(cls, schema: Schema, built: Built, extras: Mapping[str, bytes]) -> Reference:
        parts = {name: getattr(built, name) for name in Built.__struct_fields__}
        return cls(schema=schema, extras=extras, **parts)

    def save(self, path: str | Path) -> None:
        """Write one file, whole or not at all."""
        reference_file.write(path, self.to_bytes())

    @classmethod
    def load(cls, path: str | Path) -> Reference:
        """Read a file that `save` wrote.

        Raises
        ------
        ReferenceFileError
            When there is no such file, or it is no reference.
        """
        return cls.from_bytes(reference_file.read(path))
