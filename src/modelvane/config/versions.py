"""Settings of versions of a model that predict side by side."""

from __future__ import annotations

from pydantic import Field

from modelvane.config.section import Section
from modelvane.settings import CONFIDENCE, Versions


class VersionsSection(Section):
    """Which version of the model predicted, and which is the champion."""

    column: str = Field(description="The column that says it; the reference may lack it.")
    champion: str = Field(min_length=1, description="Whom the others are compared with.")
    confidence: float = Field(
        CONFIDENCE, ge=0.5, lt=1, description="Of each comparison, at every moment together."
    )

    @property
    def known(self) -> Versions:
        """Give it as settings know it."""
        return Versions(self.champion, self.confidence)
