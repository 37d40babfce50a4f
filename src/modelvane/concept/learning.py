"""Learning a concept ruler: what inputs explain of the reference's errors, and how noisy the rest is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from modelvane.concept.bins import FEWEST_ROWS, bins_of
from modelvane.concept.detectors import OWN
from modelvane.concept.expected import additive
from modelvane.concept.measures import RELATION
from modelvane.concept.ruler import NAME, ConceptRuler, key, looked_at
from modelvane.concept.signals import Integers, Reader, Scale
from modelvane.concept.walks import Walks
from modelvane.concept.windows import Look, drawn_nulls
from modelvane.row_ruler import Learned
from modelvane.ruler import Floats
from modelvane.schema import Schema

LEAST_ROWS = 100
"""Labelled rows of the reference that it takes."""

# a bin's own variance counts as that of all rows until it rests on about so many normal ones
_BORROWED = 20


class ConceptKind(Struct, frozen=True):
    """Learns the ruler of concept drift."""

    name: str = NAME

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give the columns that it needs: the target, predictions and features."""
        if schema.target is None or not schema.predictions:
            return ()
        names = (schema.target.name, *(column.name for column in schema.predictions))
        return tuple(dict.fromkeys((*names, *(column.name for column in looked_at(schema)))))

    def learn(self, learned: Learned) -> ConceptRuler | None:
        """Learn from the labelled rows of the reference; ``None`` where they are too few."""
        reader = Reader.of(learned.schema, learned.rulers)
        if reader is None:
            return None
        usable, values = reader.read(learned.block)
        n = values.shape[1]
        if n < LEAST_ROWS:
            return None
        block = learned.block.take(np.flatnonzero(usable))
        known = {column.name: bins_of(learned.rulers[column.name]) for column in looked_at(learned.schema)}
        bins = {
            name: each.frequent(np.bincount(each.codes(block.columns[name]), minlength=each.size))
            for name, each in known.items()
            if each is not None
        }
        scales = tuple(map(Scale.of, values))
        found = np.stack([scale.quantised(signal) for scale, signal in zip(scales, values, strict=True)])
        codes = np.stack([each.codes(block.columns[name]) for name, each in bins.items()])
        widths = [each.size for each in bins.values()]
        fitted = [additive(codes, signal.astype(np.float64), widths) for signal in found]
        left = _out_of_sample(codes, found, widths)
        ruler = ConceptRuler(
            reader=reader,
            bins=bins,
            scales=scales,
            base=np.array([round(mean) for mean, _ in fitted], np.int64),
            expected=np.stack([np.rint(np.concatenate(effects)) for _, effects in fitted]).astype(np.int64),
            variance=_variance(codes, left, widths),
            large=_large(found[-1]),
            nulls={},
            habits={},
        )
        looks = dict(_looks(ruler, codes, left))
        nulls = {
            key(RELATION, signal, name): null
            for name, found_nulls in drawn_nulls(looks).items()
            for signal, null in zip(ruler.signals, found_nulls, strict=True)
        }
        habits = {
            key(RELATION, signal, name): habit
            for name, look in (looks.items() if learned.in_time_order else ())
            for signal, habit in zip(ruler.signals, look.habits(), strict=True)
            if habit is not None
        }
        weights: dict[str, Floats] = {}
        for at, signal in enumerate(ruler.signals):
            walks = Walks(_standardised(left[at]), learned.in_time_order)
            of_rises = {detector: detector.weights(walks.values) for detector in OWN.values()}
            for detector, null in walks.nulls(of_rises).items():
                named = key(detector.name, signal)
                weights[named], nulls[named] = of_rises[detector], null
                habit = walks.habit(detector, of_rises[detector])
                if habit is not None:
                    habits[named] = habit
        return replace(ruler, nulls=nulls, habits=habits, weights=weights)


def _out_of_sample(codes: NDArray[np.uint8], found: Integers, widths: list[int]) -> Integers:
    """Give what a model of the other half of the rows leaves: what current rows will have left, not what fits them."""
    left = found.copy()
    is_odd = np.arange(found.shape[1]) % 2 == 1
    for fold in (is_odd, ~is_odd):
        of_fold, of_others = codes[:, fold], codes[:, ~fold]
        for signal, rest in zip(found, left, strict=True):
            mean, effects = additive(of_others, signal[~fold].astype(np.float64), widths)
            explained = np.full(int(fold.sum()), mean)
            for place, effect in zip(of_fold, effects, strict=True):
                explained += effect[place]
            rest[fold] -= np.rint(explained).astype(np.int64)
    return left


def _large(sizes: Integers) -> int:
    """Give what nine of ten stay below; where more than one of ten is as large as any, the largest below those."""
    smaller = sizes[sizes < sizes.max()]
    return int(min(np.quantile(sizes, 0.9), smaller.max(initial=0)))


def _standardised(left: Integers) -> Floats:
    values = left.astype(np.float64)
    return np.asarray((values - values.mean()) / max(float(values.std()), 1.0), np.float64)


def _variance(codes: NDArray[np.uint8], left: Integers, widths: list[int]) -> Floats:
    """Give the variance of each signal in each bin, those of few rows leaning on that of all, which is the last.

    How many are few follows from the kurtosis, as the standard error of a variance does: where one row of 50 is wrong,
    a bin of 100 may have none, and is no quieter than others for that.

    A bin of too few rows has an infinite one, so that it tells nothing: how far its errors can go, nobody has seen.
    """
    squares = np.square((left - left.mean(axis=1, keepdims=True)).astype(np.float64))
    whole = np.maximum(squares.mean(axis=1), 1.0)
    found = []
    for signal, of_all in zip(squares, whole, strict=True):
        kurtosis = float(np.mean(np.square(signal / of_all)))
        borrowed = _BORROWED * max(kurtosis - 1, 2.0) / 2
        for place, width in zip(codes, widths, strict=True):
            rows = np.bincount(place, minlength=width)
            sums = np.bincount(place, signal, width)
            leaning = np.maximum((sums + borrowed * of_all) / (rows + borrowed), 1.0)
            found.append(np.where(rows < FEWEST_ROWS, np.inf, leaning))
        found.append(of_all[None])
    return np.concatenate(found).reshape(len(left), -1)


def _looks(ruler: ConceptRuler, codes: NDArray[np.uint8], left: Integers) -> Iterator[tuple[str, Look]]:
    """Give all rows together, under no name, then the bins of each column."""
    values = left.astype(np.float64)
    yield "", Look(np.zeros(left.shape[1], np.uint8), values, ruler.variance_of_all)
    for (name, place), column in zip(ruler.places.items(), codes, strict=True):
        yield name, Look(column, values, ruler.variance[:, place])
