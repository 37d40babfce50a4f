"""What hashes and scores rows for a sample, and what is known of the reference's own rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Block
from modelvane.calibration.habit import Habit, habit_of
from modelvane.hashing import row_hashes
from modelvane.multivariate.domain_habit import auc_habit
from modelvane.multivariate.embedding import Embedding, discrepancy, noise_of
from modelvane.multivariate.sample import MOST_ROWS, RowSample, smallest, stacked
from modelvane.multivariate.scores import ColumnScores, Scores, from_arrays
from modelvane.multivariate.squares import squares_point
from modelvane.ruler import Ruler
from modelvane.schema import Schema
from modelvane.tallies import codec

NAME = "row_sample"
# rows of the reference that are embedded
_EMBEDDED = 20_000
_MOMENTS = 3

Floats = NDArray[np.float64]


class SampleRuler(Struct, frozen=True, eq=False, dict=True):
    """Samples rows; a row ruler (see `modelvane.row_ruler.RowRuler`).

    Parameters
    ----------
    rulers
        Of its columns.
    scores
        By column.
    rows
        What the domain classifier tells a window's rows from: scores of rows of the reference, spread evenly over it,
        at most `MOST_ROWS`; ``None`` where nobody asked for it, and then nothing is kept of single rows.
    embedding, mean, known
        Of rows, the mean of the reference's features, and how many rows that is of.
    noise
        Weights of the squared discrepancy; see `modelvane.multivariate.embedding.noise_of`.
    usual, usual_auc
        Habits of the discrepancy and of the domain classifier's AUC; ``None`` without times, the latter also without
        ``rows``.
    """

    name: ClassVar[str] = NAME
    of_truth: ClassVar[bool] = False
    rulers: Mapping[str, Ruler]
    scores: Mapping[str, ColumnScores]
    rows: Scores | None
    embedding: Embedding
    mean: Floats
    known: int
    noise: tuple[float, ...]
    usual: Habit | None
    usual_auc: Habit | None

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns that it looks at."""
        return list(self.scores)

    def count(self, block: Block) -> RowSample:
        """Count rows."""
        columns = block.columns
        hashes = row_hashes(columns, self.rulers, block.rows)
        at = smallest(hashes)
        scores = [scores.of_column(columns[name].take(at)) for name, scores in self.scores.items()]
        return RowSample.of(block.rows, hashes[at], stacked(scores, len(at)))

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> RowSample:
        """Read a tally's facts and arrays."""
        return RowSample.from_arrays(facts, dict(arrays))

    def expected(self) -> RowSample:
        """Give what stands for a sample of the reference: its rows, or else one whose scores are as any."""
        scores = np.zeros((1, len(self.scores)), np.int8) if self.rows is None else self.rows
        ranks = np.arange(len(scores), dtype=np.uint64)
        return RowSample(self.known, ranks, np.ones(len(scores), np.int64), scores)

    def discrepancy(self, sample: RowSample) -> float:
        """Give how far the mean of a sample is from the reference's."""
        found = sample.weights @ self.embedding.features(sample.scores)
        return float(discrepancy(found, self.mean))

    def noise_floor(self, level: float, size: float) -> float:
        """Give the discrepancy that samples of so many rows exceed with probability ``level``."""
        return math.sqrt(squares_point(self._weights, level) * (1 / size + 1 / self.known))

    @cached_property
    def _weights(self) -> tuple[float, ...]:
        if len(self.noise) > _MOMENTS or self.rows is None:
            return self.noise
        # files of before have rows, and three moments in place of weights
        return noise_of(self.embedding.features(self.rows))

    @classmethod
    def of(
        cls,
        rulers: Mapping[str, Ruler],
        scores: Mapping[str, ColumnScores],
        table: Scores,
        others: Scores,
        *,
        spacing: float | None,
        classifier: bool,
    ) -> SampleRuler:
        """Learn from rows in time order, where they have times.

        Parameters
        ----------
        table, others
            Scores of all rows, and of those that scores were not learned from, shape ``(rows, columns)``.
        spacing
            Rows of the stream for each of the table; ``None`` where they are in no order.
        classifier
            Whether to keep rows for the domain classifier, and to learn its habit.
        """
        embedding = Embedding.of(others)
        features = embedding.features(_evenly(others, _EMBEDDED))
        usual, usual_auc = None, None
        if spacing is not None:
            embedded = _evenly(table, _EMBEDDED)
            usual = _habit(embedding.features(embedded), spacing * len(table) / len(embedded))
            usual_auc = auc_habit(embedding, table, spacing) if classifier else None
        return cls(
            rulers=rulers,
            scores=scores,
            rows=_evenly(others, MOST_ROWS) if classifier else None,
            embedding=embedding,
            mean=features.mean(axis=0, dtype=np.float64),
            known=len(features),
            noise=noise_of(features),
            usual=usual,
            usual_auc=usual_auc,
        )

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {
            "columns": self.columns,
            "known": self.known,
            "noise": [each.hex() for each in self.noise],
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        held: dict[str, NDArray[Any]] = {} if self.rows is None else {"rows": self.rows}
        held["mean"] = self.mean
        held |= codec.nested("embedding", self.embedding.arrays())
        if self.usual is not None:
            held["usual"] = self.usual.to_array()
        if self.usual_auc is not None:
            held["usual_auc"] = self.usual_auc.to_array()
        for i, scores in enumerate(self.scores.values()):
            held |= codec.nested(f"scores{i}", scores.arrays())
        return held

    @classmethod
    def read(
        cls,
        schema: Schema,  # noqa: ARG003 - one signature for all row rulers
        rulers: Mapping[str, Ruler],
        facts: dict[str, Any],
        arrays: Mapping[str, NDArray[Any]],
    ) -> SampleRuler:
        """Read what `facts` and `arrays` gave."""
        held, names = dict(arrays), facts["columns"]
        return cls(
            rulers={name: rulers[name] for name in names},
            scores={name: from_arrays(codec.inside(f"scores{i}", held)) for i, name in enumerate(names)},
            rows=held["rows"].astype(np.int8) if "rows" in held else None,
            embedding=Embedding(**codec.inside("embedding", held)),
            mean=held["mean"],
            known=facts["known"],
            noise=tuple(float.fromhex(each) for each in facts["noise"]),
            usual=Habit.from_array(held["usual"]) if "usual" in held else None,
            usual_auc=Habit.from_array(held["usual_auc"]) if "usual_auc" in held else None,
        )


def _evenly(rows: Scores, most: int) -> Scores:
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.intp)]


def _habit(features: NDArray[np.float32], spacing: float) -> Habit | None:
    """Fit how far windows in time order are from the rest, each by as many rows as a sample has."""
    total, rows = features.sum(axis=0, dtype=np.float64), len(features)

    def value_of(starts: NDArray[np.int64], n: int) -> Floats:
        found = []
        for start in starts.tolist():
            window = features[start : start + n]
            rest = (total - window.sum(axis=0, dtype=np.float64)) / (rows - n)
            found.append(discrepancy(window[:: -(-n // MOST_ROWS)].mean(axis=0, dtype=np.float64), rest))
        return np.array(found)

    found = habit_of(rows, value_of, bounded=False)
    return None if found is None else Habit(found.sizes * spacing, found.middle, found.spread, found.bounded)
