"""The shop's past as questions: at each visit something is asked, and what is bought then and soon after is the truth.

A visit is what a customer bought in one minute. The shop's page asks for him, with popular products for whom nobody
knows; a mailing, now and then, asks for more and sends nothing to strangers. The page of the first product of the visit
asks what goes with it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from examples.reco.answers import ITEM, USER
from examples.reco.purchases import coded

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

HORIZON = dt.timedelta(days=7)
"""How long after an answer a purchase counts as its label."""

_PAGE, _MAILING = 5, 10
_MAILED = 0.25


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the recommender, and the truth about its answer.

    Parameters
    ----------
    at
        When it is asked.
    kind, subject
        ``"user"`` or ``"item"``, and its id.
    n
        Products wanted.
    fallback
        Whether popular products do for an unknown customer.
    bought
        What the customer bought from then on until the horizon, without the product that was asked about; ``None``
        where the invoices end before.
    """

    at: dt.datetime
    kind: str
    subject: str
    n: int
    fallback: bool
    bought: list[str] | None


def questions(
    lines: pa.Table,
    since: dt.datetime,
    until: dt.datetime,
    *,
    horizon: dt.timedelta = HORIZON,
    most: int | None = None,
    seed: int = 0,
) -> list[Question]:
    """Give the questions of a period in order of time.

    Parameters
    ----------
    lines
        Of invoices, in order of time (see `examples.reco.purchases.read_lines`).
    since, until
        The period, half open. What is bought is known up to ``until`` alone.
    most
        At most so many visits, evenly over the period.
    seed
        Which visits are those of a mailing.
    """
    shop = _Shop.of(lines)
    visits = list(shop.visits(np.datetime64(since, "us"), np.datetime64(until, "us")))
    if most is not None and most < len(visits):
        visits = [visits[i] for i in np.linspace(0, len(visits) - 1, most).astype(int)]
    is_mailed = np.random.default_rng(seed).random(len(visits)) < _MAILED
    asked: list[Question] = []
    for (place, first), mailed in zip(visits, is_mailed.tolist(), strict=True):
        at = shop.times[place].item()
        ends = np.datetime64(at + horizon, "us")
        bought = shop.bought(place, ends) if at + horizon <= until else None
        customer, product = shop.customers[shop.customer[place]], shop.products[first]
        asked.append(
            Question(at, USER, customer, _MAILING if mailed else _PAGE, fallback=not mailed, bought=bought)
        )
        others = None if bought is None else [item for item in bought if item != product]
        asked.append(Question(at, ITEM, product, _PAGE, fallback=False, bought=others))
    return asked


@dataclass(frozen=True, eq=False, slots=True)
class _Shop:
    """Invoice lines by customer and, of each, in order of time."""

    customers: list[str]
    products: list[str]
    customer: np.ndarray
    product: np.ndarray
    times: np.ndarray

    @classmethod
    def of(cls, lines: pa.Table) -> _Shop:
        customers, rows = coded(lines["CustomerID"])
        products, columns = coded(lines["StockCode"])
        order = np.argsort(rows, kind="stable")
        times = lines["InvoiceDate"].to_numpy().astype("datetime64[us]")
        return cls(customers, products, rows[order], columns[order], times[order])

    def visits(self, since: np.datetime64, until: np.datetime64) -> Iterator[tuple[int, int]]:
        """Give the place of each visit's first line, and its first product, in order of time."""
        is_new = (self.customer[1:] != self.customer[:-1]) | (self.times[1:] != self.times[:-1])
        firsts = np.flatnonzero(np.concatenate((np.ones(min(1, len(self.times)), bool), is_new)))
        firsts = firsts[(self.times[firsts] >= since) & (self.times[firsts] < until)]
        for place in firsts[np.argsort(self.times[firsts], kind="stable")].tolist():
            yield place, int(self.product[place])

    def bought(self, place: int, ends: np.datetime64) -> list[str]:
        """Give what the customer of a line bought from it on, each product once."""
        last = np.searchsorted(self.customer, self.customer[place], "right")
        stop = place + int(np.searchsorted(self.times[place:last], ends, "left"))
        codes = dict.fromkeys(self.product[place:stop].tolist())
        return [self.products[code] for code in codes]
