"""What is remembered of a recommender's answers: the tallies of its columns, and of repeats, side by side."""

from __future__ import annotations

from typing import TypeVar

from msgspec import Struct

from modelvane.errors import TallyMismatchError
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.list_tally import ListTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.tallies.repeats import RepeatTally

PartT = TypeVar("PartT")


class RecommendationTally(Struct, frozen=True, eq=False):
    """Tallies of a recommender's columns: whatever is said of answers follows from these, each of which adds.

    Parameters
    ----------
    answers
        Lists of served items: how many, how many empty.
    items
        Their items, on the reference's catalogue.
    scores, origins
        Of the served items; ``None`` where they are not logged.
    unknown
        Whether the subject was unknown, by row; ``None`` where that is not logged.
    repeats
        Pairs of subject and item; ``None`` where subjects are not logged.
    fallback
        The origin of items that are served for want of better ones.
    """

    answers: ListTally
    items: CategoricalTally
    scores: NumericalTally | None
    origins: CategoricalTally | None
    unknown: CategoricalTally | None
    repeats: RepeatTally | None
    fallback: str

    @classmethod
    def of(
        cls,
        served: object,
        *,
        scores: object = None,
        origins: object = None,
        unknown: object = None,
        repeats: RepeatTally | None = None,
        fallback: str,
    ) -> RecommendationTally:
        """Put tallies of columns together.

        Raises
        ------
        TallyMismatchError
            When one is of another kind of column than it must be.
        """
        answers = _as(ListTally, served)
        return cls(
            answers,
            _as(CategoricalTally, answers.entries),
            None if scores is None else _as(NumericalTally, _as(ListTally, scores).entries),
            None if origins is None else _as(CategoricalTally, _as(ListTally, origins).entries),
            None if unknown is None else _as(CategoricalTally, unknown),
            repeats,
            fallback,
        )


def _as(kind: type[PartT], tally: object) -> PartT:
    if not isinstance(tally, kind):
        raise TallyMismatchError(
            "A column of a recommender is of another kind",
            received=type(tally).__name__,
            expected=kind.__name__,
        )
    return tally
