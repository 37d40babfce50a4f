"""Which column is protected, and what is remembered of each of its groups: the tallies of its segments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from modelvane.casting import canonical
from modelvane.errors import ConfigError, UnknownNameError
from modelvane.performance import positive_class
from modelvane.reference import Reference
from modelvane.ruler import CategoricalRuler
from modelvane.schema import Kind, Task
from modelvane.settings import Protected
from modelvane.statistics.fairness import (
    CLASSES_BETWEEN,
    CLASSES_BY_GROUP,
    ERRORS_BETWEEN,
    ERRORS_BY_GROUP,
    Group,
    GroupMeasure,
    Parity,
)
from modelvane.statistics.intervals import Share
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.dataset import DatasetTally


class FairnessRuler(Struct, frozen=True):
    """How the groups of a protected column are found and compared.

    Parameters
    ----------
    protected
        The settings.
    groups
        Segments by value: the column's most frequent values in the reference, or its bins. All others are one segment,
        which is no group: it has in common only that it is rare.
    predicted
        The prediction, where it is a class; ``None`` for probabilities, whose classes only labelled rows have.
    positive
        The positive class; ``None`` for a regression.
    """

    protected: Protected
    groups: Mapping[str, str]
    predicted: str | None
    positive: str | None

    @classmethod
    def of(cls, protected: Protected, reference: Reference) -> FairnessRuler:
        """Find a protected column in a reference.

        Raises
        ------
        ConfigError
            When the reference was built without the column as a segment, the model has another task, or a classifier
            of several classes has no positive one.
        UnknownNameError
            For a group or class that the reference does not have.
        """
        schema, column = reference.schema, protected.column
        known = next((each for each in reference.breakdowns if each.breakdown.columns == (column,)), None)
        if known is None:
            raise ConfigError(
                "The reference knows nothing of the groups of a protected column",
                received=column,
                expected="a segment of the reference",
                available=[each.name for each in schema.segments],
                remedy=f"Build it again with segments=[{column!r}], or with this config",
            )
        groups = {value: name for (value,), name in zip(known.values, known.names, strict=True)}
        if protected.reference_group is not None and canonical(protected.reference_group) not in groups:
            raise UnknownNameError.of(f"group of {column}", protected.reference_group, groups)
        predictions = schema.predictions
        if schema.task not in (Task.CLASSIFICATION, Task.REGRESSION) or not predictions:
            raise ConfigError(
                f"Fairness by {column} has nothing to compare",
                received=f"task {schema.task}, {len(predictions)} predictions",
                expected="predictions of a regression or classification",
            )
        predicted = predictions[0].name if predictions[0].kind is Kind.CATEGORICAL else None
        if schema.task is Task.REGRESSION:
            return cls(protected, groups, None, None)
        return cls(protected, groups, predicted, _positive(protected, reference, predicted))

    @property
    def by_group(self) -> tuple[GroupMeasure, ...]:
        """What is measured of each group."""
        return ERRORS_BY_GROUP if self.positive is None else CLASSES_BY_GROUP

    @property
    def between(self) -> tuple[Parity, ...]:
        """What is compared between groups."""
        return ERRORS_BETWEEN if self.positive is None else CLASSES_BETWEEN

    @property
    def reference_group(self) -> str | None:
        """The group that the others are compared with, in canonical form."""
        given = self.protected.reference_group
        return None if given is None else canonical(given)

    def tallies(self, rows: DatasetTally, labelled: DatasetTally) -> Mapping[str, Group]:
        """Give what the segments of the column hold, by group."""
        return {
            group: self._group(rows.segments.get(name), labelled.segments.get(name))
            for group, name in self.groups.items()
        }

    def _group(self, rows: DatasetTally | None, labelled: DatasetTally | None) -> Group:
        performance = {} if labelled is None else labelled.performance
        if self.positive is None:
            return Group(errors=performance.get("regression"))
        known = Group(confusion=performance.get("confusion"), positive=self.positive)
        if self.predicted is None:
            return replace(known, selected=Share(known.rows(predicted=True), known.rows()))
        column = None if rows is None else rows.columns[self.predicted]
        if not isinstance(column, CategoricalTally):
            return known
        at = column.ruler.names.index(self.positive)
        return replace(known, selected=Share(int(column.counts[at]), column.n))


def rulers_of(protected: Iterable[Protected], reference: Reference) -> Iterator[FairnessRuler]:
    """Find protected columns in a reference.

    Raises
    ------
    ConfigError, UnknownNameError
        As `FairnessRuler.of`.
    """
    return (FairnessRuler.of(each, reference) for each in protected)


def _positive(protected: Protected, reference: Reference, predicted: str | None) -> str:
    if predicted is not None:
        ruler = reference.rulers[predicted]
        assert isinstance(ruler, CategoricalRuler)  # noqa: S101 - by its kind
        classes: tuple[str, ...] = ruler.names
    else:
        known = reference.performance
        classes = known.classes.names if known is not None and known.classes is not None else ()
    given = protected.positive if protected.positive is not None else reference.schema.positive
    if given is None and len(classes) > 2:
        raise ConfigError(
            f"Fairness by {protected.column} asks which class is in people's favour",
            received="no positive class",
            available=classes,
            remedy="Name it as `positive` under fairness",
        )
    positive = positive_class(canonical(given) if given is not None else None, classes)
    if positive not in classes:
        raise UnknownNameError.of("positive class of fairness", positive, classes)
    return positive
