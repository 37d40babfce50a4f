"""When turns of small commits are due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from modelvane.service import pace as pace_module
from modelvane.service.pace import Pace


class Client:
    """Posts, waits for its answer, and posts again."""

    turn = 0


class Turns:
    """Notes how many had posted when each turn was committed."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.waiting = 0
        self.committed: list[int] = []
        self.at: list[float] = []

    def post(self, client: Client) -> None:
        self.pace.came(client)
        self.waiting += 1
        if self.waiting == 1:
            self.pace.soon(self._commit)

    def _commit(self) -> None:
        self.committed.append(self.waiting)
        # and not the time now: this thread may have been stopped since
        self.at.append(self.pace._ended_at)
        self.waiting = 0


def _run(scenario: Callable[[Turns], Awaitable[None]]) -> Turns:
    turns = Turns()

    async def run() -> None:
        await scenario(turns)
        await asyncio.sleep(0.05)

    asyncio.run(run())
    return turns


async def _turn_of_loop(times: int = 1) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


@pytest.fixture
def far_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no turn end for being late within a test."""
    monkeypatch.setattr(pace_module, "_APART_SECONDS", 60.0)


@pytest.mark.usefixtures("far_apart")
def test_a_client_alone_waits_for_nobody() -> None:
    """Each post of the only client is committed at once, however quickly it comes back."""
    client = Client()

    async def scenario(turns: Turns) -> None:
        for _ in range(5):
            turns.post(client)
            await _turn_of_loop(5)

    assert _run(scenario).committed == [1] * 5


@pytest.mark.usefixtures("far_apart")
def test_a_turn_waits_for_those_of_the_turn_before() -> None:
    """Clients that each post again after their answer share commits, in whatever turns of the loop they come."""
    clients = [Client() for _ in range(8)]

    async def scenario(turns: Turns) -> None:
        for client in clients:
            turns.post(client)
        await _turn_of_loop(5)
        for _ in range(3):
            for client in clients:
                turns.post(client)
                await _turn_of_loop(5)

    assert _run(scenario).committed == [8] * 4


@pytest.mark.usefixtures("far_apart")
def test_those_who_are_new_do_not_stand_for_those_who_are_away() -> None:
    """A turn waits for the clients of the turn before themselves, not for as many posts."""
    regulars, new = [Client() for _ in range(3)], [Client() for _ in range(3)]

    async def scenario(turns: Turns) -> None:
        for client in regulars:
            turns.post(client)
        await _turn_of_loop(5)
        for client in new:
            turns.post(client)
            await _turn_of_loop(5)
        assert turns.committed == [3]
        for client in regulars:
            turns.post(client)
            await _turn_of_loop(5)

    assert _run(scenario).committed == [3, 6]


def test_a_client_that_stays_away_holds_nobody_up() -> None:
    """Without the others of the turn before, a post is committed after a moment."""
    gone, stays = Client(), Client()

    async def scenario(turns: Turns) -> None:
        turns.post(gone)
        turns.post(stays)
        await _turn_of_loop(5)
        turns.post(stays)

    assert _run(scenario).committed == [2, 1]


def test_turns_of_clients_that_come_and_go_are_apart() -> None:
    """Where each post comes from another client, commits keep their distance."""

    async def scenario(turns: Turns) -> None:
        while len(turns.at) < 20:
            turns.post(Client())
            await asyncio.sleep(0)

    turns = _run(scenario)
    between = [later - sooner for sooner, later in pairwise(turns.at)]
    # the last turn has nobody away, or is the end
    assert min(between[:-1]) >= pace_module._APART_SECONDS * 0.99


def test_after_a_pause_a_post_is_committed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody has posted for a while, a post does not wait for those of before."""
    monkeypatch.setattr(pace_module, "_APART_SECONDS", 0.01)

    async def scenario(turns: Turns) -> None:
        turns.post(Client())
        await asyncio.sleep(0.03)
        turns.post(Client())
        await _turn_of_loop(5)
        assert turns.committed == [1, 1]

    _run(scenario)
