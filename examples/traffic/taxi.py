"""People who ask how long their trip will take, and the truth about it, late."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from examples.shared.lateness import Label, LateLabels, Lateness
from modelvane.client import Client
from modelvane.faults import Injection

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    import requests

    from examples.traffic.caller import Session
    from modelvane.faults import InjectedFault

_TIME = "lpep_pickup_datetime"
_DELAYS = 4096
_DRAWN = 16  # trips at once, so that faults are heeded within a second
_LOOKS_PER_SECOND = 2


class Riders:
    """Asks about trips that are drawn from a table, as of now.

    Parameters
    ----------
    service, monitor
        Base addresses of the prediction service and of the monitor.
    trips
        Columns of a trip, and ``target``. Trips that the model was trained on look like drift of its predictions.
    label_delay
        Seconds after which half of the labels are there.
    dataset
        The monitor's name for the predictions.
    seed
        Of the draw.
    """

    def __init__(
        self,
        service: str,
        monitor: str,
        trips: pa.Table,
        *,
        label_delay: float = 30.0,
        dataset: str = "taxi",
        seed: int = 0,
    ) -> None:
        self._url = f"{service.rstrip('/')}/predict"
        self._trips = trips.drop_columns(
            [name for name in ("prediction", _TIME) if name in trips.column_names]
        )
        self._random = np.random.default_rng(seed)
        self._delays = Lateness(label_delay / 3600, seed=seed).draw(_DELAYS)
        self._lock = threading.Lock()  # of the draw and the faults
        self._drawn: deque[dict[str, Any]] = deque()
        self._injection = Injection()
        self._late = LateLabels()
        self._client = Client(monitor, dataset)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._label, name="labels")

    def start(self) -> None:
        """Begin to send the labels that are due."""
        self._thread.start()

    def stop(self) -> None:
        """End; labels that are not due yet never come."""
        self._stop.set()
        self._thread.join()
        self._client.close()

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
        trip, delay = self._draw()
        minutes = trip.pop("target")
        trip[_TIME] = dt.datetime.now(dt.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        answer = session.post(self._url, json=trip)
        if answer.ok and not np.isnan(delay):
            self._late.add(Label(time.monotonic() + delay, answer.json()["id"], minutes))
        return answer

    def _draw(self) -> tuple[dict[str, Any], float]:
        with self._lock:
            if not self._drawn:
                rows = self._trips.take(self._random.integers(self._trips.num_rows, size=_DRAWN))
                changed = self._injection.apply(rows)
                columns = [changed.values(name) for name in changed.names]
                self._drawn.extend(
                    dict(zip(changed.names, row, strict=True)) for row in zip(*columns, strict=True)
                )
            return self._drawn.popleft(), float(self._delays[self._random.integers(_DELAYS)])

    def _label(self) -> None:
        while not self._stop.wait(1 / _LOOKS_PER_SECOND):
            for label in self._late.take_due(time.monotonic()):
                self._client.label(label.id, label.target)
