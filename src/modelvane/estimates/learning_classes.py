"""Learning what probabilities of several classes mean, and how far windows are from what they let expect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from modelvane.block import Block
from modelvane.casting import Numbers
from modelvane.estimates.by_segment import BySegment, wanted_columns
from modelvane.estimates.classes import (
    CLASSES,
    MOST_CLASSES,
    MOST_CLASSES_BY_SEGMENT,
    OF_LABELLED,
    ClassesRuler,
)
from modelvane.estimates.expectation import Expectation
from modelvane.estimates.lines import LEAST_ROWS, mean_habit, moments_of_rows
from modelvane.estimates.scores import calibrated, cell_of
from modelvane.estimates.several import SEVERAL, Known, estimates_of, of_rows
from modelvane.row_ruler import Learned
from modelvane.schema import Schema, Task
from modelvane.tallies.dataset import DatasetTally
from modelvane.tallies.scores import CELLS
from modelvane.undefined import Undefined


@dataclass(frozen=True, slots=True)
class ClassesKind:
    """Learns what counts expected classes; a row kind (see `modelvane.row_ruler.RowKind`)."""

    of_truth: bool = False

    @property
    def name(self) -> str:
        """That of its rulers."""
        return OF_LABELLED if self.of_truth else CLASSES

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give the probabilities and the target, where several classes have one."""
        if schema.task is not Task.CLASSIFICATION or schema.target is None:
            return ()
        if not 2 <= len(schema.predictions) <= MOST_CLASSES:
            return ()
        names = [*(column.name for column in schema.predictions), schema.target.name, *_told_apart_by(schema)]
        return tuple(dict.fromkeys(names))

    def learn(self, learned: Learned) -> ClassesRuler | None:
        """Calibrate each class against the rest; ``None`` where too few rows have probabilities and a target."""
        scores = learned.tally.performance.get("scores")
        confusion = learned.tally.performance.get("confusion")
        target = learned.schema.target
        if scores is None or confusion is None or target is None or scores.n < LEAST_ROWS:
            return None
        columns = [learned.block.columns[name] for name in scores.ruler.names]
        if not all(isinstance(column, Numbers) for column in columns):
            return None
        ruler = ClassesRuler(
            self.of_truth,
            tuple(scores.ruler.names),
            target.name,
            learned.rulers[target.name],
            confusion.ruler,
            calibrated(scores),
            {},
        )
        promises = dict(_promises(ruler, learned, learned.block, learned.tally))
        # labels are held against estimates of all rows
        is_divided = not self.of_truth and not scores.ruler.is_binary and _told_apart_by(learned.schema)
        segments = BySegment(learned.breakdowns if is_divided else ())
        of_segments = {
            name: dict(_promises(ruler, learned, learned.block.take(index), learned.tally.segments[name]))
            for name, index in segments.divide(learned.block)
        }
        return replace(ruler, promises=promises, segments=replace(segments, promises=of_segments))


def _told_apart_by(schema: Schema) -> tuple[str, ...]:
    is_estimated = len(schema.predictions) <= MOST_CLASSES_BY_SEGMENT
    return wanted_columns(schema) if is_estimated else ()


def _promises(
    ruler: ClassesRuler, learned: Learned, block: Block, counted: DatasetTally
) -> Iterator[tuple[str, Expectation]]:
    labelled = replace(ruler, of_truth=True)
    block = block.take(np.flatnonzero(labelled.usable(block)))
    if not block.rows or not counted.performance:
        return
    scores, true = labelled.scores(block), labelled.true(block)
    by_score = np.stack([np.bincount(cell_of(each), minlength=CELLS) for each in scores])
    known = Known(labelled.count(block), by_score)
    for each in SEVERAL:
        estimate = estimates_of(each, ruler, known).get(None)
        if not each.has_error or estimate is None or isinstance(estimate, Undefined):
            continue
        rows = of_rows(each, ruler, known, scores, true)
        if rows is None:
            continue
        realised = each.values(counted.performance[each.kind])[None]
        timed = learned.in_time_order
        yield (
            each.of.name,
            Expectation(
                estimate.value,
                *moments_of_rows(rows.expected),
                gap=abs(estimate.value - realised) if isinstance(realised, float) else 0.0,
                habit=mean_habit(rows.expected) if timed else None,
                error_habit=mean_habit(rows.realised - rows.expected) if timed else None,
            ),
        )
