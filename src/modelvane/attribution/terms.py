"""Terms of a linear model, looked up in encoded columns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Encoded
from modelvane.casting import Numbers, canonical
from modelvane.errors import ConfigError, UnknownNameError
from modelvane.ruler import CategoricalRuler, Ruler
from modelvane.tallies.categorical import Codes

CROSS = ":"
"""Between the columns, and between the categories, of a term of several columns."""

_UNKNOWN, _MISSING = -1, -2

Floats: TypeAlias = NDArray[np.float64]


class NumericalTerm(Struct, frozen=True, eq=False, dict=True):
    """A value times a weight; of a categorical column, the number that a category is."""

    name: str
    weight: float
    ruler: Ruler

    @property
    def columns(self) -> tuple[str, ...]:
        """The one that it is of."""
        return (self.name,)

    def values(self, columns: Mapping[str, Encoded]) -> Floats:
        """Give it for each row, NaN where there is no number."""
        column = columns[self.name]
        with np.errstate(over="ignore"):
            if isinstance(column, Numbers):
                return column.values * self.weight
            assert isinstance(column, Codes)  # noqa: S101 - lists have no terms
            more = [_number(name) for name in column.unseen] + [math.nan] * 4
            return np.concatenate((self._numbers, more))[column.codes] * self.weight

    @cached_property
    def _numbers(self) -> Floats:
        assert isinstance(self.ruler, CategoricalRuler)  # noqa: S101 - as the codes are
        return np.array([_number(name) for name in self.ruler.names], np.float64)

    def facts(self) -> dict[str, Any]:
        """Give it as JSON values."""
        return {"name": self.name, "weight": self.weight.hex()}

    @classmethod
    def read(cls, rulers: Mapping[str, Ruler], facts: Mapping[str, Any]) -> NumericalTerm:
        """Read what `facts` gave."""
        return cls(facts["name"], float.fromhex(facts["weight"]), rulers[facts["name"]])


class _Places(Struct, frozen=True, eq=False, dict=True):
    """Where categories of a column are among those that a term knows."""

    names: tuple[str, ...]
    ruler: Ruler

    @cached_property
    def by_name(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    def of(self, column: Encoded) -> NDArray[np.int64]:
        """Give the place of each row's category; below 0 where it has none."""
        if isinstance(column, Numbers):
            numbers, places = self._of_numbers
            at = np.minimum(np.searchsorted(numbers, column.values), len(numbers) - 1)
            found = np.where(numbers[at] == column.values, places[at], _UNKNOWN)
            return np.where(np.isnan(column.values), _MISSING, found)
        assert isinstance(column, Codes)  # noqa: S101 - lists have no terms
        # faults are codes from the end
        more = [self.by_name.get(name, _UNKNOWN) for name in column.unseen] + [_MISSING] * 4
        return np.concatenate((self._of_codes, np.array(more, np.int64)))[column.codes]

    @cached_property
    def _of_codes(self) -> NDArray[np.int64]:
        assert isinstance(self.ruler, CategoricalRuler)  # noqa: S101 - as the codes are
        return np.array([self.by_name.get(name, _UNKNOWN) for name in self.ruler.names], np.int64)

    @cached_property
    def _of_numbers(self) -> tuple[Floats, NDArray[np.int64]]:
        pairs = sorted((_number(name), place) for name, place in self.by_name.items())
        # what is no number is in no column of numbers
        some = [pair for pair in pairs if not math.isnan(pair[0])] or [(math.inf, _UNKNOWN)]
        return np.array([number for number, _ in some]), np.array([place for _, place in some], np.int64)


