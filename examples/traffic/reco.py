"""Customers of the shop who look at what is recommended to them, and what they buy, late."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

import numpy as np

from examples.reco.answers import USER
from examples.reco.service import ANSWER_ID

if TYPE_CHECKING:
    import pyarrow as pa
    import requests

    from examples.traffic.caller import Session
    from examples.traffic.labels import Labels


class Shoppers:
    """Asks questions of the shop's past, drawn at random, as of now.

    Parameters
    ----------
    service
        Base address of the recommender.
    questions
        ``kind``, ``subject``, ``n``, ``fallback`` and ``bought``, as of `examples.reco.visits.Question`.
    labels
        Takes what was bought.
    seed
        Of the draw.
    """

    def __init__(self, service: str, questions: pa.Table, labels: Labels, *, seed: int = 0) -> None:
        self._base = f"{service.rstrip('/')}/predict"
        self._questions = questions
        self._labels = labels
        self._random = np.random.default_rng(seed)
        self._lock = threading.Lock()  # of the draw

    def ask(self, session: Session) -> requests.Response:
        """Ask once, and remember what was bought for later."""
        with self._lock:
            row = int(self._random.integers(self._questions.num_rows))
        (one,) = self._questions.slice(row, 1).to_pylist()
        query = {"n": one["n"]}
        if one["kind"] == USER and one["fallback"]:
            query["fallback"] = "popular"
        name = uuid4().hex
        address = f"{self._base}/{one['kind']}/{quote(one['subject'], safe='')}"
        answer = session.get(address, params=query, headers={ANSWER_ID: name})
        if answer.ok and one["bought"] is not None:
            self._labels.add(name, one["bought"])
        return answer
