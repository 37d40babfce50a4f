"""`batch:` in the config, and the job that follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelvane.config import Config
from modelvane.errors import ConfigError
from modelvane.jobs import Job
from modelvane.periods import DAY, last_whole, length_of, moment_of

THURSDAY = moment_of("2020-09-17T10:00")


def of(batch: dict[str, Any] | None = None, own: dict[str, Any] | None = None) -> Config:
    return Config.of({"datasets": {"taxi": {"batch": own or {}}}, "batch": batch or {}}, Path("folder"))


def test_a_dataset_says_what_differs() -> None:
    """A dataset's own settings count, the others are those at the top; yet others have their defaults."""
    batch = of({"period": "1w", "slices": 7}, {"slices": 14}).batch_of("taxi")
    assert (batch.period, batch.slices, batch.delay, batch.schedule) == ("1w", 14, "0s", None)


@pytest.mark.parametrize(
    ("batch", "since", "until"),
    [
        ({}, "2020-09-16", "2020-09-17"),
        ({"period": "1h"}, "2020-09-17T09:00", "2020-09-17T10:00"),
        ({"period": "1w"}, "2020-09-07", "2020-09-14"),
        ({"delay": "12h"}, "2020-09-15", "2020-09-16"),
        ({"delay": "10h"}, "2020-09-16", "2020-09-17"),
    ],
)
def test_the_last_whole_period(batch: dict[str, Any], since: str, until: str) -> None:
    """By default a job is of the last period that ended, and whose labels have had their time."""
    job = Job.of_config(of(batch), now=THURSDAY)
    assert job.period == (moment_of(since), moment_of(until))


@pytest.mark.parametrize(
    ("asked", "since", "until"),
    [
        ({"since": "2020-09-01"}, "2020-09-01", "2020-09-17T10:00"),
        ({"until": "2020-09-10"}, "2020-09-09", "2020-09-10"),
        ({"since": "2020-09-01", "until": "2020-09-03"}, "2020-09-01", "2020-09-03"),
        ({"last": "1h"}, "2020-09-17T09:00", "2020-09-17T10:00"),
    ],
)
def test_another_period(asked: dict[str, str], since: str, until: str) -> None:
    """A period that is asked for is taken as it is said; its other end is now, or one period before."""
    times: dict[str, Any] = {key: text if key == "last" else moment_of(text) for key, text in asked.items()}
    job = Job.of_config(of(), now=THURSDAY, **times)
    assert job.period == (moment_of(since), moment_of(until))


def test_periods_have_no_gap() -> None:
    """Whoever asks at any time within a period gets the one before, which ends where it begins."""
    for length in (3600.0, DAY, 7 * DAY):
        since, until = last_whole(length, THURSDAY)
        assert last_whole(length, until) == (since, until)
        assert last_whole(length, until + length - 1) == (since, until)
        assert last_whole(length, until + length) == (until, until + length)


def test_reports_have_names_of_their_own() -> None:
    """A report is named after dataset and period, so that a second run replaces the first and no other."""
    names = {
        str(Job.of_config(of(batch), now=THURSDAY).output)
        for batch in ({}, {"period": "1h"}, {"period": "1w"})
    }
    assert names == {
        "folder/reports/taxi-2020-09-16",
        "folder/reports/taxi-2020-09-17T090000Z--2020-09-17T100000Z",
        "folder/reports/taxi-2020-09-07T000000Z--2020-09-14T000000Z",
    }


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        ({"period": "soon"}, r"batch\.period: no length of time"),
        ({"period": "0d"}, r"batch\.period: this has to be longer than nothing"),
        ({"period": 1}, r"batch\.period"),
        ({"delay": "late"}, r"batch\.delay: no length of time"),
        ({"slices": 0}, r"batch\.slices"),
        ({"schedule": "daily"}, r"batch\.schedule: no cron line"),
        ({"slises": 3}, "Did you mean 'slices'?"),
    ],
)
def test_what_is_refused(batch: dict[str, Any], said: str) -> None:
    """A setting that is none, at the top or of a dataset, is refused with its place."""
    with pytest.raises(ConfigError, match=said):
        of(batch)
    with pytest.raises(ConfigError, match=f"taxi.*{said}" if "Did" not in said else said):
        of(own=batch)


@pytest.mark.parametrize(("text", "seconds"), [("90 s", 90.0), ("1.5h", 5400.0), ("2w", 14 * DAY)])
def test_lengths(text: str, seconds: float) -> None:
    """A length of time is a number and a unit."""
    assert length_of(text) == seconds
