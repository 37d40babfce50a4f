"""Versions of a model in a folder, and the pointer to the one that answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from examples.shared.versions import VersionError, Versions

START = datetime(2022, 3, 1, 4, tzinfo=UTC)


def filled(folder: Path, count: int) -> Versions:
    """Give so many versions, a minute apart, the last one current."""
    versions = Versions(folder)
    for number in range(count):
        name = versions.add(
            lambda part, number=number: (part / "model").write_text(str(number)),  # type: ignore[misc] # bound now
            now=START + timedelta(minutes=number),
        )
        versions.promote(name)
    return versions


def test_a_version_may_have_a_name(tmp_path: Path) -> None:
    """A version of a month is older than those of moments; of two with one name the later has a number."""
    versions = Versions(tmp_path)
    named = [versions.add(lambda _part: None, name="2022-02") for _ in range(2)]
    of_moment = versions.add(lambda _part: None, now=START)
    assert named == ["2022-02", "2022-02-1"]
    assert versions.names() == [*named, of_moment]
    assert versions.before() is None
    for name in (named[0], of_moment):
        versions.promote(name)
    assert versions.before() == named[0]


def test_a_version_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A version whose writing fails leaves nothing that is taken for one."""

    def fail(part: Path) -> None:
        (part / "model").write_text("half")
        raise OSError("the disk is full")

    versions = filled(tmp_path, 1)
    with pytest.raises(OSError, match="full"):
        versions.add(fail)
    assert versions.names() == ["20220301T040000Z"]
    assert sorted(found.name for found in tmp_path.iterdir()) == ["20220301T040000Z", "current"]


def test_a_version_answers_once_it_is_promoted(tmp_path: Path) -> None:
    """A new version changes nothing before it is promoted; two of one second have names of their own."""
    versions = filled(tmp_path, 1)
    second = versions.add(lambda _part: None, now=START)
    assert (versions.current(), second) == ("20220301T040000Z", "20220301T040000Z-1")
    versions.promote(second)
    assert versions.current() == second


def test_rolling_back_goes_one_version_back(tmp_path: Path) -> None:
    """The version before answers again, and the one before that, until there is none."""
    versions = filled(tmp_path, 3)
    assert [versions.roll_back(), versions.roll_back()] == ["20220301T040100Z", "20220301T040000Z"]
    with pytest.raises(VersionError, match="no version before"):
        versions.roll_back()


def test_what_was_rolled_back_is_not_rolled_back_to(tmp_path: Path) -> None:
    """A version that was found bad stays so: from the one after it the way back leads to the good one before."""
    versions = filled(tmp_path, 2)
    good = versions.roll_back()
    versions.promote(versions.add(lambda _part: None, now=START + timedelta(minutes=5)))
    assert versions.roll_back() == good


def test_only_the_last_versions_are_kept(tmp_path: Path) -> None:
    """Old versions go, but never the one that answers."""
    versions = filled(tmp_path, 4)
    versions.promote("20220301T040000Z")
    assert versions.prune(2) == ["20220301T040100Z"]
    assert versions.names() == ["20220301T040000Z", "20220301T040200Z", "20220301T040300Z"]


def test_a_version_that_is_not_there_is_not_promoted(tmp_path: Path) -> None:
    """Promoting what is not there is refused with what is, and the current one stays."""
    versions = filled(tmp_path, 1)
    with pytest.raises(VersionError, match="Available: 20220301T040000Z"):
        versions.promote("20220301T040001Z")
    assert versions.current() == "20220301T040000Z"
