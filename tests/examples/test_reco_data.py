"""Where the purchases come from: given folder, cache, download, generator."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from examples.reco.download import CHECKSUM, FILE_NAME, SHAPE, checksum_of, convert, download
from examples.reco.find import find_purchases
from examples.reco.model import NEIGHBOUR, Recommender
from examples.reco.purchases import Purchases, read_lines
from examples.reco.synthetic import generate
from examples.reco.train import train
from examples.shared.download import DownloadError, UnreachableError
from examples.shared.sources import cache_folder
from tests.examples.spreadsheet import spreadsheet, zipped

from modelvane.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

HEADER = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
]
TIME = dt.datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001 - the shop's own time
SOLD = [536365, "85123A", "HEART & HOLDER", 6, TIME, 2.55, 17850, "United Kingdom"]
NUMBERED = [536366, 71053, 20713, 2, TIME + dt.timedelta(days=1), 3, 17851, "United Kingdom"]
RETURNED = ["C536379", "D", "Discount", -1, TIME, 27.5, 14527, "United Kingdom"]
NOBODY = [536370, 10002, None, 48, TIME, 0.85, None, "France"]
INVOICES = [HEADER, SOLD, NUMBERED, RETURNED, NOBODY]


def published(content: bytes, status: int = 200) -> Callable[[str, str, bytes], tuple[int, bytes]]:
    return lambda _method, _path, _body: (status, content)


def archive(rows: list[list[Any]]) -> bytes:
    return zipped({"Online Retail.xlsx": spreadsheet(rows)})


def told(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO


def unreachable(folder: Path, console: Console) -> Path:  # noqa: ARG001 - as download is called
    raise UnreachableError("no network")


def test_the_published_spreadsheet_becomes_parquet(
    tmp_path: Path, console: Console, http_server: Any
) -> None:
    """Codes and ids are text whatever the spreadsheet took them for, times are times, empty cells are null."""
    with http_server(published(archive(INVOICES))) as address:
        path = download(tmp_path / "cache", console, publisher=address)
    assert [other.name for other in path.parent.iterdir()] == [FILE_NAME]
    found = pq.read_table(path)
    assert found.column_names == HEADER
    assert found["InvoiceNo"].to_pylist() == ["536365", "536366", "C536379", "536370"]
    assert found["StockCode"].to_pylist() == ["85123A", "71053", "D", "10002"]
    assert found["Description"].to_pylist() == ["HEART & HOLDER", "20713", "Discount", None]
    assert found["Quantity"].to_pylist() == [6, 2, -1, 48]
    assert found["InvoiceDate"].to_pylist()[:2] == [TIME, TIME + dt.timedelta(days=1)]
    assert found["UnitPrice"].to_pylist() == [2.55, 3, 27.5, 0.85]
    assert found["CustomerID"].to_pylist() == ["17850", "17851", "14527", None]
    purchases = Purchases.of(read_lines(path))
    assert purchases.customers == ["17850", "17851"]
    assert purchases.products == ["71053", "85123A"]


def test_other_purchases_are_told(tmp_path: Path, console: Console, http_server: Any) -> None:
    """Purchases other than those of the documentation are used, with a warning that has both counts and checksums."""
    with http_server(published(archive(INVOICES))) as address:
        path = download(tmp_path, console, publisher=address)
    said = told(console)
    assert "2 customers x 2 products, expected 4339 x 3665" in said
    assert CHECKSUM in said
    assert checksum_of(Purchases.of(read_lines(path))) in said


def test_the_checksum_is_of_who_bought_what(tmp_path: Path, console: Console, http_server: Any) -> None:
    """It stays with another order of the same invoices, a second purchase and a return, and changes with a product."""

    def checksum(rows: list[Any]) -> str:
        with http_server(published(archive(rows))) as address:
            path = download(tmp_path / str(len(list(tmp_path.iterdir()))), console, publisher=address)
        return checksum_of(Purchases.of(read_lines(path)))

    header, *rows = INVOICES
    whole = checksum(INVOICES)
    assert checksum([header, *reversed(rows), *rows]) == whole
    other = [*rows[0][:1], "22423", *rows[0][2:]]
    assert len({whole, checksum([*INVOICES, other]), checksum([header, other, *rows[1:]])}) == 3


def test_more_rows_than_are_converted_at_once(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row arrives, in its order, however many blocks it takes."""
    monkeypatch.setattr("examples.reco.download._ROWS_AT_ONCE", 3)
    rows = [[*SOLD[:3], number, *SOLD[4:]] for number in range(1, 12)]
    path = tmp_path / "shop.xlsx"
    path.write_bytes(spreadsheet([HEADER, *rows]))
    convert(path, tmp_path / FILE_NAME, console)
    assert pq.read_table(tmp_path / FILE_NAME)["Quantity"].to_pylist() == list(range(1, 12))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>please log in</html>", "is no archive"),
        (zipped({"readme.txt": "moved"}), "one .xlsx file"),
        (zipped({"Online Retail.xlsx": "nothing"}), "no readable spreadsheet"),
        (archive([HEADER[:6], SOLD[:6]]), r"lacks columns.*CustomerID"),
        (archive([]), "lacks columns"),
        (archive([HEADER, SOLD, [*SOLD[:3], "six", *SOLD[4:]]]), "Row 3 .* bad Quantity.*'six'"),
        (archive([HEADER, [*SOLD[:4], "yesterday", *SOLD[5:]]]), "Row 2 .* bad InvoiceDate.*'yesterday'"),
    ],
)
def test_what_is_no_shop_is_refused_and_leaves_nothing_behind(
    tmp_path: Path, console: Console, http_server: Any, content: bytes, words: str
) -> None:
    """A login page, another archive or another spreadsheet says what is wrong, and never enters the cache."""
    with http_server(published(content)) as address, pytest.raises(DownloadError, match=words):
        download(tmp_path, console, publisher=address)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_archive_is_refused(tmp_path: Path, console: Console, http_server: Any) -> None:
    """An archive whose content does not fit its own checksum is refused."""
    content = archive(INVOICES)
    damaged = content.replace(b"HEART", b"HEARD")
    assert damaged != content
    with http_server(published(damaged)) as address, pytest.raises(DownloadError, match="is damaged"):
        download(tmp_path, console, publisher=address)