class CategoricalTerm(Struct, frozen=True, eq=False, dict=True):
    """A weight for each category, or for each combination of the categories of several columns.

    One that has no weight has 0, as it has in a model of indicators that was not trained on it.

    Parameters
    ----------
    name
        Of the feature.
    columns
        Whose categories are combined.
    categories
        Combinations in canonical form, one category for each column.
    weights
        Theirs.
    rulers
        Of the columns.
    """

    name: str
    columns: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    weights: Floats
    rulers: tuple[Ruler, ...]

    def values(self, columns: Mapping[str, Encoded]) -> Floats:
        """Give it for each row, NaN where a category is missing."""
        places = [known.of(columns[name]) for name, known in zip(self.columns, self._known, strict=True)]
        keys = self._keys_of(places)
        ordered, weights = self._by_key
        at = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
        lowest = np.minimum.reduce(places)
        found = np.where((lowest < 0) | (ordered[at] != keys), 0.0, weights[at])
        return np.where(lowest == _MISSING, math.nan, found)

    @cached_property
    def _known(self) -> tuple[_Places, ...]:
        columns = zip(zip(*self.categories, strict=True), self.rulers, strict=True)
        return tuple(_Places(tuple(sorted(set(names))), ruler) for names, ruler in columns)

    @cached_property
    def _by_key(self) -> tuple[NDArray[np.int64], Floats]:
        names = zip(zip(*self.categories, strict=True), self._known, strict=True)
        keys = self._keys_of([np.array([known.by_name[name] for name in column]) for column, known in names])
        order = np.argsort(keys)
        return keys[order], self.weights[order]

    def _keys_of(self, places: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        keys = np.zeros(len(places[0]), np.int64)
        for each, known in zip(places, self._known, strict=True):
            keys = keys * len(known.names) + each
        return keys

    def facts(self) -> dict[str, Any]:
        """Give it as JSON values, but for the weights."""
        return {"name": self.name, "columns": list(self.columns), "categories": [*map(list, self.categories)]}

    @classmethod
    def read(
        cls, rulers: Mapping[str, Ruler], facts: Mapping[str, Any], weights: NDArray[Any]
    ) -> CategoricalTerm:
        """Read what `facts` gave."""
        columns = tuple(facts["columns"])
        categories = tuple(map(tuple, facts["categories"]))
        return cls(
            facts["name"], columns, categories, weights.astype(np.float64), tuple(rulers[c] for c in columns)
        )


Term: TypeAlias = NumericalTerm | CategoricalTerm


def columns_of(name: str, known: Mapping[str, object]) -> tuple[str, ...]:
    """Give the columns that a feature is of: itself, or those between colons.

    Raises
    ------
    UnknownNameError
        When there is no such column.

    Examples
    --------
    >>> columns_of("from:to", {"from": 1, "to": 2}), columns_of("a:b", {"a:b": 1})
    (('from', 'to'), ('a:b',))
    """
    if name in known:
        return (name,)
    columns = tuple(name.split(CROSS))
    for column in columns:
        if column not in known:
            raise UnknownNameError.of("column in attribution.weights", column, known)
    return columns


def term_of(name: str, weight: object, rulers: Mapping[str, Ruler]) -> Term:
    """Read a term off its weights: a number, or a mapping of categories.

    Of several columns, a combination is a tuple, or text with colons between the categories.

    Raises
    ------
    ConfigError
        When a weight is not a finite number, a combination has another number of categories than there are columns, or
        a category has two weights, as 74 and "74" are one.
    """
    columns = columns_of(name, rulers)
    if not isinstance(weight, Mapping):
        if len(columns) > 1:
            raise ConfigError(
                f"attribution.weights.{name}: a feature of several columns has a weight for each combination",
                received=weight,
                expected="such as {'74:75': 12.5}",
            )
        return NumericalTerm(name, _weight(name, weight), rulers[name])
    if not weight:
        raise ConfigError(f"attribution.weights.{name} has no weights", expected="a weight for each category")
    categories = tuple(_combination(name, key, len(columns)) for key in weight)
    for category, times in Counter(categories).items():
        if times > 1:
            raise ConfigError(
                f"attribution.weights.{name}: a category has {times} weights",
                received=[key for key, each in zip(weight, categories, strict=True) if each == category],
                expected="one; numbers and their text are the same category",
            )
    weights = np.array([_weight(name, each) for each in weight.values()], np.float64)
    return CategoricalTerm(name, columns, categories, weights, tuple(rulers[column] for column in columns))


def _combination(name: str, key: object, columns: int) -> tuple[str, ...]:
    if isinstance(key, tuple):
        parts: tuple[object, ...] = key
    else:
        parts = tuple(key.split(CROSS)) if columns > 1 and isinstance(key, str) else (key,)
    found = tuple(canonical(part) for part in parts)
    if len(found) != columns or None in found:
        raise ConfigError(
            f"attribution.weights.{name}: this is no category of it",
            received=key,
            expected="a category" if columns == 1 else f"{columns} categories with {CROSS!r} between them",
        )
    return tuple(str(part) for part in found)


def _weight(name: str, weight: object) -> float:
    is_number = isinstance(weight, int | float | np.number) and not isinstance(weight, bool)
    if not is_number or not math.isfinite(float(weight)):  # type: ignore[arg-type] # it is a number here
        raise ConfigError(f"attribution.weights.{name} is no weight", received=weight, expected="a number")
    return float(weight)  # type: ignore[arg-type] # as above


def _number(category: str) -> float:
    try:
        return float(category)
    except ValueError:
        return math.nan
