"""Counting rows: from a block to the tallies of its columns, of its performance, and of its segments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.block import Block, Encoded, encode_column
from modelvane.casting import Numbers
from modelvane.hours import Hours
from modelvane.outliers import RARE, OutlierCount, OutlierRuler
from modelvane.performance import PerformanceRuler
from modelvane.recommendation import RecommendationRuler
from modelvane.row_ruler import RowRuler, RowTally
from modelvane.ruler import ListRuler, NumericalRuler, Ruler
from modelvane.schema import TOGETHER, Schema
from modelvane.segments import SegmentRuler
from modelvane.tallies.categorical import CategoricalTally, Codes
from modelvane.tallies.dataset import ColumnTally, DatasetTally
from modelvane.tallies.list_column import Lists
from modelvane.tallies.list_tally import ListTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.outliers import OutlierTally
from modelvane.tallies.repeats import RepeatTally


def count_column(ruler: Ruler, column: Encoded) -> ColumnTally:
    """Tally one column."""
    if isinstance(ruler, NumericalRuler):
        assert isinstance(column, Numbers)  # noqa: S101 - the block was encoded on this ruler
        return NumericalTally.of(ruler, column)
    if isinstance(ruler, ListRuler):
        assert isinstance(column, Lists)  # noqa: S101 - as its ruler says
        return ListTally.of(ruler, column)
    assert isinstance(column, Codes)  # noqa: S101 - as its ruler says
    return CategoricalTally.of(ruler, column)


def no_rows(ruler: Ruler) -> ColumnTally:
    """Give the tally of no rows of a column."""
    if isinstance(ruler, NumericalRuler):
        return NumericalTally.zero(ruler)
    return ListTally.zero(ruler) if isinstance(ruler, ListRuler) else CategoricalTally.zero(ruler)


class Counter(Struct, frozen=True, eq=False):
    """Counts blocks on the rulers of one reference.

    Parameters
    ----------
    schema, rulers
        Of the reference.
    performance
        How predictions are held against targets; ``None`` when there is nothing to hold them against.
    outliers
        What scores rows; ``None`` when nothing does.
    hours
        By which rows are counted as well; ``None`` for a reference that does not know them.
    together
        What counts several columns of a row at once, by name.
    breakdowns
        Which rows are in which segments.
    """

    schema: Schema
    rulers: Mapping[str, Ruler]
    performance: PerformanceRuler | None = None
    outliers: OutlierRuler | None = None
    hours: Hours | None = None
    together: Mapping[str, RowRuler] = field(default_factory=dict)
    breakdowns: tuple[SegmentRuler, ...] = ()

    def rows(self, block: Block) -> DatasetTally:
        """Count every column but the target, which is counted where it is known."""
        target = self.schema.target
        names = [name for name in self.counted if target is None or name != target.name]
        counted = self._count(block, names, of_truth=False)
        return replace(
            counted, outliers=self._outliers(block), together=self._together(block, of_truth=False)
        )

    @property
    def counted(self) -> list[str]:
        """Names of the columns that have a tally: all that have a ruler, but for those looked at in pairs or more."""
        return [name for name in self.rulers if self.schema[name].role not in TOGETHER]

    def labelled(self, block: Block) -> DatasetTally:
        """Count the target and the performance of rows that have both prediction and target."""
        target = self.schema.target
        names = [target.name] if target is not None and target.name in self.rulers else []
        return replace(
            self._count(block, names, of_truth=True), together=self._together(block, of_truth=True)
        )

    def _together(self, block: Block, *, of_truth: bool) -> dict[str, RowTally]:
        return {
            name: ruler.count(block) for name, ruler in self.together.items() if ruler.of_truth == of_truth
        }

    def _count(self, block: Block, names: Sequence[str], *, of_truth: bool) -> DatasetTally:
        segments = {
            segment: self._part(block.take(index), names, of_truth)
            for segment, index in self.segments(block.columns)
        }
        return replace(self._part(block, names, of_truth), segments=segments)

    def _part(self, block: Block, names: Sequence[str], of_truth: bool) -> DatasetTally:
        return DatasetTally(
            block.rows,
            self._columns(block, names),
            self.performance.count(block) if of_truth and self.performance is not None else {},
            repeats=None if of_truth else self.repeats(block.columns),
            hours=None if self.hours is None else self.hours.count(block.times),
        )

    def _outliers(self, block: Block) -> OutlierTally | None:
        count = self.scoring(block.rows)
        if count is None:
            return None
        for name in count.names:
            count.add(name, block.columns[name])
        return count.tally(block.times)

    def nothing(self, names: Iterable[str]) -> Block:
        """Give a block of no rows with some columns."""
        columns = {name: encode_column(self.rulers[name], None, 0) for name in names}
        return Block(0, columns, np.empty(0, np.int64))

    def scoring(self, rows: int, least: int = RARE) -> OutlierCount | None:
        """Begin to score rows, and to remember cells of ``least`` bits and more; ``None`` when nothing does."""
        if self.outliers is None:
            return None
        return OutlierCount(self.outliers, self.rulers, rows, least=least)

    @property
    def recommendation(self) -> RecommendationRuler | None:
        """How a recommender's answers are described; ``None`` for any other task."""
        return RecommendationRuler.of(self.schema)

    def repeats(self, columns: Mapping[str, Encoded]) -> RepeatTally | None:
        """Count a recommender's pairs of subject and item; ``None`` for anything else."""
        ruler = self.recommendation
        return None if ruler is None else ruler.repeats(self.rulers, columns)

    def _columns(self, block: Block, names: Sequence[str]) -> dict[str, ColumnTally]:
        return {name: count_column(self.rulers[name], block.columns[name]) for name in names}

    def segments(self, columns: Mapping[str, Encoded]) -> Iterator[tuple[str, NDArray[np.intp]]]:
        """Give the rows of each segment of each breakdown."""
        for ruler in self.breakdowns:
            yield from ruler.divide(columns)
