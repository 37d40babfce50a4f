"""Who bought what: the shop's purchases as a sparse matrix of 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy import sparse

from modelvane.errors import ModelvaneError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ROWS_AT_ONCE = 65_536

Codes = npt.NDArray[np.int32]

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
        customers, rows = coded(lines["CustomerID"])
        products, columns = coded(lines["StockCode"])
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
        The file is not Parquet, lacks a column of :data:`COLUMNS`, or has no purchase of a known customer.
    """
    try:
        present = pq.read_schema(path).names
        if missing := [name for name in COLUMNS if name not in present]:
            raise PurchasesError(
                f"{path.name} lacks columns of an online shop", received=missing, available=present
            )
        with pq.ParquetFile(path, read_dictionary=["StockCode", "Description", "CustomerID"]) as file:
            batches = [batch for batch in _filtered(file) if batch.num_rows]
    except (pa.ArrowException, OSError) as error:
        raise PurchasesError(
            f"{path} cannot be read as purchases",
            received=str(error),
            expected="a Parquet file of Online Retail",
        ) from error
    if not batches:
        raise PurchasesError(
            f"{path.name} has no purchases to learn from",
            expected="lines with a CustomerID and a Quantity above 0",
        )
    lines = pa.Table.from_batches(batches)
    times = lines["InvoiceDate"].to_numpy()
    in_order = bool((times[:-1] <= times[1:]).all())
    return lines if in_order else lines.sort_by("InvoiceDate")


def _filtered(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    # in parts, and by one thread: a year at once takes more memory than all that comes of it, and no less time
    for batch in file.iter_batches(_ROWS_AT_ONCE, columns=list(COLUMNS), use_threads=False):
        yield batch.filter(pc.and_(pc.greater(batch["Quantity"], 0), pc.is_valid(batch["CustomerID"])))


def coded(column: pa.ChunkedArray) -> tuple[list[str], Codes]:
    """Give the texts of a column, sorted, and of each row the place of its text."""
    if not pa.types.is_dictionary(column.type):
        column = pc.cast(column, pa.string()).dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    # what was filtered out is still in the dictionary
    used, codes = np.unique(whole.indices.to_numpy(), return_inverse=True)
    texts = whole.dictionary.take(pa.array(used))
    order = pc.array_sort_indices(texts).to_numpy()
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return texts.take(pa.array(order)).to_pylist(), rank[codes]


def _descriptions(lines: pa.Table, columns: Codes, products: int) -> list[str]:
    described = pc.is_valid(lines["Description"])
    texts, codes = coded(lines["Description"].filter(described))
    pairs = columns[described.to_numpy()].astype(np.int64) * len(texts) + codes
    pairs, counts = np.unique(pairs, return_counts=True)
    # of equally many the first as text, so that the answer does not hang on the order of the file
    ranked = pairs[np.lexsort((pairs, -counts))]
    chosen = [""] * products
    for product, text in zip(*(part.tolist() for part in divmod(ranked, max(1, len(texts)))), strict=True):
        chosen[product] = chosen[product] or texts[text].strip()
    return chosen
