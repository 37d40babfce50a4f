"""Settings of columns: which plays which part, and how a file of them is written."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from modelvane import compat
from modelvane.config.section import Section
from modelvane.schema import Task

_OF_RECOMMENDER = ("scores", "origins", "subject", "unknown")


class ColumnMapping(Section):
    """Which column plays which part."""

    target: str | None = Field("target", description="The ground truth.")
    prediction: str | list[str] | None = Field(
        "prediction",
        description="The prediction; for probabilities a list of columns, each named after its class.",
    )
    id: str | None = Field("id", description="What labels are joined by.")
    datetime: str | None = Field(
        None, description="The time of the event; a column `time` is used when there is none."
    )
    numerical_features: list[str] | None = Field(None, description="Features measured on edges.")
    categorical_features: list[str] | None = Field(None, description="Features measured by category.")
    datetime_features: list[str] | None = Field(
        None, description="Features that are times: read, not measured."
    )
    target_names: list[str] | None = Field(None, description="Names of the classes (2022).")
    task: Task | None = Field(
        None,
        description="`regression`, `classification` or `recommendation`; one of the first two is guessed from the "
        "target otherwise.",
    )
    pos_label: str | int | float | bool = Field(1, description="The positive class of a binary classifier.")

    scores: str | None = Field(None, description="Of a recommender: the list of scores of the served items.")
    origins: str | None = Field(
        None, description="Of a recommender: the list of origins of the served items."
    )
    subject: str | None = Field(None, description="Of a recommender: whom or what items are served for.")
    unknown: str | None = Field(
        None, description="Of a recommender: whether the model did not know the subject."
    )

    @model_validator(mode="after")
    def _are_of_a_recommender(self) -> Self:
        told = [name for name in _OF_RECOMMENDER if getattr(self, name) is not None]
        if told and self.task is not Task.RECOMMENDATION:
            raise ValueError(
                f"{', '.join(told)}: of a recommender; expected `task: recommendation` beside it"
            )
        return self

    def compatible(self) -> compat.ColumnMapping:
        """Give the mapping as `modelvane.compat` knows it."""
        values = self.model_dump(exclude=set(_OF_RECOMMENDER))
        # there were no recommenders in 2022
        values["task"] = None if self.task in (None, Task.RECOMMENDATION) else self.task.value
        return compat.ColumnMapping(**values)


class DataFormat(Section):
    """How a CSV reference is written (2022)."""

    header: bool = Field(True, description="Whether the first line names the columns.")
    separator: str = Field(",", description="What stands between values.")
