"""Seeded purchases of a shop that is not there, for when the real ones cannot be had.

Customers have one to three tastes out of twelve and come back at random; a product belongs to one taste, and
popularity falls by rank as in most shops (Zipf, 1949). The columns and their types are those of Online Retail,
with lines of unknown customers and returns, which are no purchases.

What changes over the year, on purpose:

====================  ==================  ============================  ================================
what                  until August        September to November         seen as
====================  ==================  ============================  ================================
visits per week       1                   up to 2.2                     more traffic
Christmas products    weight 0.15         rising to weight 6            drift of what is served and bought
new customers         arrive all year     arrive faster                 more unknown ids
====================  ==================  ============================  ================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "synthetic_retail.parquet"

CUSTOMERS, PRODUCTS, VISITS = 1_200, 900, 7_000

CHRISTMAS = 0
"""The taste that comes with the season."""

_START = np.datetime64("2010-12-01T08:00", "us")
_DAYS = 373
_TASTES = 12
_LINES_OF_A_VISIT = 12
_COLOURS = ("RED", "BLUE", "IVORY", "PINK", "RETROSPOT", "VINTAGE", "WOODEN", "GLASS", "ZINC", "PAISLEY")
_THINGS = {
    "CHRISTMAS": ("STAR", "BAUBLE", "STOCKING", "WREATH"),
    "KITCHEN": ("CAKE STAND", "TEA TOWEL", "JAR", "APRON"),
    "GARDEN": ("WATERING CAN", "PLANT POT", "BIRD FEEDER", "LABELS"),
    "PARTY": ("BUNTING", "CANDLES", "PAPER CUPS", "NAPKINS"),
    "BATH": ("SOAP DISH", "TOWEL", "MIRROR", "HOOK"),
    "OFFICE": ("NOTEBOOK", "PENCIL TIN", "CLOCK", "CALENDAR"),
    "NURSERY": ("MOBILE", "BLANKET", "BUILDING BLOCKS", "NIGHT LIGHT"),
    "TRAVEL": ("BAG", "LUGGAGE TAG", "FLASK", "UMBRELLA"),
    "LIGHT": ("LANTERN", "T-LIGHT HOLDER", "LAMP", "FAIRY LIGHTS"),
    "JEWELLERY": ("BRACELET", "NECKLACE", "BROOCH", "RING BOX"),
    "CRAFT": ("RIBBON", "BUTTONS", "KNITTING KIT", "STAMPS"),
    "WALL": ("FRAME", "SIGN", "COAT RACK", "HEART"),
}

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def season(day: npt.ArrayLike) -> Floats:
    """Tell how near Christmas is felt, 0 to 1, so many days after 2010-12-01.

    >>> season([0, 100, 300, 360]).round(2).tolist()
    [1.0, 0.0, 0.32, 1.0]
    """
    days = np.asarray(day, dtype=float)
    return np.where(days < 20, 1.0, np.clip((days - 274) / 80, 0.0, 1.0))


def write_shop(folder: Path, *, seed: int = 0) -> Path:
    """Generate the shop's invoice lines into a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    part = path.with_suffix(".part")
    pq.write_table(generate(seed=seed), part)
    return part.replace(path)


def generate(*, seed: int = 0) -> pa.Table:
    """Generate the invoice lines of a year; the same seed gives the same lines.

    Returns
    -------
    pyarrow.Table
        The columns of Online Retail, sorted by time.
    """
    draw = np.random.default_rng(seed)
    days = _visit_days(draw)
    customers = _visitors(draw, days)
    # the largest baskets are many times the usual one
    lines = np.maximum(1, draw.negative_binomial(1, 1 / _LINES_OF_A_VISIT, len(days)))
    visit = np.repeat(np.arange(len(days)), lines)
    products = _chosen(draw, customers[visit], season(days)[visit])
    return _invoices(draw, days, customers, visit, products)


def _visit_days(draw: np.random.Generator) -> Floats:
    weight = 1 + 1.2 * season(np.arange(_DAYS))
    whole = draw.choice(_DAYS, VISITS, p=weight / weight.sum())
    return np.sort(whole + draw.uniform(0, 0.4, VISITS))  # from 8 until shortly before 18 o'clock


def _visitors(draw: np.random.Generator, days: Floats) -> Integers:
    """Give who visits: some come far more often, and none before he has first come."""
    zeal = np.minimum(draw.pareto(1.3, CUSTOMERS) + 0.2, 20)
    arrival = np.sort(draw.uniform(-0.5, 1, CUSTOMERS))  # a third has been there before
    known = np.searchsorted(arrival, days / _DAYS)
    total = np.cumsum(zeal)
    chosen: Integers = np.searchsorted(total, draw.uniform(0, 1, len(days)) * total[known - 1])
    return chosen


def _chosen(draw: np.random.Generator, customers: Integers, near: Floats) -> Integers:
    """Give the product of each line: of one of the customer's tastes, or of Christmas when that is near."""
    tastes = draw.integers(1, _TASTES, (CUSTOMERS, 3))
    taste = tastes[customers, draw.choice(3, len(customers), p=[0.6, 0.25, 0.15])]
    anything = draw.random(len(customers)) < 0.2
    taste[anything] = draw.integers(1, _TASTES, int(anything.sum()))
    weight = 0.15 + 5.85 * near
    taste[draw.random(len(customers)) < weight / (weight + _TASTES - 1)] = CHRISTMAS
    share = 1 / np.arange(1, PRODUCTS // _TASTES + 1)
    return taste + _TASTES * draw.choice(len(share), len(customers), p=share / share.sum())


def _invoices(
    draw: np.random.Generator, days: Floats, customers: Integers, visit: Integers, products: Integers
) -> pa.Table:
    anonymous = (draw.random(len(days)) < 0.2)[visit]
    returned = draw.random(len(visit)) < 0.02
    times = _START + (days * 86_400).astype("timedelta64[s]")
    prices = np.round(draw.lognormal(1, 0.8, PRODUCTS), 2)
    quantity = draw.geometric(0.15, len(visit))
    return pa.table(
        {
            "InvoiceNo": [f"{536_000 + number}" for number in visit.tolist()],
            "StockCode": [f"{20_000 + product}" for product in products.tolist()],
            "Description": [_describe(product) for product in products.tolist()],
            "Quantity": np.where(returned, -quantity, quantity),
            "InvoiceDate": pa.array(times[visit], pa.timestamp("us")),
            "UnitPrice": prices[products],
            "CustomerID": pa.array(
                [f"{12_000 + customer}" for customer in customers[visit].tolist()], mask=anonymous
            ),
            "Country": ["United Kingdom"] * len(visit),
        }
    )


def _describe(product: int) -> str:
    taste, rank = list(_THINGS)[product % _TASTES], product // _TASTES
    things = _THINGS[taste]
    number, of_colour = divmod(rank, len(_COLOURS) * len(things))
    colour, thing = divmod(of_colour, len(things))
    return f"{taste} {things[thing]} {_COLOURS[colour]}" + (f" No {number + 1}" if number else "")
