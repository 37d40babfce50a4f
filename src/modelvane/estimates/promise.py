"""What the reference promises of a classifier, and of its parts."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from modelvane.estimates.classification import CLASSIFIER
from modelvane.estimates.estimate import Estimate
from modelvane.estimates.expected import Expectation
from modelvane.estimates.scores import labelled_rows, rows_by_score
from modelvane.tallies.classification import ConfusionTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.scores import ScoreTally
from modelvane.undefined import Undefined, Value


class Promise(Struct, frozen=True, eq=False):
    """What rows like the reference's let expect.

    Parameters
    ----------
    by
        What a probability meant.
    rows
        Rows with a probability.
    estimates
        Of the reference itself, by name and label: what current estimates are held against.
    realised
        Of the reference's labels.
    gaps
        How far the estimate over its labelled rows is from that, by name of what has no labels of its own.
    """

    by: Expectation
    rows: int
    estimates: Mapping[str, Mapping[str | None, Estimate | Undefined]]
    realised: Mapping[str, Mapping[str | None, Value]]
    gaps: Mapping[str, float]

    @classmethod
    def of(
        cls, confusion: ConfusionTally, scores: ScoreTally, predictions: NumericalTally
    ) -> Promise | Undefined:
        """Read it off the reference's tallies."""
        by = Expectation.of(confusion, scores)
        if isinstance(by, Undefined):
            return by
        expected, labelled = by.expect(rows_by_score(predictions)), by.expect(labelled_rows(scores)[0])
        tallies = {"confusion": confusion, "scores": scores}
        realised = {each.name: each.values(tallies[each.kind]) for each in CLASSIFIER}
        return cls(
            by,
            expected.n,
            {each.name: each.estimates(expected) for each in CLASSIFIER},
            realised,
            {
                each.name: _gap(each.estimates(labelled)[None], realised[each.name][None])
                for each in CLASSIFIER
                if each.has_error
            },
        )


def _gap(estimate: Estimate | Undefined, realised: Value) -> float:
    """Give how far one is from the other; nothing where there is none."""
    if isinstance(estimate, Undefined) or isinstance(realised, Undefined):
        return 0.0
    return abs(estimate.value - realised)
