"""Fetches Online Retail (Chen, 2012; CC BY 4.0) from the UCI repository, and keeps it as Parquet.

It is published as a spreadsheet in an archive, which takes many times as long to read; it is converted once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineError, load_workbook
from rich.progress import track

from examples.reco.purchases import Purchases, read_lines
from examples.shared.download import DownloadError, Publication, fetch

if TYPE_CHECKING:
    from rich.console import Console

PUBLISHER = "https://archive.ics.uci.edu/static/public/352/online+retail.zip"
"""Where the UCI repository publishes its dataset 352."""

FILE_NAME = "online_retail.parquet"

SHAPE = (4339, 3665)
"""Customers and products of the published purchases that the figures in the documentation were measured on."""

CHECKSUM = "91359010d423a420b3b4feace38ad37df074a3bc2714ec69a7d22d2b9ac369f9"
"""Their `checksum_of`."""

_ROWS_AT_ONCE = 20_000


def download(folder: Path, console: Console, *, publisher: str = PUBLISHER) -> Path:
    """Fetch the purchases into `folder`, as Parquet that is checked before it gets its name.

    No checksum of the archive is published, so what counts is what is in it. Purchases of another checksum than
    :data:`CHECKSUM` are accepted with a warning: the repository may have published them anew.

    Parameters
    ----------
    folder
        Created if need be.
    console
        Gets the progress bars (on a terminal only) and the warning.
    publisher
        The address of the archive.

    Raises
    ------
    UnreachableError
        No connection, a time-out, a connection that broke off, or a server that is out of order.
    DownloadError
        The archive is not published, or what came does not hold an online shop's invoices.
    """
    folder.mkdir(parents=True, exist_ok=True)
    publication = Publication(
        publisher,
        "Online Retail",
        instead=f"Check the network, or set MODELVANE_DATA to a folder with retail/{FILE_NAME}",
        unpublished="Look for dataset 352 at https://archive.ics.uci.edu",
    )
    with TemporaryDirectory(prefix=".online_retail.", dir=folder) as name:
        archive, part = Path(name) / "archive.zip", Path(name) / FILE_NAME
        fetch(publication, archive, console, _require_zip)
        convert(_unpacked(archive), part, console)
        _compare(part, console)
        return part.replace(folder / FILE_NAME)


def convert(spreadsheet: Path, target: Path, console: Console) -> None:
    """Write the rows of a spreadsheet of invoices as Parquet.

    Raises
    ------
    DownloadError
        The file is no spreadsheet, lacks a column, or has a value that does not fit its column.
    """
    try:
        with load_workbook(spreadsheet) as workbook:
            sheet = workbook.get_sheet_by_index(0)
            rows = iter(sheet.iter_rows())
            places = _places(next(rows, []))
            shown = track(
                rows,
                "Converting the invoices",
                total=sheet.height - 1,
                console=console,
                disable=not console.is_terminal,
            )
            with pq.ParquetWriter(target, _SCHEMA, compression="zstd") as writer:
                for table in _tables(iter(shown), places):
                    writer.write_table(table)
    except CalamineError as error:
        raise DownloadError(
            "The archive of Online Retail holds no readable spreadsheet", received=str(error)
        ) from error


def _require_zip(part: Path, _digest: str) -> None:
    if not zipfile.is_zipfile(part):
        with part.open("rb") as file:
            raise DownloadError(
                "What came for Online Retail is no archive",
                received=file.read(40),
                expected="a zip file",
                remedy="If this network asks for a login, log in first",
            )


def _unpacked(archive: Path) -> Path:
    spreadsheet = archive.with_suffix(".xlsx")
    try:
        with zipfile.ZipFile(archive) as members:
            names = members.namelist()
            inside = [name for name in names if name.lower().endswith(".xlsx")]
            if len(inside) != 1:
                raise DownloadError(
                    "The archive of Online Retail is not as it was",
                    expected="one .xlsx file",
                    available=names,
                )
            with members.open(inside[0]) as source, spreadsheet.open("wb") as target:
                shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DownloadError("The archive of Online Retail is damaged", received=str(error)) from error
    return spreadsheet


def _places(header: list[Any]) -> Mapping[str, int]:
    if missing := [name for name in _SCHEMA.names if name not in header]:
        raise DownloadError(
            "The spreadsheet of Online Retail lacks columns",
            received=missing,
            available=[str(name) for name in header],
        )
    return {name: header.index(name) for name in _SCHEMA.names}


def _tables(rows: Iterator[list[Any]], places: Mapping[str, int]) -> Iterator[pa.Table]:
    first = 2  # as a spreadsheet counts, below the header
    for block in iter(lambda: list(islice(rows, _ROWS_AT_ONCE)), []):
        yield pa.table([_column(block, name, place, first) for name, place in places.items()], schema=_SCHEMA)
        first += len(block)


def _column(block: list[list[Any]], name: str, place: int, first: int) -> pa.Array:
    values = []
    for number, row in enumerate(block, first):
        try:
            values.append(_CASTS[name](row[place]))
        except (TypeError, ValueError) as error:
            raise DownloadError(
                f"Row {number} of Online Retail has a bad {name}",
                received=row[place],
                expected=str(_SCHEMA.field(name).type),
            ) from error
    return pa.array(values, _SCHEMA.field(name).type)


def _text(value: Any) -> str | None:
    # a code of digits alone is a number to a spreadsheet
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if value != "" else None


def _time(value: Any) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        raise TypeError
    return value


_SCHEMA = pa.schema(
    {
        "InvoiceNo": pa.string(),
        "StockCode": pa.string(),
        "Description": pa.string(),
        "Quantity": pa.int64(),
        "InvoiceDate": pa.timestamp("us"),
        "UnitPrice": pa.float64(),
        "CustomerID": pa.string(),
        "Country": pa.string(),
    }
)

_CASTS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_SCHEMA.names, _text),
    "Quantity": int,
    "InvoiceDate": _time,
    "UnitPrice": float,
}


def checksum_of(purchases: Purchases) -> str:
    """Give the SHA-256 of who bought what: a line for each customer, his id and the codes of his products, sorted."""
    digest = hashlib.sha256()
    matrix = purchases.matrix
    for customer, begin, end in zip(purchases.customers, matrix.indptr, matrix.indptr[1:], strict=False):
        bought = sorted(purchases.products[product] for product in matrix.indices[begin:end])
        digest.update(f"{customer} {' '.join(bought)}\n".encode())
    return digest.hexdigest()


def _compare(path: Path, console: Console) -> None:
    purchases = Purchases.of(read_lines(path))
    shape, checksum = purchases.matrix.shape, checksum_of(purchases)
    if checksum != CHECKSUM:
        console.print(
            f"[yellow]These are not the purchases the documentation was measured on: {shape[0]} customers x "
            f"{shape[1]} products, expected {SHAPE[0]} x {SHAPE[1]}; SHA-256 of who bought what {checksum}, expected "
            f"{CHECKSUM}. They read as an online shop's invoices, so the repository has probably published them anew; "
            "figures may differ from the documented ones.[/]"
        )
