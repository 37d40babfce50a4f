"""The truth about answers, told to the monitor a while later, or never."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np

from examples.shared.lateness import Label, LateLabels, Lateness
from modelvane.client import Client

_DELAYS = 4096
_LOOKS_PER_SECOND = 2


class Labels:
    """Sends the labels of one dataset when they are due.

    Parameters
    ----------
    monitor
        Base address of the monitor.
    dataset
        Its name for the predictions.
    delay
        Seconds after which half of the labels are there.
    seed
        Of the delays.
    """

    def __init__(self, monitor: str, dataset: str, *, delay: float, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._delays = Lateness(delay / 3600, seed=seed).draw(_DELAYS)
        self._lock = threading.Lock()  # of the draw
        self._late = LateLabels()
        self._client = Client(monitor, dataset)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"labels of {dataset}")

    def start(self) -> None:
        """Begin to send the labels that are due."""
        self._thread.start()

    def stop(self) -> None:
        """End; labels that are not due yet never come."""
        self._stop.set()
        self._thread.join()
        self._client.close()

    def add(self, name: str, target: Any) -> None:
        """Remember the truth about an answer until it is due; of some nobody ever hears."""
        with self._lock:
            delay = float(self._delays[self._random.integers(_DELAYS)])
        if not np.isnan(delay):
            self._late.add(Label(time.monotonic() + delay, name, target))

    def _run(self) -> None:
        while not self._stop.wait(1 / _LOOKS_PER_SECOND):
            for label in self._late.take_due(time.monotonic()):
                self._client.label(label.id, label.target)
