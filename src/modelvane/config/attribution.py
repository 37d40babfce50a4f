"""How it is known what each feature contributes to a prediction."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from modelvane.config.names import function_name, function_or_file
from modelvane.config.section import Section

Function = Annotated[str, AfterValidator(function_name)]
Source = Annotated[str, AfterValidator(function_or_file)]
Weight = float | dict[str | int | float | bool, float]

_SOURCES = ("weights", "columns", "prefix", "function", "trees")


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

    function: Function | None = Field(
        None,
        description="Of any model: `package.module:function` that takes rows as a pyarrow table with the features and "
        "returns an array of shape (rows, features), or an array for each feature.",
    )
    trees: Function | None = Field(
        None,
        description="Of trees: `package.module:function` without arguments that returns the model; takes the extra "
        "`shap`.",
    )
    rows: int = Field(
        500,
        ge=2,
        le=100_000,
        description="Distinct rows of a window, chosen by their hashes, that `function` or `trees` is asked about.",
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        told = [name for name in _SOURCES if getattr(self, name) is not None]
        if len(told) != 1:
            raise ValueError(
                f"attribution: {' and '.join(told) or 'nothing'} given; expected one of {', '.join(_SOURCES)}"
            )
        return self
