"""By what a dataset is broken down."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from modelvane.breakdown import Breakdown, breakdowns_of
from modelvane.errors import SchemaError


def _read(given: object) -> object:
    if not isinstance(given, list | tuple):
        raise ValueError("no list; expected one, such as [zone, [zone, hour], {column: fare, bins: 4}]")  # noqa: TRY004 - what pydantic tells of
    try:
        return breakdowns_of(given)
    except SchemaError as error:
        raise ValueError(f"{error.what}; expected {error.expected}") from None


Segments = Annotated[
    tuple[Breakdown, ...],
    BeforeValidator(_read),
    PlainSerializer(lambda breakdowns: [each.plain() for each in breakdowns]),
]
