"""The recommender: what similar customers bought, and what is bought with what.

The model file is numpy's own format without pickles: loading one runs no code of the file's choosing.
"""

from __future__ import annotations

import datetime as dt
import difflib
from bisect import bisect
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from examples.reco.purchases import Purchases
from examples.reco.similar import Neighbours, integer, nearest, similarities
from modelvane.errors import ModelvaneError, UnknownNameError

if TYPE_CHECKING:
    from pathlib import Path

MOST = 100
"""Products that one answer may hold."""

NEIGHBOUR, POPULAR = "neighbour", "popular"

_CUSTOMERS_KEPT = 50
_AROUND, _NEAREST, _LONGEST = 100, 3, 40
_FORMAT = 1


class ModelFileError(ModelvaneError):
    """A file is not a recommender."""


class UnknownIdError(UnknownNameError):
    """Nobody, or nothing, has this id.

    Parameters
    ----------
    kind
        What the id should be of.
    name
        What was asked for.
    known
        All ids, sorted; the error has the ``nearest`` of them, for thousands would help nobody.
    """

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        place = bisect(known, name)
        around = known[max(0, place - _AROUND) : place + _AROUND]
        # of a name much longer than any id, comparing the whole would keep everybody else waiting
        self.nearest = difflib.get_close_matches(name[:_LONGEST], around, n=_NEAREST, cutoff=0.0)
        super().__init__(
            f"Unknown {kind}", received=name, remedy=f"The nearest known are {', '.join(self.nearest)}"
        )


class Recommendation(NamedTuple):
    """One product of an answer.

    Parameters
    ----------
    product
        Its place among the products, the most popular first.
    score
        The similarity behind it, 0 to 1; of a popular product the share of customers who have bought it.
    origin
        :data:`NEIGHBOUR` or :data:`POPULAR`.
    """

    product: int
    score: float
    origin: str


