"""What every part of the config has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Settings that are checked: an unknown one is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
