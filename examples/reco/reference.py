"""The monitor's reference: answers of the months before, of a model that could not know them.

A model that has learned from a purchase never recommends it again. So its answers about the months that it was trained
on would never be taken, and would be no measure of anything: the reference is answered by a model of the months before.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from examples.reco.answers import find, record_of, served_of
from examples.reco.model import Recommender
from examples.reco.purchases import Purchases
from examples.reco.visits import questions

if TYPE_CHECKING:
    from collections.abc import Callable

REFERENCE_FROM = dt.datetime(2011, 6, 1)  # noqa: DTZ001 - the invoices have the shop's own clock
TRAFFIC_FROM = dt.datetime(2011, 9, 1)  # noqa: DTZ001 - as above

TEXTS = pa.list_(pa.string())
SCHEMA = pa.schema(
    {
        "time": pa.timestamp("us"),
        "kind": pa.string(),
        "subject": pa.string(),
        "n": pa.int64(),
        "served": TEXTS,
        "scores": pa.list_(pa.float64()),
        "origins": TEXTS,
        "unknown": pa.bool_(),
        "model_version": pa.string(),
        "bought": TEXTS,
    }
)


def before(lines: pa.Table, moment: dt.datetime) -> pa.Table:
    """Give the invoice lines of before a moment."""
    return lines.filter(pc.less(lines["InvoiceDate"], pa.scalar(moment, lines["InvoiceDate"].type)))


def build_reference(
    lines: pa.Table,
    *,
    version: str | None,
    since: dt.datetime = REFERENCE_FROM,
    until: dt.datetime = TRAFFIC_FROM,
    check: Callable[[], None] = lambda: None,
) -> pa.Table:
    """Answer the questions of a period by a model of the time before, and give the answers with what was bought.

    Parameters
    ----------
    version
        Of the model that the reference stands for.
    check
        Called often; raises what should end it.
    """
    model = Recommender.fit(Purchases.of(before(lines, since)))
    rows: list[dict[str, Any]] = []
    for one in questions(lines, since, until):
        check()
        found, unknown = find(model, one.kind, one.subject, one.n, fallback=one.fallback)
        about = record_of(one.kind, one.subject, one.n, found, unknown=unknown, version=version)
        rows.append({"time": one.at, **about, "served": served_of(model, found), "bought": one.bought})
    return pa.Table.from_pylist(rows, SCHEMA)
