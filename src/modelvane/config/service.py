"""Settings of the service."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from modelvane.config.section import Section


class Tokens(Section):
    """Bearer tokens; none is asked for where none is given."""

    ingest: str | None = Field(
        None, min_length=1, description="For posting rows, labels, alerts and references."
    )
    read: str | None = Field(None, min_length=1, description="For pages, findings and metrics.")


class Limits(Section):
    """Bounds of what is taken in."""

    body_bytes: int = Field(32 * 2**20, ge=1, description="Of one request.")
    body_rows: int = Field(100_000, ge=1, description="Of one request.")
    queue_rows: int = Field(100_000, ge=1, description="Waiting for the log; beyond, 503 with Retry-After.")
    queue_bytes: int = Field(256 * 2**20, ge=1, description="Waiting for the log.")
    series: int = Field(20_000, ge=1, description="Of one scrape.")


class Retention(Section):
    """How much of the log is kept."""

    days: float | None = Field(90.0, gt=0, description="Rows older than this are removed.")
    megabytes: float | None = Field(None, gt=0, description="The oldest rows are removed beyond this size.")


class ServiceSection(Section):
    """The service."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8085, ge=0, le=65_535, description="Port to listen on.")
    store: str = Field("sqlite:///modelvane.db", description="The log, from the config's folder.")
    durability: Literal["normal", "full"] = Field(
        "normal", description="`normal` survives kill -9; `full` a power cut too."
    )
    datasets_path: Path = Field(
        Path("datasets"), description="Where references are that no `reference_file` names."
    )
    window_size: int | None = Field(
        None, ge=1, description="Rows of a window, for datasets without their own."
    )
    calculation_period_sec: float = Field(2.0, ge=0, description="Findings are computed at most this often.")
    min_reference_size: int = Field(30, ge=0, description="A reference with fewer rows is refused.")
    moving_reference: bool = Field(
        False,
        description="2022: the `reference_period` of datasets that do not say it is `moving`; it had no effect then.",
    )
    use_reference: bool = Field(True, description="2022; it had no effect, and `false` is refused.")
    tokens: Tokens = Field(Tokens(), description="Bearer tokens.")
    limits: Limits = Field(Limits(), description="Bounds of what is taken in.")
    retention: Retention = Field(Retention(), description="How much of the log is kept.")
