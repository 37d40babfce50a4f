"""Dashboards that people have still show data, and the right data, in a real Prometheus."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pyarrow as pa
import pyarrow.csv
import pytest
from examples.reco.model import Recommender
from examples.reco.purchases import Purchases
from tests.ports import free_port
from tests.service.serving import ask, live, reference_rows, trip
from tests.stack.existing_dashboards import (
    CATEGORICAL_TARGET,
    CLASSIFICATION,
    DATA_DRIFT,
    NUMERICAL_TARGET,
    REGRESSION,
    SERVICE,
)
from tests.stack.prometheus import PATIENCE, Prometheus, scraping

ROOT = Path(__file__).parents[2]
WINDOW = 200
INTERVAL = 1
MONITORS = {
    "taxi": ["data_drift", "num_target_drift", "regression_performance"],
    "animals": ["data_drift", "cat_target_drift", "classification_performance"],
}
COLUMNS = {
    "taxi": {"numerical_features": ["trip_distance"], "categorical_features": ["zone"], "task": "regression"},
    "animals": {"numerical_features": ["weight"], "categorical_features": [], "task": "classification"},
}
DATASETS = [
    ("taxi", DATA_DRIFT | NUMERICAL_TARGET | REGRESSION),
    ("animals", DATA_DRIFT | CATEGORICAL_TARGET | CLASSIFICATION),
]
ROUND = {
    "/predict/user/101?n=1": 200,
    "/predict/item/A?n=1": 200,
    "/predict/user/nobody": 404,
    "/predict/user/101?n=none": 422,
    "/nowhere": 404,
}
"""What is asked of the recommender time and again, and the status of each answer."""

ROUNDS = 20


def animal(number: int, *, light: float = 0.0) -> dict[str, Any]:
    """Give an animal that is the same for the same number; every tenth is taken for another."""
    dice = random.Random(number)  # noqa: S311 - made-up animals
    kind = dice.choice(["cat", "dog"])
    weight = dice.gauss(4.0 if kind == "cat" else 20.0, 1.0) - light
    return {"weight": weight, "prediction": "dog" if number % 10 == 0 else kind, "target": kind}


@pytest.fixture(scope="module")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a monitor with the series of 2022, whose windows are full and have drifted."""
    folder = tmp_path_factory.mktemp("monitor")
    references = {"taxi": reference_rows(), "animals": [animal(-1 - number) for number in range(400)]}
    for name, rows in references.items():
        pa.csv.write_csv(pa.Table.from_pylist(rows), folder / f"{name}.csv")
    config = {
        "compat": "evidently",
        "datasets": {
            name: {
                "column_mapping": COLUMNS[name],
                "monitors": MONITORS[name],
                "reference_file": str(folder / f"{name}.csv"),
            }
            for name in references
        },
        "service": {"window_size": WINDOW, "calculation_period_sec": 0},
    }
    with live(config, folder) as address:
        ask(f"{address}/iterate/taxi", [trip(number, shift=3.0, target=True) for number in range(WINDOW)])
        ask(f"{address}/iterate/animals", [animal(number, light=3.0) for number in range(WINDOW)])
        yield address


class Shop:
    """The recommender as a process, and how often it was asked."""

    def __init__(self, folder: Path) -> None:
        baskets = {"101": "ABC", "102": "ABCD", "103": "AE"}
        bought = [(customer, product) for customer, products in baskets.items() for product in products]
        customers, products = zip(*bought, strict=True)
        purchases = pa.table({"StockCode": products, "Description": products, "CustomerID": customers})
        Recommender.fit(Purchases.of(purchases)).save(folder / "model.npz")
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        command = ["-m", "examples.reco.service", f"--model={folder / 'model.npz'}", f"--port={port}"]
        self.process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL)

    def await_up(self) -> None:
        """Wait until it answers."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                assert self.status("/") == 200
            except OSError:
                assert self.process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.05)
            else:
                return

    def status(self, path: str) -> int:
        """Ask once."""
        try:
            with urlopen(f"http://{self.address}{path}", timeout=PATIENCE) as answer:
                json.load(answer)
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code

    def ask(self, rounds: int) -> None:
        """Ask everything of a round, so many times."""
        for _ in range(rounds):
            assert {path: self.status(path) for path in ROUND} == ROUND


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Give a recommender."""
    shop = Shop(tmp_path_factory.mktemp("shop"))
    try:
        shop.await_up()
        yield shop
    finally:
        shop.process.terminate()
        shop.process.wait(PATIENCE)


