"""Made-up trips whose durations are predicted better in some places than in others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modelvane import Reference
from modelvane.estimates.learning import loss_kinds


def trips(n: int, *, far: float = 0.2, seed: int = 0, break_: float = 0.0, start: int = 0) -> dict[str, Any]:
    """Give rows; ``far`` of them go to zones of which the model knows little, ``break_`` moves what it learned."""
    rng = np.random.default_rng(seed)
    is_far = rng.random(n) < far
    distance = rng.gamma(2.0, 2.0, n) + 4 * is_far
    spread = np.where(is_far, 6.0, 1.0) * (0.5 + 0.1 * distance)
    duration = 3 * distance + break_ + rng.normal(size=n) * spread
    return {
        "id": [f"{seed}-{i}" for i in range(n)],
        "zone": np.where(is_far, rng.choice(["x", "y"], n), rng.choice(["a", "b", "c"], n)),
        "distance": np.where(rng.random(n) < 0.02, np.nan, distance),
        "prediction": 3 * distance,
        "duration": duration,
        "at": np.datetime64("2024-01-01") + np.arange(start, start + n) * np.timedelta64(60, "s"),
    }


def driven(
    n: int = 12_000, *, has_times: bool = False, segments: Sequence[object] = (), **drawn: Any
) -> Reference:
    """Give a reference of such rows that has learned its losses."""
    data = trips(n, **drawn)
    time = "at" if has_times else None
    if not has_times:
        del data["at"]
    return Reference.of(
        data,
        target="duration",
        prediction="prediction",
        id="id",
        time=time,
        segments=segments,
        also=loss_kinds(),
    )
