"""Answers of a recommender, invented: what was asked, what was served, and what was bought afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelvane.reference import Reference

COLUMNS: dict[str, Any] = {
    "prediction": "served",
    "target": "bought",
    "scores": "scores",
    "origins": "origins",
    "subject": "subject",
    "unknown": "unknown",
    "task": "recommendation",
}
"""Keywords of `Reference.of`."""


def answers(rng: np.random.Generator, rows: int, *, items: int = 60) -> list[dict[str, Any]]:
    """Invent answers of up to five items; every tenth is empty, half of those because nobody has the id."""
    found = []
    for row in range(rows):
        count = 0 if row % 10 == 0 else int(rng.integers(1, 6))
        served = rng.choice(items, count, replace=False, p=_popularity(items))
        bought = rng.choice(items + 5, int(rng.integers(0, 4)), replace=False)
        found.append(
            {
                "id": f"answer {row}",
                "time": 1_315_000_000.0 + 600.0 * row,
                "kind": "user" if row % 3 else "item",
                "subject": f"customer {rng.integers(40)}",
                "served": [f"p{item}" for item in served],
                "scores": sorted(rng.random(count).round(3).tolist(), reverse=True),
                "origins": rng.choice(["neighbour", "popular"], count, p=[0.8, 0.2]).tolist(),
                "unknown": row % 20 == 0,
                "bought": [f"p{item}" for item in bought],
            }
        )
    return found


def _popularity(items: int) -> Any:
    weights = 1.0 / np.arange(1, items + 1)
    return weights / weights.sum()


def reference_of(rows: list[dict[str, Any]], **more: Any) -> Reference:
    """Build the reference of such answers."""
    return Reference.of(rows, **COLUMNS, **more)