@pytest.mark.usefixtures("interrupts")
def test_an_interrupted_download_leaves_nothing_behind(
    tmp_path: Path, console: Console, http_server: Any
) -> None:
    """Ctrl-C in the middle leaves no part of anything in the cache."""

    def answer(*_: object) -> tuple[int, bytes]:
        os.kill(os.getpid(), signal.SIGINT)
        return 200, archive(INVOICES)

    with http_server(answer) as address, pytest.raises(KeyboardInterrupt):
        download(tmp_path, console, publisher=address)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_is_not_published_is_no_reason_to_invent_a_shop(
    tmp_path: Path, console: Console, http_server: Any
) -> None:
    """404 is an error that says where to look; a server out of order counts as unreachable."""
    with (
        http_server(published(b"", status=404)) as address,
        pytest.raises(DownloadError, match="dataset 352") as caught,
    ):
        download(tmp_path, console, publisher=address)
    assert not isinstance(caught.value, UnreachableError)
    with http_server(published(b"", status=503)) as address, pytest.raises(UnreachableError):
        download(tmp_path, console, publisher=address)


def test_the_given_folder_comes_first(tmp_path: Path, console: Console) -> None:
    """With MODELVANE_DATA nothing is looked for elsewhere, and a folder without purchases is an error."""
    environ = {"MODELVANE_DATA": str(tmp_path)}
    with pytest.raises(ConfigError, match="unset MODELVANE_DATA"):
        find_purchases(console, synthetic_folder=tmp_path, environ=environ, fetch=unreachable)
    (tmp_path / "retail").mkdir()
    (tmp_path / "retail" / FILE_NAME).touch()
    found = find_purchases(console, synthetic_folder=tmp_path, environ=environ, fetch=unreachable)
    assert found == (tmp_path / "retail" / FILE_NAME, False)


