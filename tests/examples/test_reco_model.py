"""The recommender: what it recommends, in which order, and from which file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from examples.reco.model import MOST, NEIGHBOUR, POPULAR, ModelFileError, Recommender, UnknownIdError
from examples.reco.purchases import Purchases, PurchasesError, read_lines

from modelvane.errors import UnknownNameError


def lines_of(bought: dict[str, str]) -> pa.Table:
    """Give invoice lines: by customer the products, one letter each."""
    pairs = [(customer, product) for customer, products in bought.items() for product in products]
    return pa.table(
        {
            "StockCode": [product for _, product in pairs],
            "Description": [f"product {product}" for _, product in pairs],
            "CustomerID": [customer for customer, _ in pairs],
        }
    )


def made_up(customers: int, products: int, seed: int) -> Purchases:
    """Give purchases in which some products are far more popular than others, and ties are common."""
    draw = np.random.default_rng(seed)
    chance = draw.pareto(1.5, products) / 20
    bought = draw.random((customers, products)) < np.minimum(chance, 0.6)
    bought[:, 0] |= ~bought.any(axis=1)
    bought[0] |= ~bought.any(axis=0)
    rows, columns = np.nonzero(bought)
    return Purchases.of(
        pa.table(
            {
                "StockCode": [f"p{i:03}" for i in columns],
                "Description": [f"product {i}" for i in columns],
                "CustomerID": [f"c{i:03}" for i in rows],
            }
        )
    )


def dense_answer(purchases: Purchases, customer: int, n: int) -> list[tuple[int, str]]:
    """Recommend as one would without a thought for speed: every similarity, every customer, every product."""
    dense = purchases.matrix.toarray().astype(float)
    sizes = np.linalg.norm(dense, axis=1)
    similarity = np.round(dense @ dense[customer] / (sizes * sizes[customer]), 12)
    found: list[tuple[int, str]] = []
    taken = set(np.flatnonzero(dense[customer]).tolist())
    for other in sorted(range(len(dense)), key=lambda row: (-similarity[row], row)):
        if other == customer or similarity[other] == 0:
            continue
        for product in np.flatnonzero(dense[other]).tolist():
            if product not in taken:
                taken.add(product)
                found.append((product, NEIGHBOUR))
    found += [(product, POPULAR) for product in range(dense.shape[1]) if product not in taken]
    return found[:n]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n", [1, 5, MOST])
def test_customers_get_what_the_dense_way_gives(seed: int, n: int) -> None:
    """For every customer the answer is that of a dense matrix of all similarities, ties and fallback included."""
    purchases = made_up(150, 120, seed)
    model = Recommender.fit(purchases)
    for row, customer in enumerate(purchases.customers):
        found = model.for_customer(customer, n)
        assert [(one.product, one.origin) for one in found] == dense_answer(purchases, row, n)


def test_products_get_what_the_dense_way_gives() -> None:
    """For every product the most similar ones are those of a dense matrix of all similarities, ties by popularity."""
    purchases = made_up(150, 120, 7)
    model = Recommender.fit(purchases)
    dense = purchases.matrix.toarray().astype(float).T
    sizes = np.linalg.norm(dense, axis=1)
    for column, code in enumerate(purchases.products):
        similarity = np.round(dense @ dense[column] / (sizes * sizes[column]), 12)
        similarity[column] = 0
        order = sorted(np.flatnonzero(similarity).tolist(), key=lambda i: (-similarity[i], i))[:10]
        found = model.for_product(code, 10)
        assert [one.product for one in found] == order
        assert [one.score for one in found] == pytest.approx(similarity[order].tolist(), abs=1e-6)


def test_the_most_similar_customer_comes_first_then_the_next_then_the_popular() -> None:
    """Products come from the nearest neighbour, then the next one, then from what is popular; never what one has."""
    model = Recommender.fit(
        Purchases.of(lines_of({"1": "ABC", "2": "ABCD", "3": "AE", "4": "XYZ", "5": "X"}))
    )
    found = model.for_customer("1", 10)
    assert [(model.products[one.product], one.origin) for one in found] == [
        ("D", NEIGHBOUR),
        ("E", NEIGHBOUR),
        ("X", POPULAR),
        ("Y", POPULAR),
        ("Z", POPULAR),
    ]
    assert found[0].score == pytest.approx(3 / np.sqrt(12))
    assert found[2].score == pytest.approx(2 / 5)
    assert model.describe(found[0].product) == "product D"


def test_an_unknown_customer_or_product_is_named_with_the_nearest_known() -> None:
    """Who asks for an id that is not there is told which ones are near."""
    model = Recommender.fit(Purchases.of(lines_of({"17850": "AB", "17851": "B"})))
    with pytest.raises(UnknownNameError, match="17850"):
        model.for_customer("1785", 5)
    with pytest.raises(UnknownNameError, match="product"):
        model.for_product("Q", 5)


def test_a_saved_recommender_recommends_the_same(tmp_path: Path) -> None:
    """Every answer of a model that was saved and loaded equals that of the model itself."""
    model = Recommender.fit(made_up(80, 60, 3))
    model.save(tmp_path / "reco.npz")
    loaded = Recommender.load(tmp_path / "reco.npz")
    for customer in model.customers:
        assert loaded.for_customer(customer, 7) == model.for_customer(customer, 7)
    for code in model.products:
        assert loaded.for_product(code, 7) == model.for_product(code, 7)
    assert [loaded.describe(i) for i in range(60)] == [model.describe(i) for i in range(60)]


@pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04 nearly a zip"])
def test_a_file_that_is_no_recommender_is_refused(content: bytes, tmp_path: Path) -> None:
    """A missing, foreign or damaged file gets a sentence, and none is unpickled."""
    path = tmp_path / "reco.npz"
    with pytest.raises(ModelFileError, match="cannot be read"):
        Recommender.load(path)
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="cannot be read"):
        Recommender.load(path)


def test_a_damaged_recommender_is_refused(tmp_path: Path) -> None:
    """Whichever byte of the file is another, it is refused in a sentence; if it is read, it is one that matters not."""
    path = tmp_path / "reco.npz"
    Recommender.fit(made_up(80, 60, 3)).save(path)
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), len(whole) // 250):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x44]) + whole[place + 1 :])
        try:
            Recommender.load(path)
        except ModelFileError:
            refused += 1
    assert refused > 200


def test_the_nearest_of_a_name_beyond_measure_are_told() -> None:
    """A name that is longer than any id has neighbours like any other."""
    with pytest.raises(UnknownIdError) as caught:
        Recommender.fit(made_up(80, 60, 3)).for_customer("1" * 10_000, 3)
    assert len(caught.value.nearest) == 3


def test_returns_and_unknown_customers_are_left_out(tmp_path: Path) -> None:
    """Lines without a customer or with a quantity that is not positive are no purchases."""
    path = tmp_path / "shop.parquet"
    lines = lines_of({"1": "AB", "2": "C", "3": "D"})
    lines = lines.set_column(2, "CustomerID", pa.array(["1", "1", None, "3"]))
    lines = lines.append_column("Quantity", pa.array([1, 2, 3, -1]))
    pq.write_table(lines.append_column("InvoiceDate", pa.array([4, 3, 2, 1])), path)
    found = read_lines(path)
    assert found["StockCode"].to_pylist() == ["B", "A"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["BLUE BOX", "RED BOX", "RED BOX", None], "RED BOX"),
        ([None, None, None, "BOX"], "BOX"),
        (["b", "a", "b", "a"], "a"),
        ([" BOX ", "", "", "?"], "BOX"),
        ([None, None, None, None], ""),
    ],
)
def test_a_product_is_described_as_it_mostly_is(given: list[str | None], expected: str) -> None:
    """Of several descriptions the most frequent one counts, of equally many the first; none is one only for want."""
    lines = pa.table(
        {
            "StockCode": ["A"] * 4,
            "Description": pa.array(given, pa.string()),
            "CustomerID": ["1", "2", "3", "4"],
        }
    )
    assert Purchases.of(lines).descriptions == [expected]


def test_a_file_without_purchases_is_refused(tmp_path: Path) -> None:
    """A file that lacks a column says which; one with returns alone, and one that is not Parquet, say so."""
    path = tmp_path / "shop.parquet"
    pq.write_table(lines_of({"1": "A"}), path)
    with pytest.raises(PurchasesError, match="Quantity"):
        read_lines(path)
    nothing = lines_of({"1": "A"}).append_column("Quantity", pa.array([-1]))
    pq.write_table(nothing.append_column("InvoiceDate", pa.array([1])), path)
    with pytest.raises(PurchasesError, match="no purchases to learn from"):
        read_lines(path)
    path.write_bytes(b"no parquet")
    with pytest.raises(PurchasesError, match="cannot be read"):
        read_lines(path)


def test_the_real_shop_has_its_known_size(retail_data: Path) -> None:
    """Online Retail has 4339 customers who bought 3665 products."""
    purchases = Purchases.of(read_lines(retail_data / "online_retail.parquet"))
    assert purchases.matrix.shape == (4339, 3665)
    assert purchases.descriptions[0] == "REGENCY CAKESTAND 3 TIER"
