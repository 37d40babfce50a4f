"""Freezing the rulers of a reference's columns from its rows."""

from __future__ import annotations

from modelvane.block import Encoded
from modelvane.casting import as_categories, as_numbers
from modelvane.raw_column import RawColumn
from modelvane.ruler import CategoricalRuler, ListRuler, NumericalRuler, Ruler
from modelvane.schema import Column, Kind, Role, Schema
from modelvane.table import Table
from modelvane.tallies.categorical import Codes
from modelvane.tallies.list_column import Lists, categories_within, numbers_within


def catalogue_of(table: Table, schema: Schema) -> ListRuler | None:
    """Freeze the items that a recommender serves and that are chosen after it: both are looked up on one ruler."""
    target = schema.target
    columns = [column for column in (*schema.predictions, target) if column and column.kind is Kind.ITEMS]
    if not columns:
        return None
    return ListRuler(CategoricalRuler.of(categories_within(*(table[column.name] for column in columns))))


def on_ruler(raw: RawColumn, column: Column, catalogue: ListRuler | None) -> tuple[Ruler, Encoded]:
    """Freeze the ruler of a column of the reference, and look its rows up on it."""
    if column.kind is not None and column.kind.is_list:
        ruler = catalogue if column.role in (Role.PREDICTION, Role.TARGET) else None
        ruler = ruler or _list_ruler(raw, column)
        return ruler, Lists.of(ruler, raw)
    if column.kind is Kind.CATEGORICAL:
        categories = as_categories(raw)
        of_categories = CategoricalRuler.of(categories)
        return of_categories, Codes.of(of_categories, categories)
    numbers = as_numbers(raw, column.dtype)
    values = numbers.values if numbers.faults is None else numbers.values[numbers.faults == 0]
    return NumericalRuler.of(values, column.dtype), numbers


def _list_ruler(raw: RawColumn, column: Column) -> ListRuler:
    if column.kind is Kind.ITEMS:
        return ListRuler(CategoricalRuler.of(categories_within(raw)))
    # such as list<element: float>
    of_entries = column.dtype.rpartition(": ")[2].rstrip(">").removesuffix(" not null")
    return ListRuler(NumericalRuler.of(numbers_within(raw), of_entries))


def unkept(raw: RawColumn) -> tuple[Ruler, Encoded]:
    """Look a column up on a ruler that has none of its values: of ids nothing is kept, and versions to come are new."""
    nothing = CategoricalRuler(())
    return nothing, Codes.of(nothing, as_categories(raw))
