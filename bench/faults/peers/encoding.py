"""Rows as matrices, for peers that know numbers only."""

from __future__ import annotations

import numpy as np
import pandas as pd
from bench.faults.peers.walk import Watched
from numpy.typing import NDArray


class Encoding:
    """Numbers as they are, categories as codes.

    Parameters
    ----------
    watched
        Whose reference says what is missing: a missing number becomes one below all others (a test of ranks sees it,
        as a peer should), a missing category one of its own. A category that comes later gets the next code.
    """

    def __init__(self, watched: Watched) -> None:
        self.columns = [*watched.numbers, *watched.categories]
        self.categories = range(len(watched.numbers), len(self.columns))
        lowest = watched.reference[watched.numbers].min()
        self._lowest = (lowest - 1).to_dict()
        self._codes: dict[str, dict[object, int]] = {name: {} for name in watched.categories}

    def matrix(self, rows: pd.DataFrame) -> NDArray[np.float32]:
        """Give shape ``(rows, columns)``."""
        found = np.empty((len(rows), len(self.columns)), np.float32)
        for at, name in enumerate(self.columns):
            if name in self._lowest:
                found[:, at] = rows[name].fillna(self._lowest[name])
                continue
            known = self._codes[name]
            codes, values = pd.factorize(rows[name], use_na_sentinel=False)
            own = [known.setdefault(None if pd.isna(value) else value, len(known)) for value in values]
            found[:, at] = np.array(own, np.float32)[codes]
        return found


class Scaled:
    """The same with numbers scaled and categories one-hot, the rare ones together, for peers that measure distances.

    Parameters
    ----------
    watched
        Whose reference says the median and the spread of a number, and which categories are frequent.
    most
        Categories of a column that have a place of their own.
    """

    def __init__(self, watched: Watched, most: int = 10) -> None:
        numbers = watched.reference[watched.numbers]
        low, self._middle, high = (numbers.quantile(q) for q in (0.05, 0.5, 0.95))
        self._spread = (high - low).where(high > low, 1.0)
        self._frequent = {
            name: watched.reference[name].value_counts(dropna=False).index[:most]
            for name in watched.categories
        }

    def matrix(self, rows: pd.DataFrame) -> NDArray[np.float32]:
        """Give shape ``(rows, columns)``; a missing number is the median."""
        numbers = ((rows[self._middle.index] - self._middle) / self._spread).fillna(0.0).clip(-5, 5)
        parts = [numbers.to_numpy(np.float32)]
        for name, values in self._frequent.items():
            at = values.get_indexer(rows[name])
            parts.append((at[:, None] == np.arange(len(values))).astype(np.float32))
        return np.concatenate(parts, axis=1)
