"""How it is known what each feature contributes to a prediction."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from modelvane.config.names import function_or_file
from modelvane.config.section import Section

Source = Annotated[str, AfterValidator(function_or_file)]
Weight = float | dict[str | int | float | bool, float]

_SOURCES = ("weights", "columns", "prefix")


class AttributionSection(Section):
    """How it is known what each feature contributes to a prediction: by one of these."""

    weights: Source | dict[str, Weight] | None = Field(
        None,
        description="Of a linear model: by feature a number, or a mapping of categories to weights; or a file beside "
        "the reference's data that has them as JSON; or `package.module:function` that returns them when it is called "
        "with the path of the reference's data. A feature of several columns has their names with colons between them, "
        "and so have its categories.",
    )

    columns: dict[str, str] | None = Field(
        None,
        description="Of any model: by feature the column with which the prediction service sends its contribution.",
    )
    prefix: str | None = Field(
        None,
        min_length=1,
        description="The same for all columns of the reference that begin so; what follows is the name of the feature.",
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        told = [name for name in _SOURCES if getattr(self, name) is not None]
        if len(told) != 1:
            raise ValueError(
                f"attribution: {' and '.join(told) or 'nothing'} given; expected one of {', '.join(_SOURCES)}"
            )
        return self
