"""Which columns are protected."""

from __future__ import annotations

from pydantic import Field

from modelvane.casting import canonical
from modelvane.config.section import Section
from modelvane.settings import LEAST_ROWS, Protected


class FairnessSection(Section):
    """A protected column."""

    column: str = Field(description="Its name; it is a segment, too, and need not be a feature.")
    reference_group: str | int | float | bool | None = Field(
        None, description="The group that the others are compared with; every pair is compared otherwise."
    )
    positive: str | int | float | bool | None = Field(
        None, description="The class that is in people's favour; `column_mapping.pos_label` otherwise."
    )
    least_rows: int = Field(
        LEAST_ROWS, ge=1, description="Rows that a rate of a group takes; with fewer it is undefined."
    )

    @property
    def protected(self) -> Protected:
        """What a monitor is told."""
        return Protected(
            self.column, canonical(self.reference_group), canonical(self.positive), self.least_rows
        )
