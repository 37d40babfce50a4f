"""What labelled rows are counted on to see whether the relation between inputs and target changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from modelvane.block import Block
from modelvane.calibration.habit import Habit
from modelvane.calibration.null import NullMoments
from modelvane.concept.bins import Bins, bins_from
from modelvane.concept.signals import Reader, Scale
from modelvane.concept.tally import ConceptTally
from modelvane.concept.timeline import Integers, Timeline, sums_by
from modelvane.ruler import Floats, Ruler
from modelvane.schema import Column, Schema

NAME = "concept"
MOST_COLUMNS = 40

# what is looked up and added together stays in the processor's cache
_BLOCK = 1 << 15


class ConceptRuler(Struct, frozen=True, eq=False, dict=True):
    """Counts how predictions were off, and how far inputs alone explain it; frozen from the reference.

    Parameters
    ----------
    reader
        Reads the signals.
    bins
        Of each column, the predictions' first.
    scales
        Of each signal: how it is added.
    base, expected
        What is expected of a row: a mean, and what each bin of each column adds, in whole quanta; shapes
        ``(signals,)`` and ``(signals, bins of all columns)``.
    variance
        Of what the inputs do not explain, by bin and, last, over all rows; in squared quanta, shape
        ``(signals, bins of all columns + 1)``.
    large
        Errors above this are large: what nine of ten of the reference's stay below, in quanta of the last signal; or
        the largest but one, so that of errors which are all alike, as wrong classes are, each is.
    nulls, habits
        By name (see `key`): how large a measure is without any change, and how large it usually is in this stream.
    weights
        What a detector's rises count, by name.
    """

    name: ClassVar[str] = NAME
    of_truth: ClassVar[bool] = True
    reader: Reader
    bins: Mapping[str, Bins]
    scales: tuple[Scale, ...]
    base: Integers
    expected: Integers
    variance: Floats
    large: int
    nulls: Mapping[str, NullMoments]
    habits: Mapping[str, Habit]
    weights: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def columns(self) -> Sequence[str]:
        """Those that it looks at."""
        return tuple(dict.fromkeys((self.reader.target, *self.reader.predictions, *self.bins)))

    @property
    def signals(self) -> tuple[str, ...]:
        """Names of what is read of each row."""
        return self.reader.names

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where the bins of each column are among those of all."""
        ends = np.cumsum([0, *(each.size for each in self.bins.values())]).tolist()
        return {name: slice(*ends) for name, ends in zip(self.bins, pairwise(ends), strict=True)}

    @cached_property
    def digest(self) -> bytes:
        """What tells two rulers apart."""
        text = blake2b(
            repr((self.signals, self.scales, list(self.bins), self.large)).encode(), digest_size=16
        )
        text.update(self.base.tobytes() + self.expected.tobytes())
        return text.digest()

    @property
    def variance_of_all(self) -> Floats:
        """Of what the inputs do not explain, over all rows, shape ``(signals, 1)``."""
        return self.variance[:, -1:]

    def codes(self, block: Block) -> NDArray[np.uint8]:
        """Give the bin of each row in each column, shape ``(columns, rows)``."""
        return np.stack([bins.codes(block.columns[name]) for name, bins in self.bins.items()])

    def count(self, block: Block) -> ConceptTally:
        """Tally labelled rows."""
        usable, values = self.reader.read(block)
        n = values.shape[1]
        if n < block.rows:
            block = block.take(np.flatnonzero(usable))
        left = np.stack([scale.quantised(each) for scale, each in zip(self.scales, values, strict=True)])
        is_large = left[-1] > self.large
        counts, sums = np.zeros_like(self.expected[0]), np.zeros_like(self.expected)
        for at in range(0, n, _BLOCK):
            part = slice(at, at + _BLOCK)
            places = self._places(block, part)
            left[:, part] -= self._explained(places)
            for place in places:
                counts += np.bincount(place, minlength=len(counts))
                sums += sums_by(place, left[:, part], len(counts))
        timeline = Timeline.of(block.times, left, is_large)
        return ConceptTally(self.digest, counts, sums, n, len(usable) - n, timeline)

    def nothing(self) -> ConceptTally:
        """Give the tally of no rows."""
        none = np.zeros_like(self.expected)
        return ConceptTally(self.digest, none[0], none, 0, 0, Timeline.zero(len(none)))

    def _places(self, block: Block, rows: slice) -> NDArray[np.intp]:
        """Give the bin of some rows in each column, among those of all columns."""
        starts = [place.start for place in self.places.values()]
        return self.codes(block.take(rows)) + np.array(starts, np.intp)[:, None]

    def _explained(self, places: NDArray[np.intp]) -> Integers:
        found = np.repeat(self.base[:, None], places.shape[1], axis=1)
        for signal, effects in enumerate(self.expected):
            for place in places:
                found[signal] += effects[place]
        return found

    def facts(self) -> dict[str, Any]:
        """Give what is plain JSON values of it."""
        return {
            "bins": [[name, each.facts()] for name, each in self.bins.items()],
            "signals": list(self.signals),
            "scales": [[scale.quantum.hex(), scale.limit] for scale in self.scales],
            "large": self.large,
            "nulls": list(self.nulls),
            "habits": list(self.habits),
            "weights": list(self.weights),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the rest."""
        return {
            "base": self.base,
            "expected": self.expected,
            "variance": self.variance,
            **{f"null{i}": null.to_array() for i, null in enumerate(self.nulls.values())},
            **{f"habit{i}": habit.to_array() for i, habit in enumerate(self.habits.values())},
            **{f"weights{i}": weights for i, weights in enumerate(self.weights.values())},
        }

    @classmethod
    def from_arrays(
        cls,
        schema: Schema,
        rulers: Mapping[str, Ruler],
        facts: dict[str, Any],
        arrays: Mapping[str, NDArray[Any]],
    ) -> ConceptRuler:
        """Read what `facts` and `arrays` gave."""
        reader = Reader.of(schema, rulers)
        assert reader is not None  # noqa: S101 - or there would be nothing to read
        return cls(
            reader=reader,
            bins={name: bins_from(rulers[name], known) for name, known in facts["bins"]},
            scales=tuple(Scale(float.fromhex(quantum), limit) for quantum, limit in facts["scales"]),
            base=arrays["base"].astype(np.int64),
            expected=arrays["expected"].astype(np.int64),
            variance=arrays["variance"].astype(np.float64),
            large=facts["large"],
            nulls={key: NullMoments.from_array(arrays[f"null{i}"]) for i, key in enumerate(facts["nulls"])},
            habits={key: Habit.from_array(arrays[f"habit{i}"]) for i, key in enumerate(facts["habits"])},
            weights={key: arrays[f"weights{i}"].astype(np.float64) for i, key in enumerate(facts["weights"])},
        )

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ConceptTally:
        """Read a tally's facts and arrays."""
        return ConceptTally.from_arrays(self.digest, facts, dict(arrays))


def key(measure: str, signal: str, column: str = "") -> str:
    """Name what was learned of a measure; the column is empty where it is of all rows."""
    return f"{measure}\t{signal}\t{column}"


def looked_at(schema: Schema) -> list[Column]:
    """Give the columns in whose bins errors are looked at: predictions, then features, `MOST_COLUMNS` of them."""
    found = [*schema.predictions, *schema.features]
    return [column for column in found if column.kind is not None and not column.kind.is_list][:MOST_COLUMNS]