class Recommender:
    """Recommends products to customers, and products that go with a product.

    Parameters
    ----------
    purchases
        Who bought what.
    customers, products
        Rows and columns of its matrix that are most like each.
    trained
        When they were found.
    """

    def __init__(
        self, purchases: Purchases, customers: Neighbours, products: Neighbours, trained: dt.datetime
    ) -> None:
        self.trained = trained
        self._purchases = purchases
        self._customers = customers
        self._products = products
        self._rows = {name: row for row, name in enumerate(purchases.customers)}
        self._columns = {code: column for column, code in enumerate(purchases.products)}
        shape = purchases.matrix.shape
        self._popularity = (np.bincount(purchases.matrix.indices, minlength=shape[1]) / shape[0]).tolist()

    @classmethod
    def fit(cls, purchases: Purchases) -> Recommender:
        """Find the neighbours of every customer and of every product."""
        by_product = purchases.matrix.T.tocsr()
        customers, products = nearest(purchases.matrix, _CUSTOMERS_KEPT), nearest(by_product, MOST)
        return cls(purchases, customers, products, dt.datetime.now(dt.UTC))

    @property
    def customers(self) -> list[str]:
        """Ids of the known customers."""
        return self._purchases.customers

    @property
    def products(self) -> list[str]:
        """Codes of the known products, the most popular first."""
        return self._purchases.products

    @property
    def purchases(self) -> int:
        """How many pairs of a customer and a product that he has bought were learned from."""
        return int(self._purchases.matrix.nnz)

    def knows_customer(self, customer: str) -> bool:
        """Whether somebody has this id."""
        return customer in self._rows

    def knows_product(self, product: str) -> bool:
        """Whether there is such a product."""
        return product in self._columns

    def unknown(self, kind: str, name: str) -> UnknownIdError:
        """Give the error of an id that nobody, or nothing, has."""
        if kind == "user":
            return UnknownIdError("customer", name, self.customers)
        return UnknownIdError("product", name, sorted(self._columns))

    def describe(self, product: int) -> str:
        """Give a product's description."""
        return self._purchases.descriptions[product]

    def for_customer(self, customer: str, n: int) -> list[Recommendation]:
        """Recommend ``n`` products that a customer has not bought, or as many as the shop has.

        First what the most similar customer bought, the most popular first, then what the next ones bought, then
        what is popular. Of equally similar customers the first by id comes first.

        Raises
        ------
        UnknownIdError
            When nobody has this id.
        """
        row = self._rows.get(customer)
        if row is None:
            raise self.unknown("user", customer)
        taken = set(self._bought(row))
        found: list[Recommendation] = []
        for neighbour, similarity in self._similar(row, n):
            for product in self._bought(neighbour):
                if product not in taken:
                    taken.add(product)
                    found.append(Recommendation(product, similarity, NEIGHBOUR))
                    if len(found) == n:
                        return found
        return found + self._popular(n - len(found), taken)

    def popular(self, n: int) -> list[Recommendation]:
        """Recommend what most customers have bought."""
        return self._popular(n, set())

    def for_product(self, product: str, n: int) -> list[Recommendation]:
        """Recommend at most ``n`` products that the same customers have bought, the most similar first.

        Raises
        ------
        UnknownIdError
            When there is no such product.
        """
        column = self._columns.get(product)
        if column is None:
            raise self.unknown("item", product)
        products, scores = self._products.of(column)
        return [
            Recommendation(other, score, NEIGHBOUR)
            for other, score in zip(products[:n].tolist(), scores[:n].tolist(), strict=True)
        ]

    def _bought(self, row: int) -> list[int]:
        matrix = self._purchases.matrix
        bought: list[int] = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]].tolist()
        return bought

    def _similar(self, row: int, n: int) -> Iterator[tuple[int, float]]:
        kept, scores = self._customers.of(row)
        # the first few are mostly enough, and cheaper than all
        few = min(n, 8)
        yield from zip(kept[:few].tolist(), scores[:few].tolist(), strict=True)
        yield from zip(kept[few:].tolist(), scores[few:].tolist(), strict=True)
        if len(kept) == _CUSTOMERS_KEPT:
            line = similarities(self._purchases.matrix, row)
            line[row] = 0.0
            order = np.argsort(-line, kind="stable")[_CUSTOMERS_KEPT : np.count_nonzero(line)]
            yield from zip(order.tolist(), line[order].tolist(), strict=True)

    def _popular(self, n: int, taken: set[int]) -> list[Recommendation]:
        rest = (product for product in range(len(self.products)) if product not in taken)
        return [
            Recommendation(product, self._popularity[product], POPULAR)
            for product, _ in zip(rest, range(n), strict=False)
        ]

    def save(self, path: Path) -> None:
        """Write the model file, whole or not at all."""
        matrix = self._purchases.matrix
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            np.savez_compressed(
                file,
                allow_pickle=False,
                format=np.array(_FORMAT),
                trained=np.array(self.trained.isoformat()),
                shape=np.array(matrix.shape),
                indptr=matrix.indptr.astype(np.int32),
                indices=matrix.indices.astype(integer(matrix.shape[1])),
                customers=np.array(self._purchases.customers),
                products=np.array(self._purchases.products),
                descriptions=np.array(self._purchases.descriptions),
                **_arrays("customer", self._customers),
                **_arrays("product", self._products),
            )
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Recommender:
        """Read a model file.

        Raises
        ------
        ModelFileError
            The file is missing, or is no recommender that `save` wrote.
        """
        try:
            return cls._of(_read(path))
        except Exception as error:  # zip, zlib and numpy have an error each for what may be damaged
            raise ModelFileError(
                f"{path} cannot be read as a recommender",
                received=f"{type(error).__name__}: {error}",
                expected="a file that Recommender.save wrote",
                remedy="python -m examples.reco.train writes one",
            ) from error

    @classmethod
    def _of(cls, found: dict[str, np.ndarray]) -> Recommender:
        if int(found["format"]) != _FORMAT:
            raise ValueError(f"format {found['format']}, not {_FORMAT}")
        indices = found["indices"].astype(np.int32)
        matrix = sparse.csr_array(
            (np.ones(len(indices), np.float32), indices, found["indptr"]), shape=tuple(found["shape"])
        )
        names = (found[name].tolist() for name in ("customers", "products", "descriptions"))
        return cls(
            Purchases(matrix, *names),
            _neighbours("customer", found),
            _neighbours("product", found),
            dt.datetime.fromisoformat(str(found["trained"])),
        )


def _read(path: Path) -> dict[str, np.ndarray]:
    # opened here, for numpy leaves a file open that looks like an archive and is none
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _arrays(whose: str, neighbours: Neighbours) -> dict[str, np.ndarray]:
    return {
        f"{whose}_starts": neighbours.starts,
        f"{whose}_rows": neighbours.rows,
        f"{whose}_similarities": neighbours.similarities,
    }


def _neighbours(whose: str, arrays: dict[str, np.ndarray]) -> Neighbours:
    return Neighbours(*(arrays[f"{whose}_{part}"] for part in ("starts", "rows", "similarities")))
