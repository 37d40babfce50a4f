"""Who bought what: the shop's purchases as a sparse matrix of 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy import sparse

from modelvane.errors import ModelvaneError

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("StockCode", "Description", "Quantity", "InvoiceDate", "CustomerID")
"""What the recommender needs of a line of an invoice."""


class PurchasesError(ModelvaneError):
    """A file does not hold purchases of a shop."""


@dataclass(frozen=True, eq=False, slots=True)
class Purchases:
    """Which customer has bought which product.

    Parameters
    ----------
    matrix
        0 or 1, customers down, products across.
    customers
        Ids of the rows, sorted as text.
    products
        Codes of the columns: what most customers have bought comes first, of equally many the first as text.
    descriptions
        Of each product: the one that most of its invoice lines have.
    """

    matrix: sparse.csr_array
    customers: list[str]
    products: list[str]
    descriptions: list[str]

    @classmethod
    def of(cls, lines: pa.Table) -> Purchases:
        """Build the matrix from invoice lines that have a customer and a positive quantity (see `read_lines`)."""
        customers, rows = _coded(lines["CustomerID"])
        products, columns = _coded(lines["StockCode"])
        ones = np.ones(len(rows), np.float32)
        matrix = sparse.coo_array((ones, (rows, columns)), shape=(len(customers), len(products))).tocsr()
        matrix.sum_duplicates()
        matrix.data[:] = 1.0
        descriptions = _descriptions(lines, columns, len(products))
        popular = np.argsort(-np.bincount(matrix.indices, minlength=len(products)), kind="stable")
        by_popularity = matrix[:, popular].tocsr()
        by_popularity.sort_indices()
        return cls(
            by_popularity, customers, [products[i] for i in popular], [descriptions[i] for i in popular]
        )


def read_lines(path: Path) -> pa.Table:
    """Read the invoice lines of known customers, without returns, in order of time.

    Raises
    ------
    PurchasesError
        The file is not Parquet, or lacks a column of :data:`COLUMNS`.
    """
    try:
        present = pq.read_schema(path).names
        if missing := [name for name in COLUMNS if name not in present]:
            raise PurchasesError(
                f"{path.name} lacks columns of an online shop", received=missing, available=present
            )
        lines = pq.read_table(path, columns=list(COLUMNS))
    except (pa.ArrowException, OSError) as error:
        raise PurchasesError(
            f"{path} cannot be read as purchases",
            received=str(error),
            expected="a Parquet file of Online Retail",
        ) from error
    lines = lines.set_column(
        lines.column_names.index("CustomerID"), "CustomerID", pc.cast(lines["CustomerID"], pa.string())
    )
    known = pc.and_(pc.greater(lines["Quantity"], 0), pc.is_valid(lines["CustomerID"]))
    return lines.filter(known).sort_by("InvoiceDate")


def _coded(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    found = pc.cast(column, pa.string()).combine_chunks().dictionary_encode()
    order = pc.array_sort_indices(found.dictionary).to_numpy()
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return found.dictionary.take(pa.array(order)).to_pylist(), rank[found.indices.to_numpy()]


def _descriptions(lines: pa.Table, columns: np.ndarray, products: int) -> list[str]:
    described = pa.table({"product": columns, "description": lines["Description"]})
    counts = described.group_by(["product", "description"]).aggregate([([], "count_all")])
    # of equally many the first as text, so that the answer does not hang on the order of the file
    ranked = counts.sort_by(
        [("product", "ascending"), ("count_all", "descending"), ("description", "ascending")]
    )
    chosen = [""] * products
    for product, description in zip(
        reversed(ranked["product"].to_pylist()), reversed(ranked["description"].to_pylist()), strict=True
    ):
        chosen[product] = (description or chosen[product]).strip()
    return chosen
