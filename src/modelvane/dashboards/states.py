"""Values that stand for words."""

from __future__ import annotations

from modelvane.dashboards.model import Colour, State, Step

ALARM = (State(0, "ok", Colour.GOOD), State(1, "alarm", Colour.BAD))
DRIFT = (State(0, "none", Colour.GOOD), State(1, "drift", Colour.BAD))
GIVEN = (State(0, "none", Colour.BAD), State(1, "given", Colour.GOOD))
UP = (State(0, "down", Colour.BAD), State(1, "up", Colour.GOOD))

ANY_IS_BAD = (Step(None, Colour.GOOD), Step(1.0, Colour.BAD))
"""A count of which 1 is too many."""


def at_most(limit: float) -> tuple[Step, ...]:
    """Colour what is beyond a limit."""
    return (Step(None, Colour.GOOD), Step(limit, Colour.BAD))


def at_least(limit: float) -> tuple[Step, ...]:
    """Colour what stays below a limit."""
    return (Step(None, Colour.BAD), Step(limit, Colour.GOOD))
