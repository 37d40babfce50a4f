"""Which divergence compares which column."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from modelvane.divergences import divergence
from modelvane.divergences.base import Divergence
from modelvane.schema import Column, Kind

DEFAULTS = {Kind.NUMERICAL: "kolmogorov_smirnov", Kind.CATEGORICAL: "g_test"}


class Methods(Struct, frozen=True):
    """Divergences by kind of column, and by column where that differs.

    Parameters
    ----------
    numerical, categorical
        The first decides the verdict; others are computed beside it.
    columns
        By column name.

    Raises
    ------
    UnknownNameError
        For a divergence that does not exist, or does not fit the kind.
    """

    numerical: tuple[str, ...] = (DEFAULTS[Kind.NUMERICAL],)
    categorical: tuple[str, ...] = (DEFAULTS[Kind.CATEGORICAL],)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.numerical:
            divergence(name, Kind.NUMERICAL)
        for name in self.categorical:
            divergence(name, Kind.CATEGORICAL)

    def of(self, column: Column) -> tuple[str, ...]:
        """Give the names of the divergences of a measured column."""
        is_numerical = column.kind is not None and column.kind.of_entries is Kind.NUMERICAL
        by_kind = self.numerical if is_numerical else self.categorical
        return self.columns.get(column.name, by_kind)

    def divergences(self, column: Column) -> list[Divergence]:
        """Give the divergences of a measured column."""
        assert column.kind is not None  # noqa: S101 - ids and times are not measured
        return [divergence(name, column.kind.of_entries) for name in self.of(column)]
