"""Whether rows with the same inputs have other errors than in the reference: where, and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property

import numpy as np
from msgspec import Struct

from modelvane.calibration.lines import Lines, level_of
from modelvane.concept.effects import Effects, effects_of
from modelvane.concept.measures import BY_INPUTS, BY_RELATION, RELATION, RELATION_SHARE, name_of
from modelvane.concept.relation import Side, parts, squared_distance
from modelvane.concept.ruler import NAME, ConceptRuler, key
from modelvane.concept.signals import SIGNALS, Signal
from modelvane.concept.tally import ConceptTally
from modelvane.evaluation.change_points import ChangePoints
from modelvane.evaluation.round import Round
from modelvane.findings import Family, Finding, Verdict
from modelvane.formatting import share_text
from modelvane.naming import cut_text
from modelvane.ruler import Floats
from modelvane.statistics import exact
from modelvane.tallies.dataset import DatasetTally
from modelvane.undefined import Undefined

_NAMED = 3
_FEWEST = 100
"""Labelled rows from which on a value is judged: of fewer, sums of errors are not what lines are learned for."""


def concept_findings(this: Round, labelled: DatasetTally) -> Iterator[Finding]:
    """Hold the errors of labelled rows against those of the reference with the same inputs.

    Nothing where the reference has not learned what inputs explain: without predictions and targets, or with too few.
    """
    ruler, reference = this.reference.row_rulers.get(NAME), this.reference.tally.together.get(NAME)
    current = labelled.together.get(NAME)
    if not isinstance(ruler, ConceptRuler) or NAME in this.reference.left_out:
        return
    assert isinstance(reference, ConceptTally)  # noqa: S101 - counted when the ruler was learned
    if not isinstance(current, ConceptTally):
        # a time window in which no label has come yet
        current = ruler.nothing()
    for at, name in enumerate(ruler.signals):
        yield from _Compared(this, ruler, at, SIGNALS[name], reference, current).findings()


class _Compared(Struct, frozen=True, dict=True):
    """One signal of the window beside the reference's."""

    this: Round
    ruler: ConceptRuler
    at: int
    signal: Signal
    reference: ConceptTally
    current: ConceptTally

    def findings(self) -> Iterator[Finding]:
        points = ChangePoints(
            self.this,
            self.ruler,
            self.at,
            self.signal,
            self.reference,
            self.current,
            lambda measure, n: self._lines(measure, "", n),
            self._level,
        )
        if not self.current.n:
            yield from points.findings()
            for measure in (RELATION, BY_INPUTS, BY_RELATION, RELATION_SHARE):
                yield self._finding(measure, Undefined("no labelled rows in the window"))
            return
        effects = effects_of(self.ruler, self.at, self.reference, self.current)
        told = _told(self.signal, effects)
        yield self._judged("", self._distance_of_all(), told)
        for column, square in zip(self.ruler.bins, self._squares(), strict=True):
            yield self._judged(column, math.sqrt(square))
        yield self._finding(BY_INPUTS, effects.of_inputs, cause=told)
        for column, effect in effects.inputs.items():
            yield self._finding(BY_INPUTS, effect, column)
        yield self._finding(BY_RELATION, effects.relation, cause=told)
        yield self._share(effects)
        yield from points.findings()

    @cached_property
    def _sides(self) -> tuple[Side, Side]:
        sides = (self.reference, self.current)
        one, other = (Side(tally.counts, tally.sums[self.at]) for tally in sides)
        return one, other

    @cached_property
    def _parts(self) -> Floats:
        return parts(*self._sides, self.ruler.variance[self.at, :-1], self.current.n)

    def _squares(self) -> list[float]:
        """Give the squared distance in the bins of each column."""
        starts = [place.start for place in self.ruler.places.values()]
        found: list[float] = np.add.reduceat(self._parts, starts).tolist()
        return found

    def _distance_of_all(self) -> float:
        # each row is in one bin of any column
        first = next(iter(self.ruler.places.values()))
        sides = [
            Side(each.rows[first].sum(keepdims=True), each.sums[first].sum(keepdims=True))
            for each in self._sides
        ]
        return math.sqrt(float(squared_distance(sides[0], sides[1], self.ruler.variance_of_all[self.at])))

    def _judged(self, column: str, value: float, cause: str = "") -> Finding:
        lines = self._lines(RELATION, column, self.current.n)
        measure = name_of(self.signal.name, RELATION)
        alarm = self.this.settings.alarm
        verdict = lines.verdict(value, alarm, self.this.verdict_before(measure, column or None, None))
        if verdict in (Verdict.ALARM, Verdict.CHANGED):
            cause = cause or self._most_moved(self.ruler.places[column])
        return self._finding(RELATION, value, column or None, lines, verdict, cause)

    @property
    def _level(self) -> float:
        """Probability at which each finding of concept drift may exceed its line."""
        of_signal = len(self.ruler.bins) + 1 + len(self.this.settings.concept.detectors)
        return level_of(self.this.settings.budget, len(self.ruler.signals) * of_signal)

    def _lines(self, measure: str, column: str, n: int) -> Lines:
        if n < _FEWEST:
            return Lines(why=f"{n} labelled rows: lines are from {_FEWEST} on")
        named = key(measure, self.signal.name, column)
        habit, height = self.ruler.habits.get(named), self.ruler.nulls[named].exceeded_with(self._level, n)
        # of the relation the square was learned
        floor = math.sqrt(max(height, 0.0)) if measure == RELATION else max(height, 0.0)
        alarm = self.this.settings.alarm
        if habit is None:
            why = "no usual range: the reference has no time column, or is too short for one"
            return Lines(floor, why=why).asked_by(alarm)
        return Lines(floor, habit.exceeded_with(self._level, n)).asked_by(alarm)

    def _most_moved(self, place: slice) -> str:
        """Name the bins in which the mean moved most, by how much, and their share of the rows."""
        column = next(name for name, each in self.ruler.places.items() if each == place)
        names, weights = self.ruler.bins[column].names, self._parts[place]
        (old, new), quantum = self._sides, self.ruler.scales[self.at].quantum
        said = []
        for i in np.argsort(-weights, kind="stable")[:_NAMED].tolist():
            at = place.start + i
            if weights[i]:
                moved = quantum * float(new.sums[at] / new.rows[at] - old.sums[at] / old.rows[at])
                said.append(
                    f"{cut_text(names[i])}: {moved:+.3g} ({share_text(new.rows[at] / self.current.n)} of the rows)"
                )
        return f"{self.signal.title.lower()} where inputs are the same; {'; '.join(said)}"

    def _share(self, effects: Effects) -> Finding:
        sizes = abs(effects.relation), abs(effects.of_inputs)
        if not sum(sizes):
            return self._finding(RELATION_SHARE, Undefined("nothing changed"))
        which = "the relation moved" if sizes[0] > sizes[1] else "the inputs moved"
        return self._finding(RELATION_SHARE, sizes[0] / sum(sizes), cause=which)

    def _finding(
        self,
        measure: str,
        value: float | Fraction | Undefined,
        column: str | None = None,
        lines: Lines = Lines(),  # noqa: B008 - frozen, and nobody's state
        verdict: Verdict = Verdict.INFO,
        cause: str = "",
    ) -> Finding:
        known = exact.number(value) if isinstance(value, Fraction) else value
        is_undefined = isinstance(known, Undefined)
        return Finding(
            family=Family.CONCEPT,
            measure=name_of(self.signal.name, measure),
            column=column,
            value=None if isinstance(known, Undefined) else known,
            unit=self.signal.unit
            if measure in (BY_INPUTS, BY_RELATION)
            else "ratio" * (measure == RELATION_SHARE),
            n=self.current.n,
            noise_floor=lines.noise_floor,
            usual_range=lines.usual_range,
            verdict=Verdict.UNDEFINED if is_undefined else verdict,
            cause=cause,
            why=known.why if isinstance(known, Undefined) else lines.why,
        )


def _told(signal: Signal, effects: Effects) -> str:
    """Say what the change is made of, and which column's inputs made most of their part."""
    column, most = max(effects.inputs.items(), key=lambda each: abs(each[1]))
    inputs = f"{float(effects.of_inputs):+.3g} by inputs"
    if most:
        inputs += f" (most {cut_text(column)}: {float(most):+.3g})"
    return (
        f"{signal.title} {float(effects.before):.3g} to {float(effects.after):.3g}: {inputs}, "
        f"{float(effects.relation):+.3g} by the relation"
    )
