"""Settings of the batch watch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from modelvane.config.lengths import Length, LengthOfSomething
from modelvane.config.section import Section
from modelvane.periods import Period, last_whole, length_of

_CRON_FIELDS = 5


def _cron(text: str) -> str:
    if len(text.split()) != _CRON_FIELDS:
        raise ValueError("no cron line; expected minute, hour, day, month and weekday, such as 0 6 * * *")
    return text


class BatchSection(Section):
    """The batch watch of a dataset."""

    period: LengthOfSomething = Field(
        "1d",
        description="Length of the period that a run is of, such as `1h`, `1d` or `1w`: the last whole one, in UTC.",
    )
    delay: Length = Field(
        "0s", description="How long after its end a period is still waited for, so that late labels are in."
    )
    slices: int = Field(24, ge=1, le=366, description="Parts of the period that are shown one by one.")
    output: Path = Field(
        Path("reports"), description="The folder that reports are written to, from the config's folder."
    )
    schedule: Annotated[str, AfterValidator(_cron)] | None = Field(
        None, description="When the flow runs: a cron line in UTC, such as `0 6 * * *`."
    )

    def last_period(self, now: float) -> Period:
        """Give the last whole period whose labels have had their time."""
        return last_whole(length_of(self.period), now - length_of(self.delay))
