"""What is to be judged: which rows of which dataset, by which reference."""

from __future__ import annotations

import time
from pathlib import Path

from msgspec import Struct

from modelvane.config import BatchSection, Config
from modelvane.errors import ConfigError
from modelvane.locations import shown
from modelvane.periods import Period, last_whole, length_of, period_text
from modelvane.settings import Settings


class Job(Struct, frozen=True):
    """One batch of one dataset.

    Parameters
    ----------
    dataset
        Its name.
    config
        What it is watched by; ``None`` for two files.
    reference
        The reference without a config: a saved one, or data.
    current
        The rows, where they are not those of the config's log: a file, a folder or a URL.
    since, until
        Seconds since 1970, half open; ``None`` where rows of a file have no end on that side.
    labels
        A file of late labels, joined to the rows without being written to the log.
    slices
        Parts of the period that are judged one by one.
    strict
        Whether what cannot be read ends the run, rather than being reported.
    leave_out
        What is not counted of whole rows, beside what the config says; see
        `modelvane.reference.Reference.leaving_out`.
    """

    dataset: str
    config: Config | None = None
    reference: Path | None = None
    current: str | None = None
    since: float | None = None
    until: float | None = None
    labels: Path | None = None
    slices: int = BatchSection().slices
    strict: bool = False
    leave_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ConfigError(
                "The period ends before it begins",
                received=period_text((self.since, self.until)),
                expected="a time for --until that is later than that for --since",
            )

    @classmethod
    def of_config(
        cls,
        config: Config,
        dataset: str | None = None,
        *,
        current: str | None = None,
        since: float | None = None,
        until: float | None = None,
        last: str | None = None,
        labels: Path | None = None,
        strict: bool = False,
        leave_out: tuple[str, ...] = (),
        now: float | None = None,
    ) -> Job:
        """Give the job of a dataset of a config.

        Without any of ``since``, ``until`` and ``last`` it is of the last whole ``batch.period`` of the log; ``since``
        alone is until ``now``, ``until`` alone of one period before it. Rows of a file are all taken by default.

        Parameters
        ----------
        dataset
            Its name; it need not be said where the config has but one.
        last
            Rather the last whole period of this length (see `modelvane.periods.last_whole`).

        Raises
        ------
        UnknownNameError, ConfigError
            For a dataset that the config does not have, and for a period that is none.
        """
        name = the_dataset(config) if dataset is None else dataset
        batch = config.batch_of(name)
        now = time.time() if now is None else now
        if last is None and current is None:
            since, until = _of_the_log(batch, since, until, now)
        else:
            since, until = _bounds(since, until, last, now)
        return cls(
            dataset=name,
            config=config,
            current=current,
            since=since,
            until=until,
            labels=labels,
            slices=batch.slices,
            strict=strict,
            leave_out=leave_out,
        )

    @classmethod
    def of_files(
        cls,
        reference: Path,
        current: str,
        dataset: str | None = None,
        *,
        since: float | None = None,
        until: float | None = None,
        last: str | None = None,
        labels: Path | None = None,
        strict: bool = False,
        leave_out: tuple[str, ...] = (),
        now: float | None = None,
    ) -> Job:
        """Give the job of two files: a reference, saved or as data, and current rows.

        Raises
        ------
        ConfigError
            For a period that is none.
        """
        since, until = _bounds(since, until, last, time.time() if now is None else now)
        return cls(
            dataset=dataset or Path(shown(current)).stem or "batch",
            reference=reference,
            current=current,
            since=since,
            until=until,
            labels=labels,
            strict=strict,
            leave_out=leave_out,
        )

    @property
    def period(self) -> Period | None:
        """Seconds since 1970, half open; ``None`` where it has no end on some side."""
        return None if self.since is None or self.until is None else (self.since, self.until)

    @property
    def settings(self) -> Settings:
        """How it is judged."""
        return Settings() if self.config is None else self.config.settings(self.dataset)

    @property
    def is_of_the_log(self) -> bool:
        """Whether the rows are those of the config's log, which then keeps the findings."""
        return self.config is not None and self.current is None

    @property
    def output(self) -> Path:
        """Where its report goes, without an ending, unless somebody says otherwise."""
        batch = BatchSection() if self.config is None else self.config.batch_of(self.dataset)
        folder = batch.output if self.config is None else self.config.folder / batch.output
        name = self.dataset if self.period is None else f"{self.dataset}-{period_text(self.period)}"
        # a colon is no part of a file's name everywhere
        return folder / name.replace(":", "").replace(" to ", "--")


def the_dataset(config: Config) -> str:
    """Give the one dataset of a config.

    Raises
    ------
    ConfigError
        When it has several.
    """
    if len(config.datasets) > 1:
        raise ConfigError(
            "The config has several datasets",
            available=sorted(config.datasets),
            remedy="Name one: --dataset",
        )
    return next(iter(config.datasets))


def _of_the_log(batch: BatchSection, since: float | None, until: float | None, now: float) -> Period:
    if since is None and until is None:
        return batch.last_period(now)
    until = now if until is None else until
    return until - length_of(batch.period) if since is None else since, until


def _bounds(
    since: float | None, until: float | None, last: str | None, now: float
) -> tuple[float | None, float | None]:
    if last is None:
        return since, until
    if since is not None or until is not None:
        raise ConfigError(
            "A period is said in one way", received="--last and --since or --until", expected="one of them"
        )
    length = length_of(last)
    if length <= 0:
        raise ConfigError("A period has a length", received=last, expected="more than 0, such as 1d")
    return last_whole(length, now)
