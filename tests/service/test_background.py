"""Long work beside ingest leaves it time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from modelvane.service import background
from modelvane.service.background import in_pieces


class Clock:
    """Time of a thread that computes only when told to."""

    def __init__(self) -> None:
        self.computed = 0.0
        self.rests: list[float] = []

    def thread_time(self) -> float:
        return self.computed

    def sleep(self, seconds: float) -> None:
        self.rests.append(round(seconds, 6))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(background, "time", made)
    return made


def test_long_work_rests_as_long_as_it_computed(clock: Clock) -> None:
    """Between items a thread rests for what it computed since its last rest: to make them and to use them."""

    def made() -> Iterator[int]:
        for number in range(4):
            clock.computed += 0.004
            yield number

    for number in in_pieces(made()):
        clock.computed += 0.001
        assert len(clock.rests) == number
    assert clock.rests == [0.005] * 4


def test_small_items_share_a_rest(clock: Clock) -> None:
    """Items that take less than a piece are not worth a rest each, and one that takes long no endless rest."""

    def made() -> Iterator[float]:
        for seconds in (0.0004, 0.0004, 0.0004, 5.0):
            clock.computed += seconds
            yield seconds

    assert list(in_pieces(made())) == [0.0004, 0.0004, 0.0004, 5.0]
    assert clock.rests == [0.0012, 0.2]