def test_missing_purchases_are_fetched_into_the_cache_once(tmp_path: Path, console: Console) -> None:
    """What is not in the cache is downloaded there, and then found there without a network."""
    environ = {"XDG_CACHE_HOME": str(tmp_path)}

    def fetch(folder: Path, console: Console) -> Path:  # noqa: ARG001 - as download is called
        folder.mkdir(parents=True)
        (folder / FILE_NAME).touch()
        return folder / FILE_NAME

    first = find_purchases(console, synthetic_folder=tmp_path, environ=environ, fetch=fetch)
    again = find_purchases(console, synthetic_folder=tmp_path, environ=environ, fetch=unreachable)
    assert first == again == (cache_folder("retail", environ) / FILE_NAME, False)


def test_offline_the_shop_is_synthetic_and_loudly_so(tmp_path: Path, console: Console) -> None:
    """Without a network the purchases are invented, apart from the cache, and it is said why."""
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    found = find_purchases(
        console, synthetic_folder=tmp_path / "synthetic", environ=environ, fetch=unreachable
    )
    assert found.synthetic
    assert found.path.parent == tmp_path / "synthetic"
    assert "SYNTHETIC DATA" in told(console)
    assert "no network" in told(console)
    assert not (tmp_path / "cache").exists()


@pytest.fixture(scope="module")
def shop() -> pa.Table:
    """Give the invoice lines of the synthetic shop."""
    return generate()


def test_the_synthetic_shop_is_the_same_every_time(shop: pa.Table) -> None:
    """One seed gives one shop, another seed another."""
    assert generate().equals(shop)
    assert not generate(seed=1).equals(shop)


def test_the_synthetic_shop_has_a_season(shop: pa.Table) -> None:
    """Christmas products are a large part of November and hardly any of May; more is sold in autumn."""
    month = pc.strftime(shop["InvoiceDate"], format="%Y-%m")

    def of(name: str) -> tuple[int, float]:
        lines = shop.filter(pc.equal(month, name))
        seasonal = pc.sum(pc.starts_with(lines["Description"], "CHRISTMAS")).as_py()
        return lines.num_rows, seasonal / lines.num_rows

    may, november = of("2011-05"), of("2011-11")
    assert november[0] > 1.5 * may[0]
    assert may[1] < 0.05
    assert november[1] > 0.25


def test_customers_of_the_synthetic_shop_have_tastes(shop: pa.Table, tmp_path: Path) -> None:
    """Like goes with like: products that go with one are mostly of its own taste, of twelve."""
    pq.write_table(shop, tmp_path / "shop.parquet")
    model = Recommender.fit(Purchases.of(read_lines(tmp_path / "shop.parquet")))
    same = [
        model.describe(one.product).split()[0] == model.describe(place).split()[0]
        for place, code in enumerate(model.products[:100])
        for one in model.for_product(code, 5)
    ]
    assert np.mean(same) > 0.5


def test_the_synthetic_shop_has_what_the_real_one_has(shop: pa.Table) -> None:
    """Lines of nobody and returns are there, a description belongs to one code, and time runs on."""
    assert shop.column_names == HEADER
    assert 0.1 < shop["CustomerID"].null_count / shop.num_rows < 0.3
    assert pc.min(shop["Quantity"]).as_py() < 0
    products = shop.group_by(["StockCode", "Description"]).aggregate([])
    assert products.num_rows == pc.count_distinct(shop["StockCode"]).as_py()
    assert products.num_rows == pc.count_distinct(shop["Description"]).as_py()
    times = shop["InvoiceDate"].to_numpy()
    assert (times[1:] >= times[:-1]).all()


def test_training_tells_its_sizes_and_writes_a_model(tmp_path: Path, console: Console) -> None:
    """The command finds purchases, says how many there are, and leaves a file that recommends."""
    train(tmp_path / "new" / "model.npz", console, force_synthetic=True)
    model = Recommender.load(tmp_path / "new" / "model.npz")
    assert f"{len(model.customers):,} customers x {len(model.products):,} products" in told(console)
    assert "SYNTHETIC DATA" in told(console)
    assert model.for_customer(model.customers[0], 1)[0].origin == NEIGHBOUR


def test_the_real_shop_is_the_documented_one(retail_data: Path) -> None:
    """The counts and the checksum that a download is compared with are those of the published purchases."""
    purchases = Purchases.of(read_lines(retail_data / FILE_NAME))
    assert purchases.matrix.shape == SHAPE
    assert checksum_of(purchases) == CHECKSUM