class Seen:
    """What a Prometheus had seen at one instant."""

    def __init__(self, prometheus: Prometheus, instant: float) -> None:
        self._prometheus = prometheus
        self._instant = instant

    def query(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Give the labels and values of a query."""
        return self._prometheus.query(query, at=self._instant)

    def values(self, query: str) -> list[float]:
        """Give its values alone."""
        return [value for _, value in self.query(query)]

    def labels(self, series: str, name: str) -> set[str]:
        """Give the values of a label, which is what Grafana offers for a dashboard's variable."""
        return {labels[name] for labels, _ in self.query(series)}


@pytest.fixture(scope="module")
def prometheus(monitor: str, shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Give a Prometheus that has seen the windows, and the recommender before and after it was asked."""
    targets = {"monitor": f"{monitor.removeprefix('http://')}/metrics", "reco-app": f"{shop.address}/metrics"}
    shop.ask(1)  # what was never counted has no series, and a rate does not see it begin
    with scraping(targets, tmp_path_factory.mktemp("prometheus"), interval=f"{INTERVAL}s") as running:
        running.wait_for(f"sum(http_requests_total) == {len(ROUND)}")
        shop.ask(ROUNDS)
        # one instant for all, before which every scrape has ended: a scrape that takes too long empties what follows
        whole = f"sum(http_requests_total) == {len(ROUND) * (1 + ROUNDS)} and sum(up) == {len(targets)}"
        yield Seen(running, running.instant_of(whole, seconds_ago=2 * INTERVAL))


def filled(query: str, dataset: str) -> str:
    """Put what is chosen in a dashboard's variables into a query."""
    chosen = query.replace("$dataset", dataset)
    return chosen.replace("$feature", "trip_distance").replace("$class", "cat")


@pytest.mark.parametrize(("dataset", "panels"), DATASETS)
def test_every_panel_of_2022_shows_data(prometheus: Seen, dataset: str, panels: dict[str, str]) -> None:
    """By its old series each panel has an answer, for a regression and for a classification."""
    for title, template in panels.items():
        query = filled(template, dataset)
        assert prometheus.values(query), f"{title}: {query}"


def test_the_variables_of_2022_have_choices(prometheus: Seen) -> None:
    """Datasets, features, metrics and classes to choose from are found in the series' labels."""
    assert prometheus.labels("evidently:data_drift:dataset_drift", "dataset_name") == {"animals", "taxi"}
    bias = 'evidently:regression_performance:feature_error_bias{dataset_name="taxi"}'
    assert "trip_distance" in prometheus.labels(bias, "feature")
    errors = "evidently:regression_performance:quality"
    assert {"mean_error", "mean_abs_error"} <= prometheus.labels(errors, "metric")
    classes = "evidently:classification_performance:class_quality"
    assert prometheus.labels(classes, "class_name") == {"cat", "dog"}


def test_the_panels_of_2022_show_what_was_posted(prometheus: Seen) -> None:
    """Rows, features, errors and classes are those of the window."""
    rows = [trip(number, shift=3.0, target=True) for number in range(WINDOW)]
    error = sum(row["prediction"] - row["target"] for row in rows) / WINDOW
    taxi = {title: filled(query, "taxi") for title, query in (DATA_DRIFT | REGRESSION).items()}
    assert prometheus.values(taxi["mean_error"]) == [pytest.approx(error)]
    assert prometheus.values(taxi["features"]) == [4.0]
    assert prometheus.values(taxi["dataset drift"]) == [1.0]
    animals = {title: filled(query, "animals") for title, query in CLASSIFICATION.items()}
    wrong = sum(animal(number)["prediction"] != animal(number)["target"] for number in range(WINDOW))
    assert prometheus.values(animals["accuracy"]) == [pytest.approx(1.0 - wrong / WINDOW)]
    assert sum(prometheus.values(animals["predicted rows"])) == WINDOW


def test_every_panel_of_the_service_shows_data(prometheus: Seen) -> None:
    """By the standard names each panel of a prediction service's health has an answer."""
    for title, query in SERVICE.items():
        assert prometheus.values(query), f"{title}: {query}"


def test_the_panels_of_the_service_show_what_was_asked(prometheus: Seen) -> None:
    """Requests, errors by class of status, shares and times are those of the traffic."""
    seen = {title: prometheus.query(query) for title, query in SERVICE.items()}
    assert {labels["job"]: value for labels, value in seen["up"]} == {"monitor": 1.0, "reco-app": 1.0}
    by_status = {labels["status"]: value for labels, value in seen["requests by status"]}
    errors = sum(status != 200 for status in ROUND.values()) / len(ROUND)
    # rates reach beyond the first and last scrape, all by the same factor
    assert by_status["4xx"] / sum(by_status.values()) == pytest.approx(errors)
    [(_, error_rate)] = seen["errors"]
    assert error_rate == pytest.approx(by_status["4xx"])
    answered = {labels["handler"] for labels, _ in seen["seconds per answer"]}
    assert answered == {"/predict/user/{user_id}", "/predict/item/{item_id}"}
    assert {labels["handler"] for labels, _ in seen["requests"]} == answered | {"none"}
    assert all(0.0 < value < PATIENCE for _, value in seen["seconds per answer"])
    assert all(0.0 <= value <= 1.0 for _, value in seen["share under 100 ms"])
    assert all(0.0 < value <= 10.0 for title in ("p50", "p90") for _, value in seen[title])
    assert {labels["job"] for labels, value in seen["memory"] if value > 1e6} >= {"reco-app"}
