"""What the reference promises of a classifier, and of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modelvane.estimates.classification import CLASSIFIER
from modelvane.estimates.estimate import Estimate
from modelvane.estimates.expected import Expectation
from modelvane.estimates.scores import rows_by_score
from modelvane.tallies.classification import ConfusionTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.scores import ScoreTally
from modelvane.undefined import Undefined, Value


@dataclass(frozen=True, eq=False, slots=True)
class Promise:
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
    """

    by: Expectation
    rows: int
    estimates: Mapping[str, Mapping[str | None, Estimate | Undefined]]
    realised: Mapping[str, Mapping[str | None, Value]]

    @classmethod
    def of(
        cls, confusion: ConfusionTally, scores: ScoreTally, predictions: NumericalTally
    ) -> Promise | Undefined:
        """Read it off the reference's tallies."""
        by = Expectation.of(confusion, scores)
        if isinstance(by, Undefined):
            return by
        expected = by.expect(rows_by_score(predictions))
        realised = {"confusion": confusion, "scores": scores}
        return cls(
            by,
            expected.n,
            {each.name: each.estimates(expected) for each in CLASSIFIER},
            {each.name: each.values(realised[each.kind]) for each in CLASSIFIER},
        )
