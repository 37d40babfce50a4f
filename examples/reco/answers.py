"""What the monitor is told of an answer: what was asked, what was served, and how it came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from examples.reco.model import Recommendation, Recommender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelvane.client.outbox import Counters

DECIMALS = 6
"""Of a score."""

USER, ITEM = "user", "item"


class AnswerLog(Protocol):
    """Where answers go: `modelvane.client.Client`, or anything that logs like it."""

    def log(self, record: dict[str, Any], prediction: list[str], *, id: Any, time: Any) -> str:  # noqa: A002 - the client's own name
        """Take an answer without blocking or raising; return the id that its label will carry."""
        ...

    @property
    def counters(self) -> Counters:
        """What became of the answers."""
        ...


def find(
    model: Recommender, kind: str, subject: str, n: int, *, fallback: bool
) -> tuple[list[Recommendation], bool]:
    """Answer a question; give what to serve, and whether the subject is unknown."""
    is_known = model.knows_product(subject) if kind == ITEM else model.knows_customer(subject)
    if not is_known:
        return model.popular(n) if fallback else [], True
    return model.for_product(subject, n) if kind == ITEM else model.for_customer(subject, n), False


def record_of(
    kind: str, subject: str, n: int, found: Sequence[Recommendation], *, unknown: bool, version: str | None
) -> dict[str, Any]:
    """Give the row of an answer, but for what was served: that is its prediction."""
    return {
        "kind": kind,
        "subject": subject,
        "n": n,
        "scores": [round(one.score, DECIMALS) for one in found],
        "origins": [one.origin for one in found],
        "unknown": unknown,
        "model_version": version,
    }


def served_of(model: Recommender, found: Sequence[Recommendation]) -> list[str]:
    """Give the codes of what is served, in order."""
    return [model.products[one.product] for one in found]
