"""Customers of the shop who look at what is recommended to them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests

    from examples.traffic.caller import Session

_UNKNOWN, _ITEMS = 0.05, 0.2
"""Shares of customers whom nobody knows yet, and of questions for a product."""


class Shoppers:
    """Asks for recommendations as customers of the shop, now and then as new ones, and for products.

    Parameters
    ----------
    service
        Base address of the recommender.
    customers, products
        Ids to ask with.
    seed
        Of the draw.
    """

    def __init__(
        self, service: str, customers: Sequence[str], products: Sequence[str], *, seed: int = 0
    ) -> None:
        self._base = service.rstrip("/")
        self._customers = customers
        self._products = products
        self._random = np.random.default_rng(seed)
        self._lock = threading.Lock()  # of the draw

    def ask(self, session: Session) -> requests.Response:
        """Ask once."""
        return session.get(self._base + self._path())

    def _path(self) -> str:
        with self._lock:
            kind, chosen = self._random.random(2)
        if kind < _ITEMS:
            return f"/predict/item/{self._products[int(chosen * len(self._products))]}"
        if kind < _ITEMS + _UNKNOWN:
            return f"/predict/user/new-{int(chosen * 1e6)}?fallback=popular"
        return f"/predict/user/{self._customers[int(chosen * len(self._customers))]}"
