"""Settings of versions of a model that predict side by side."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from modelvane.casting import canonical
from modelvane.config.section import Section
from modelvane.settings import CONFIDENCE, Versions

Name = Annotated[
    str, BeforeValidator(lambda name: canonical(name) if isinstance(name, int | float) else name)
]


class VersionsSection(Section):
    """Which version of the model predicted, and which is the champion."""

    column: str = Field(
        description="The column that says which version predicted; the reference may lack it."
    )
    champion: Name = Field(
        min_length=1,
        description="The version that the others are compared with, by its name in the column, until a retrain "
        "promotes another. `1.0` is also the number 1.",
    )
    confidence: float = Field(
        CONFIDENCE, ge=0.5, lt=1, description="Of each comparison, at every moment together."
    )

    @property
    def known(self) -> Versions:
        """Give it as settings know it."""
        return Versions(self.champion, self.confidence)
