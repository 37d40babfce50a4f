"""What a reference is told to learn of contributions: `Reference.of(data, also=[...])`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelvane.attribution.functions import load
from modelvane.attribution.linear import Linear, Weights
from modelvane.attribution.ruler import NAME, AttributionRuler, SampledRuler
from modelvane.attribution.sent import Sent
from modelvane.attribution.terms import columns_of
from modelvane.errors import ConfigError, UnknownNameError
from modelvane.row_ruler import MOST_COLUMNS, Learned
from modelvane.schema import Role, Schema

ROWS = 500
"""Rows that a function is asked about by default."""
_ROLES = (Role.FEATURE, Role.SEGMENT)


@dataclass(frozen=True, eq=False, slots=True)
class LinearAttribution:
    """Contributions of a linear model, from its weights.

    Parameters
    ----------
    weights
        By feature: a number that its value is multiplied by, or a mapping of categories to weights, as of indicators. A
        feature of several columns, whose combinations have weights, has their names with colons between them.

    Examples
    --------
    >>> from modelvane import Reference
    >>> known = Reference.of({"distance": [0.5 + i for i in range(100)]}, also=[LinearAttribution({"distance": 2.0})])
    >>> known.tally.together["attribution"].mean_sizes().tolist()
    [50.0]
    """

    weights: Weights

    @property
    def name(self) -> str:
        """That of its rulers."""
        return NAME

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give the columns of all features."""
        known = {
            column.name: column
            for column in schema.measured
            if column.role in _ROLES and column.kind is not None and not column.kind.is_list
        }
        columns = dict.fromkeys(column for name in self.weights for column in columns_of(name, known))
        _require_few(len(self.weights), "features")
        _require_few(len(columns), "columns")
        return tuple(columns)

    def learn(self, learned: Learned) -> AttributionRuler:
        """Learn a ruler."""
        return AttributionRuler.learn(Linear.of(self.weights, learned.rulers, learned.block), learned)


@dataclass(frozen=True, eq=False, slots=True)
class SentAttribution:
    """Contributions that come with the rows, in columns of their own: `Reference.of(data, contributions=[...])`.

    Parameters
    ----------
    columns
        Their names by feature.
    """

    columns: Mapping[str, str]

    @property
    def name(self) -> str:
        """That of its rulers."""
        return NAME

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give the columns."""
        known = [column.name for column in schema.contributions]
        for name in self.columns.values():
            if name not in known:
                raise UnknownNameError.of("column of contributions", name, known)
        _require_few(len(self.columns), "columns")
        return tuple(self.columns.values())

    def learn(self, learned: Learned) -> AttributionRuler:
        """Learn a ruler."""
        return AttributionRuler.learn(Sent(self.columns), learned)


@dataclass(frozen=True, eq=False, slots=True)
class SampledAttribution:
    """Contributions by a function, of a sample of the rows.

    Parameters
    ----------
    function
        Its name, ``package.module:function``: it takes rows as a pyarrow table with the features, and returns an array
        of shape ``(rows, features)``, or an array for each feature. Of trees, that of a function without arguments
        that returns the model, whose SHAP values are taken; that needs the extra ``shap``.
    kind
        ``"function"`` or ``"trees"``.
    rows
        Distinct rows of a window, and of the reference, that it is asked about.
    folder
        Where its module is looked for too.
    """

    function: str
    kind: str = "function"
    rows: int = ROWS
    folder: Path = Path()

    @property
    def name(self) -> str:
        """That of its rulers."""
        return NAME

    def wanted(self, schema: Schema) -> Sequence[str]:
        """Give the features."""
        names = [each.name for each in schema.features if each.kind is not None and not each.kind.is_list]
        _require_few(len(names), "features")
        return names

    def learn(self, learned: Learned) -> SampledRuler:
        """Learn a ruler."""
        call = load(self.kind, self.function, self.folder)
        return SampledRuler.learn(self.kind, self.function, call, self.rows, learned)


def _require_few(count: int, what: str) -> None:
    if not 0 < count <= MOST_COLUMNS:
        raise ConfigError(
            f"attribution: contributions of {count} {what} are {'none' if not count else 'too many'}",
            expected=f"1 to {MOST_COLUMNS}",
            remedy="Name those that matter most" if count else "Name the features and their weights",
        )
