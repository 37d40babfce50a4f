"""The schema that a store remembers of a dataset: what it was opened with last, and what it still holds of before."""

from __future__ import annotations

import json

from modelvane.schema import Column, Kind, Role, Schema


def joined(schema: Schema, earlier: Schema | None) -> Schema:
    """Give a schema with the columns that only an earlier one had, as features: rows may still have values there.

    >>> joined(Schema((Column("tip"),)), Schema((Column("fare", Role.TARGET),))).names
    ('tip', 'fare')
    """
    left = [column for column in earlier or () if column.name not in schema]
    return Schema(
        (*schema.columns, *(Column(c.name, Role.FEATURE, c.kind or Kind.CATEGORICAL, c.dtype) for c in left)),
        schema.task,
        schema.segments,
        schema.positive,
    )


def to_json(schema: Schema) -> str:
    """Give a schema as text."""
    return json.dumps(schema.to_dict())


def from_json(text: str) -> Schema:
    """Read what `to_json` gave."""
    return Schema.from_dict(json.loads(text))
