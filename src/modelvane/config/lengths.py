"""Lengths of time in a config, such as ``6h``."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from modelvane.errors import ConfigError
from modelvane.periods import length_of


def _length(text: str) -> str:
    try:
        length_of(text)
    except ConfigError as error:
        raise ValueError(f"no length of time; expected {error.expected}") from None
    return text


def _longer_than_nothing(text: str) -> str:
    if length_of(text) <= 0:
        raise ValueError("this has to be longer than nothing")
    return text


Length = Annotated[str, AfterValidator(_length)]
LengthOfSomething = Annotated[Length, AfterValidator(_longer_than_nothing)]
