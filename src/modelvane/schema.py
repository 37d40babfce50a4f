"""Columns: what each one is for (its role) and how it is measured (its kind)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from msgspec import Struct

from modelvane.breakdown import Breakdown, breakdowns_of
from modelvane.errors import SchemaError, UnknownNameError


class Role(StrEnum):
    """What a column is for."""

    FEATURE = "feature"
    PREDICTION = "prediction"
    TARGET = "target"
    ID = "id"
    TIME = "time"
    SEGMENT = "segment"
    SUBJECT = "subject"
    """Whom, or what, items are recommended for."""
    SCORES = "scores"
    """The scores of recommended items."""
    ORIGINS = "origins"
    """Where each recommended item came from."""
    UNKNOWN = "unknown"
    """Whether the subject was not known to the model."""
    CONTRIBUTION = "contribution"
    """What a feature adds to the prediction, as the prediction service sends it."""
    VERSION = "version"
    """Which version of the model predicted."""


class Kind(StrEnum):
    """How a column is measured: on edges or by categories; of lists, each of their entries."""

    NUMERICAL = "numerical"
    CATEGORICAL = "categorical"
    ITEMS = "items"
    """Lists of categories."""
    SCORES = "scores"
    """Lists of numbers."""

    @property
    def of_entries(self) -> Kind:
        """How single values are measured: the entries of a list, or the value itself."""
        return {Kind.ITEMS: Kind.CATEGORICAL, Kind.SCORES: Kind.NUMERICAL}.get(self, self)

    @property
    def is_list(self) -> bool:
        """Whether a value is a list."""
        return self is not self.of_entries


class Task(StrEnum):
    """What the model does, which decides how its performance is measured."""

    REGRESSION = "regression"
    CLASSIFICATION = "classification"
    RECOMMENDATION = "recommendation"


# subjects are ids, too: looked at in pairs with items, never one by one; so are contributions, all of a row together,
# and versions, which come and go by intent
TOGETHER = frozenset({Role.SUBJECT, Role.CONTRIBUTION, Role.VERSION})
MEASURED = frozenset(Role) - {Role.ID, Role.TIME} - TOGETHER

_ONCE = (Role.ID, Role.TIME, Role.TARGET, Role.SUBJECT, Role.SCORES, Role.ORIGINS, Role.UNKNOWN, Role.VERSION)

KS = (1, 5, 10)
FALLBACK = "popular"


class Recommending(Struct, frozen=True):
    """What is known of a recommender beside its columns.

    Parameters
    ----------
    k
        Lengths at which its lists are held against what was chosen afterwards.
    fallback
        The origin of items that are served for want of better ones.
    """

    k: tuple[int, ...] = KS
    fallback: str = FALLBACK


class Column(Struct, frozen=True):
    """One column of a dataset.

    Parameters
    ----------
    name
        As it stands in the data.
    role
        What it is for.
    kind
        How it is measured; ``None`` for ids and times, which are not.
    dtype
        The reference's own type, an Arrow type name such as ``"float"`` (32 bit), ``"double"`` or ``"int64"``:
        numbers are cast to it before they are looked up among the edges.
    """

    name: str
    role: Role = Role.FEATURE
    kind: Kind | None = Kind.NUMERICAL
    dtype: str = "double"


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a dataset and the model's task.

    Parameters
    ----------
    columns
        In the order of the reference. At most one has the role id, time and target each.
    task
        ``None`` while neither prediction nor target is known.
    segments
        By which columns everything is broken down, as `Breakdown.of` reads it; they need not be features.
    positive
        The canonical form of the positive class of a binary classifier, if it was given.
    recommending
        What is known of a recommender; ``None`` for any other task.

    Raises
    ------
    SchemaError
        For two columns of one name, or two ids, times or targets.
    """

    columns: tuple[Column, ...]
    task: Task | None = None
    segments: tuple[Breakdown, ...] = ()
    positive: str | None = None
    recommending: Recommending | None = None
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {column.name: column for column in self.columns}
        if len(by_name) != len(self.columns):
            names = [column.name for column in self.columns]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise SchemaError("Columns of a schema need different names", received=twice)
        for role in _ONCE:
            named = [column.name for column in self.columns if column.role is role]
            if len(named) > 1:
                raise SchemaError(f"A schema has at most one {role} column", received=named)
        object.__setattr__(self, "_by_name", by_name)
        object.__setattr__(self, "segments", breakdowns_of(self.segments))
        for name in self.segment_columns:
            self[name]

    def __getitem__(self, name: str) -> Column:
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownNameError.of("column", name, self._by_name) from None

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(self._by_name)

    @property
    def measured(self) -> tuple[Column, ...]:
        """Columns that are counted: all but ids, subjects, versions and times."""
        return tuple(column for column in self.columns if column.role in MEASURED)

    @property
    def features(self) -> tuple[Column, ...]:
        """The model's inputs."""
        return tuple(column for column in self.columns if column.role is Role.FEATURE)

    @property
    def contributions(self) -> tuple[Column, ...]:
        """What features add to the prediction, which rows may lack."""
        return tuple(column for column in self.columns if column.role is Role.CONTRIBUTION)

    @property
    def predictions(self) -> tuple[Column, ...]:
        """The prediction column, or one column of probabilities per class."""
        return tuple(column for column in self.columns if column.role is Role.PREDICTION)

    @property
    def target(self) -> Column | None:
        """The ground truth, if there is a column for it."""
        return self.column_of(Role.TARGET)

    @property
    def id(self) -> Column | None:
        """What labels are joined by, if there is a column for it."""
        return self.column_of(Role.ID)

    @property
    def time(self) -> Column | None:
        """The time of the event, if there is a column for it."""
        return self.column_of(Role.TIME)

    @property
    def segment_columns(self) -> tuple[str, ...]:
        """Names of the columns that say in which segments a row is, each once."""
        return tuple(dict.fromkeys(name for each in self.segments for name in each.columns))

    def column_of(self, role: Role) -> Column | None:
        """Give the column of a role that at most one has."""
        return next((column for column in self.columns if column.role is role), None)

    def to_dict(self) -> dict[str, Any]:
        """Give the schema as plain JSON values."""
        about: dict[str, Any] = {
            "columns": [
                {"name": c.name, "role": c.role, "kind": c.kind, "dtype": c.dtype} for c in self.columns
            ],
            "task": self.task,
            "segments": [each.plain() for each in self.segments],
            "positive": self.positive,
        }
        if self.recommending is not None:
            about["recommending"] = {"k": list(self.recommending.k), "fallback": self.recommending.fallback}
        return about

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Schema:
        """Read what `to_dict` gave."""
        return cls(
            columns=tuple(
                Column(c["name"], Role(c["role"]), Kind(c["kind"]) if c["kind"] else None, c["dtype"])
                for c in data["columns"]
            ),
            task=Task(data["task"]) if data["task"] else None,
            segments=tuple(data["segments"]),
            positive=data["positive"],
            recommending=_recommending(data.get("recommending")),
        )


def _recommending(data: dict[str, Any] | None) -> Recommending | None:
    return None if data is None else Recommending(tuple(data["k"]), data["fallback"])
