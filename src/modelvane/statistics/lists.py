"""Statistics of a column of lists, and which statistics tell the quality of which kind of column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelvane.schema import Kind
from modelvane.statistics import columns, exact
from modelvane.statistics.base import LabelledStatistic, Statistic
from modelvane.statistics.quantiles import NO_VALUES
from modelvane.statistics.tail_share import TAIL_SHARE
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.list_tally import ListTally
from modelvane.undefined import Value


def list_length(tally: ListTally) -> Value:
    """Give the mean number of entries of a list, empty lists among them."""
    return exact.share(tally.n, tally.lists, NO_VALUES)


def unseen_share(tally: ListTally) -> Value:
    """Give the share of entries that the reference does not have."""
    assert isinstance(tally.entries, CategoricalTally)  # noqa: S101 - asked of lists of items only
    return columns.unseen_share(tally.entries)


LIST_LENGTH: Statistic[ListTally] = Statistic(
    "list_length", "Entries per list", list_length, "", "entries / lists"
)
_UNSEEN = columns.UNSEEN_SHARE
# of these a row is a row, whatever its value is made of
_OF_ROWS = (columns.ROWS, columns.MISSING_SHARE, columns.WRONG_TYPE_SHARE)
SCORES_QUALITY: tuple[Statistic[Any], ...] = (*_OF_ROWS, LIST_LENGTH)
ITEMS_QUALITY: tuple[Statistic[Any], ...] = (
    *_OF_ROWS,
    # the measure is that of categories, over the entries
    Statistic(_UNSEEN.name, _UNSEEN.title, unseen_share, _UNSEEN.unit, _UNSEEN.source, _UNSEEN.better),
    LIST_LENGTH,
)

QUALITY: dict[Kind, Sequence[Statistic[Any] | LabelledStatistic[Any]]] = {
    Kind.NUMERICAL: (*columns.NUMERICAL_QUALITY, TAIL_SHARE),
    Kind.CATEGORICAL: columns.CATEGORICAL_QUALITY,
    Kind.ITEMS: ITEMS_QUALITY,
    Kind.SCORES: SCORES_QUALITY,
}
"""What is measured of a column's quality."""
