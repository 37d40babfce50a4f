"""How a recommender's answers are described: which columns hold what, and what their tallies say together."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from modelvane.block import Encoded
from modelvane.ruler import CategoricalRuler, ListRuler, Ruler
from modelvane.schema import Kind, Role, Schema, Task
from modelvane.tallies.categorical import Codes
from modelvane.tallies.dataset import DatasetTally
from modelvane.tallies.list_column import Lists
from modelvane.tallies.recommendation import RecommendationTally
from modelvane.tallies.repeats import RepeatTally


class RecommendationRuler(Struct, frozen=True):
    """Names of a recommender's columns; ``None`` where there is none.

    Parameters
    ----------
    served
        Lists of item ids: the prediction.
    scores, origins
        Lists beside it.
    subject
        Whom or what items are served for.
    unknown
        Whether the subject was not known.
    fallback
        The origin of items that are served for want of better ones.
    """

    served: str
    scores: str | None
    origins: str | None
    subject: str | None
    unknown: str | None
    fallback: str

    @classmethod
    def of(cls, schema: Schema) -> RecommendationRuler | None:
        """Give the columns of a recommender; ``None`` for any other task, or without served items."""
        served, about = schema.column_of(Role.PREDICTION), schema.recommending
        if schema.task is not Task.RECOMMENDATION or served is None or about is None:
            return None
        if served.kind is not Kind.ITEMS:
            return None
        names = {
            role: column.name
            for role in (Role.SCORES, Role.ORIGINS, Role.SUBJECT, Role.UNKNOWN)
            if (column := schema.column_of(role)) is not None
        }
        return cls(
            served=served.name,
            scores=names.get(Role.SCORES),
            origins=names.get(Role.ORIGINS),
            subject=names.get(Role.SUBJECT),
            unknown=names.get(Role.UNKNOWN),
            fallback=about.fallback,
        )

    @property
    def paired(self) -> tuple[str, ...]:
        """The two columns that repeats are counted from; none without subjects."""
        return () if self.subject is None else (self.subject, self.served)

    def repeats(self, rulers: Mapping[str, Ruler], columns: Mapping[str, Encoded]) -> RepeatTally | None:
        """Count pairs of subject and item; ``None`` without subjects."""
        if self.subject is None:
            return None
        subjects, items = rulers[self.subject], rulers[self.served]
        subject, served = columns[self.subject], columns[self.served]
        assert isinstance(subjects, CategoricalRuler)  # noqa: S101 - by inference
        assert isinstance(subject, Codes)  # noqa: S101 - as its ruler says
        assert isinstance(items, ListRuler)  # noqa: S101 - by the column's kind
        assert isinstance(items.values, CategoricalRuler)  # noqa: S101 - as above
        assert isinstance(served, Lists)  # noqa: S101 - as its ruler says
        return RepeatTally.of((subjects, items.values), subject, served)

    def tally(self, rows: DatasetTally) -> RecommendationTally:
        """Put the tallies of these columns together."""
        columns = rows.columns
        return RecommendationTally.of(
            columns[self.served],
            scores=columns.get(self.scores or ""),
            origins=columns.get(self.origins or ""),
            unknown=columns.get(self.unknown or ""),
            repeats=rows.repeats,
            fallback=self.fallback,
        )
