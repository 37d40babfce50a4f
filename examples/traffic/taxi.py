"""People who ask how long their trip will take, and the truth about it, late."""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from modelvane.faults import Injection

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    import requests

    from examples.traffic.caller import Session
    from examples.traffic.labels import Labels
    from modelvane.faults import InjectedFault

_TIME = "lpep_pickup_datetime"
_DRAWN = 16  # trips at once, so that faults are heeded within a second


class Riders:
    """Asks about trips that are drawn from a table, as of now.

    Parameters
    ----------
    service
        Base address of the prediction service.
    trips
        Columns of a trip, and ``target``. Trips that the model was trained on look like drift of its predictions.
    labels
        Takes the true minutes.
    seed
        Of the draw.
    """

    def __init__(self, service: str, trips: pa.Table, labels: Labels, *, seed: int = 0) -> None:
        self._url = f"{service.rstrip('/')}/predict"
        self._trips = trips.drop_columns(
            [name for name in ("prediction", _TIME) if name in trips.column_names]
        )
        self._labels = labels
        self._random = np.random.default_rng(seed)
        self._lock = threading.Lock()  # of the draw and the faults
        self._drawn: deque[dict[str, Any]] = deque()
        self._injection = Injection()

    def inject(self, faults: Sequence[InjectedFault]) -> None:
        """From the next trips on, put these faults in force in place of all earlier ones.

        Raises
        ------
        UnknownNameError
            For a column that trips do not have.
        """
        Injection(*faults).apply(self._trips.slice(0, 1))
        with self._lock:
            self._injection = Injection(*faults)

    def ask(self, session: Session) -> requests.Response:
        """Ask about one trip, and remember its truth for later."""
        trip = self._draw()
        minutes = trip.pop("target")
        trip[_TIME] = dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        answer = session.post(self._url, json=trip)
        if answer.ok:
            self._labels.add(answer.json()["id"], minutes)
        return answer

    def _draw(self) -> dict[str, Any]:
        with self._lock:
            if not self._drawn:
                rows = self._trips.take(self._random.integers(self._trips.num_rows, size=_DRAWN))
                changed = self._injection.apply(rows)
                columns = [changed.values(name) for name in changed.names]
                self._drawn.extend(
                    dict(zip(changed.names, row, strict=True)) for row in zip(*columns, strict=True)
                )
            return self._drawn.popleft()
