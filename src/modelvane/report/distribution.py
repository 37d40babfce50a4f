"""Reference against current distribution of one column, as shares per bin or category."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from modelvane.errors import TallyMismatchError
from modelvane.formatting import THIN, number_texts
from modelvane.naming import cut_text
from modelvane.ruler import NumericalRuler, require_same
from modelvane.schema import Kind
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.dataset import ColumnTally
from modelvane.tallies.list_tally import entries_of
from modelvane.tallies.numerical import NumericalTally

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOP = 20
NOT_IN_REFERENCE = "not in reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Shares of rows per bin (numerical) or category (categorical), two sides of one ruler.

    Parameters
    ----------
    column, kind
        Whose distribution this is.
    labels
        Each bin or category in full.
    ticks
        The same for an axis: upper limits of bins, names of categories.
    reference, current
        Share of rows in each; they add to 1, or all are 0 where there are no rows.
    reference_rows, current_rows
        Rows with a value, on either side.
    unseen
        The most frequent current categories that the reference does not have, with their rows.
    others
        Place of the bar that stands for all other categories, if there is one.
    """

    column: str
    kind: Kind
    labels: tuple[str, ...]
    ticks: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]
    reference_rows: int
    current_rows: int
    unseen: tuple[tuple[str, int], ...] = ()
    others: int | None = None

    @property
    def largest_shift(self) -> tuple[str, float, float] | None:
        """Where shares differ most, as (label, reference, current); ``None`` when one side has no rows.

        All other categories together are nobody's cause, so their bar does not count.
        """
        if not self.reference_rows or not self.current_rows:
            return None
        shares = list(zip(self.labels, self.reference, self.current, strict=True))
        named = [share for i, share in enumerate(shares) if i != self.others]
        return max(named, key=lambda share: abs(share[1] - share[2]))


def distribution(
    column: str,
    reference: ColumnTally,
    current: ColumnTally,
    top: int = TOP,
) -> Distribution:
    """Compare two tallies of one column.

    A numerical column shows the bins of its ruler. A categorical one shows the ``top`` categories with the
    largest share on either side, the rest in one, and what the reference does not have in another. Of lists, all
    entries are shown.

    Raises
    ------
    TallyMismatchError
        When the tallies were counted on different rulers.
    """
    reference, current = entries_of(reference), entries_of(current)
    if isinstance(reference, NumericalTally) and isinstance(current, NumericalTally):
        return _numerical(column, reference, current)
    if isinstance(reference, CategoricalTally) and isinstance(current, CategoricalTally):
        return _categorical(column, reference, current, top)
    raise TallyMismatchError(
        f"The tallies of column {column!r} are of different kinds",
        received=f"{type(reference).__name__} and {type(current).__name__}",
        expected="two tallies on one ruler",
    )


def _numerical(column: str, reference: NumericalTally, current: NumericalTally) -> Distribution:
    require_same(reference.ruler, current.ruler)
    texts = _limit_texts(reference.ruler)
    return Distribution(
        column=column,
        kind=Kind.NUMERICAL,
        labels=tuple(bin_labels(reference)),
        ticks=(*(f"≤{THIN}{text}" for text in texts), f">{THIN}{texts[-1]}" if texts else "all"),
        reference=_shares(np.asarray(reference.sample.bins), reference.n),
        current=_shares(np.asarray(current.sample.bins), current.n),
        reference_rows=reference.n,
        current_rows=current.n,
    )


def bin_labels(tally: ColumnTally) -> list[str]:
    """Name every bin of a numerical column, or every category and the cell of those not in the reference."""
    tally = entries_of(tally)
    if isinstance(tally, CategoricalTally):
        return [*map(cut_text, tally.ruler.names), NOT_IN_REFERENCE]
    texts = _limit_texts(tally.ruler)
    if not texts:
        return ["all values"]
    between = (" to ".join(pair) for pair in pairwise(texts))
    return [f"up to {texts[0]}", *between, f"above {texts[-1]}"]


def _limit_texts(ruler: NumericalRuler) -> list[str]:
    """Write the limits between bins."""
    return number_texts([up_to for _, up_to in ruler.bin_limits()[:-1]])


def _categorical(
    column: str, reference: CategoricalTally, current: CategoricalTally, top: int
) -> Distribution:
    require_same(reference.ruler, current.ruler)
    names = reference.ruler.names
    counts = np.array([reference.counts, current.counts])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # the ruler has the most frequent first; a stable order keeps the bars where they were from round to round
    largest = np.argsort(-shares[:, : len(names)].max(axis=0), kind="stable")
    shown = sorted(largest[:top].tolist())
    rest = sorted(largest[top:].tolist())
    labels = [cut_text(names[i]) for i in shown]
    columns = [counts[:, i] for i in shown]
    if rest:
        labels.append(f"{len(rest)}{THIN}others" if len(rest) > 1 else "1 other")
        columns.append(counts[:, rest].sum(axis=1))
    if counts[:, -1].any() or not names:
        labels.append(NOT_IN_REFERENCE)
        columns.append(counts[:, -1])
    both = np.array(columns).T
    return Distribution(
        column=column,
        kind=Kind.CATEGORICAL,
        labels=tuple(labels),
        ticks=tuple(labels),
        reference=_shares(both[0], reference.n),
        current=_shares(both[1], current.n),
        reference_rows=reference.n,
        current_rows=current.n,
        unseen=tuple((cut_text(name), rows) for name, rows in current.top_unseen()),
        others=len(shown) if rest else None,
    )


def _shares(counts: NDArray[Any], rows: int) -> tuple[float, ...]:
    return tuple((counts / rows).tolist()) if rows else (0.0,) * len(counts)
