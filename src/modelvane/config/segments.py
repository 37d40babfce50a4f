"""By what a dataset is broken down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from modelvane.breakdown import Breakdown, breakdowns_of
from modelvane.errors import SchemaError


def _read(given: object) -> object:
    if not isinstance(given, Iterable) or isinstance(given, str):
        return given
    try:
        return breakdowns_of(given)
    except SchemaError as error:
        raise ValueError(str(error)) from error


Segments = Annotated[
    tuple[Breakdown, ...],
    BeforeValidator(_read),
    PlainSerializer(lambda breakdowns: [each.plain() for each in breakdowns]),
]
