"""The recommendation service: what it answers, and how it refuses."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from examples.reco.model import Recommender
from examples.reco.purchases import Purchases
from examples.reco.service import create_app
from examples.shared.identity import identity_of
from fastapi.testclient import TestClient
from httpx2 import Response
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
BOUGHT = {"101": "ABC", "102": "ABCD", "103": "AE", "104": "XYZ", "105": "X"}


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    """Give a recommender of a shop of five customers."""
    pairs = [(customer, product) for customer, products in BOUGHT.items() for product in products]
    return Recommender.fit(
        Purchases.of(
            pa.table(
                {
                    "StockCode": [product for _, product in pairs],
                    "Description": [f"THING {product}" for _, product in pairs],
                    "CustomerID": [customer for customer, _ in pairs],
                }
            )
        )
    )


@pytest.fixture(scope="module")
def service(recommender: Recommender) -> Iterator[TestClient]:
    """Give a client of the application."""
    with TestClient(create_app(recommender)) as client:
        yield client


def problem(answer: Response, status: int) -> dict[str, Any]:
    """Give the body of a refusal, which must be problem+json."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def test_a_customer_gets_a_list_of_products(service: TestClient) -> None:
    """The answer is a JSON list, each product with its description, score and origin."""
    answer = service.get("/predict/user/101?n=3")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == [
        {"product": "D", "description": "THING D", "score": 0.866025, "origin": "neighbour"},
        {"product": "E", "description": "THING E", "score": 0.408248, "origin": "neighbour"},
        {"product": "X", "description": "THING X", "score": 0.4, "origin": "popular"},
    ]


def test_five_are_given_unless_asked_otherwise(service: TestClient) -> None:
    """Without n there are five products, and with one as many as the shop has."""
    assert len(service.get("/predict/user/105").json()) == 5
    assert len(service.get("/predict/user/105?n=100").json()) == 7


def test_a_product_gets_what_is_bought_with_it(service: TestClient) -> None:
    """The most similar products come first, and none that no customer of it has bought."""
    found = service.get("/predict/item/D").json()
    assert [one["product"] for one in found] == ["B", "C", "A"]
    assert {one["origin"] for one in found} == {"neighbour"}


def test_an_unknown_customer_is_refused_with_the_nearest(service: TestClient) -> None:
    """404 says who was asked for, and which known ids are near."""
    body = problem(service.get("/predict/user/1022"), 404)
    assert body["received"] == "'1022'"
    assert body["nearest"][0] == "102"
    assert "customer" in body["detail"]


def test_an_unknown_customer_gets_popular_products_on_request(service: TestClient) -> None:
    """With fallback=popular the answer is what most customers have bought; who is known is not affected."""
    found = service.get("/predict/user/nobody?n=2&fallback=popular").json()
    assert [(one["product"], one["score"], one["origin"]) for one in found] == [
        ("A", 0.6, "popular"),
        ("B", 0.4, "popular"),
    ]
    known = service.get("/predict/user/101?n=1&fallback=popular").json()
    assert known[0]["origin"] == "neighbour"


def test_an_unknown_product_is_refused_with_the_nearest(service: TestClient) -> None:
    """404 for a product, too, whatever the id looks like."""
    for name in ("Q", "%20", "x" * 3000, "%F0%9F%8E%84"):
        body = problem(service.get(f"/predict/item/{name}"), 404)
        assert len(body["nearest"]) == 3
        assert len(body["received"]) <= 200


@pytest.mark.parametrize("route", ["user/101", "item/D"])
@pytest.mark.parametrize(
    ("n", "expected"),
    [
        ("0", "greater than or equal to 1"),
        ("101", "less than or equal to 100"),
        ("-1", "greater than or equal to 1"),
        ("five", "a valid integer"),
        ("2.5", "a valid integer"),
        ("", "a valid integer"),
        ("1e2", "a valid integer"),
    ],
)
def test_a_bad_count_says_what_was_received_and_expected(
    service: TestClient, route: str, n: str, expected: str
) -> None:
    """422 names the parameter, what came, and what should have."""
    body = problem(service.get(f"/predict/{route}?n={n}"), 422)
    assert [fault["field"] for fault in body["errors"]] == ["n"]
    assert body["errors"][0]["received"] == repr(n)
    assert expected in body["errors"][0]["expected"]


def test_another_fallback_is_refused(service: TestClient) -> None:
    """A misspelt fallback does not pass for none."""
    body = problem(service.get("/predict/user/nobody?fallback=populer"), 422)
    assert body["errors"][0]["expected"] == "'popular'"


@pytest.mark.parametrize("asked", ["user/101?falback=popular", "item/D?fallback=popular"])
def test_a_parameter_that_there_is_not_is_refused(service: TestClient, asked: str) -> None:
    """A slip in a name is told, and so is a fallback of products, which have none: neither is ignored."""
    body = problem(service.get(f"/predict/{asked}"), 422)
    assert body["errors"] == [
        {
            "field": asked.partition("?")[2].partition("=")[0],
            "received": "'popular'",
            "expected": "a parameter of this route, as in /docs",
        }
    ]


def test_unknown_routes_and_methods_are_problems_too(service: TestClient) -> None:
    """The framework's own refusals come as problem+json, with the methods that are allowed."""
    assert "/nowhere" in problem(service.get("/nowhere"), 404)["detail"]
    answer = service.post("/predict/user/101")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET"


def test_health_tells_the_model(service: TestClient, recommender: Recommender) -> None:
    """The root says how much the model has learned from, and when."""
    found = service.get("/").json()
    assert found["status"] == "ok"
    trained = dt.datetime.fromisoformat(found["model"].pop("trained"))
    assert trained == recommender.trained
    assert trained.tzinfo is not None
    assert found["model"] == {"customers": 5, "products": 8, "purchases": 13}


def test_the_documentation_needs_no_internet(service: TestClient) -> None:
    """Every script and style of /docs comes from the service itself."""
    page = service.get("/docs").text
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(links) == 3
    for link in links:
        assert service.get(f"/{link}").status_code == 200
    paths = service.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/", "/predict/user/{user_id}", "/predict/item/{item_id}"}


def test_its_health_has_grouped_statuses_and_the_model(recommender: Recommender, tmp_path: Path) -> None:
    """Answers are counted by route and class of status, health checks are not, and the model is told by its files."""
    (file := tmp_path / "model.npz").write_bytes(b"model")
    (reference := tmp_path / "reference").write_bytes(b"reference")
    identity = identity_of("reco", file, trained=recommender.trained, reference=reference)
    with TestClient(create_app(recommender, identity)) as client:
        for path in ("/predict/user/101", "/predict/user/102", "/predict/user/nobody", "/", "/anywhere"):
            client.get(path)
        shown = client.get("/metrics").text
    lines = [line for line in shown.splitlines() if line.startswith(("http_requests_total{", "model_info{"))]
    user = 'handler="/predict/user/{user_id}",method="GET"'
    assert sorted(lines) == [
        f'http_requests_total{{{user},status="2xx"}} 2.0',
        f'http_requests_total{{{user},status="4xx"}} 1.0',
        'http_requests_total{handler="none",method="GET",status="4xx"} 1.0',
        (
            f'model_info{{name="reco",reference="{identity.reference}",trained="{recommender.trained.isoformat()}",'
            f'version="{identity.version}"}} 1.0'
        ),
    ]
    assert len({identity.version, identity.reference, ""}) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_service_runs_as_a_process(recommender: Recommender, tmp_path: Path, number: int) -> None:
    """Started from the command line it answers, and ends with 0 and without a traceback."""
    recommender.save(tmp_path / "model.npz")
    port = free_port()
    with started(f"--model={tmp_path / 'model.npz'}", f"--port={port}") as process:
        answer = fetched(f"http://127.0.0.1:{port}/predict/user/101?n=1", process)
        process.send_signal(number)
        assert process.stdout is not None
        told = process.stdout.read()
    assert answer[0]["product"] == "D"
    assert process.returncode == 0, told
    assert "Traceback" not in told


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Without a model file the service ends at once, and says what writes one."""
    with started(f"--model={tmp_path / 'none.npz'}") as process:
        assert process.stdout is not None
        told = process.stdout.read()
    assert process.returncode == 1
    assert "python -m examples.reco.train" in told
    assert "Traceback" not in told


def started(*arguments: str) -> subprocess.Popen[str]:
    """Start the service."""
    return subprocess.Popen(
        [sys.executable, "-m", "examples.reco.service", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def fetched(address: str, process: subprocess.Popen[str]) -> Any:
    """Give the answer, as soon as there is one."""
    while process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=300) as answer:  # noqa: S310 - our own address
                return json.load(answer)
        except urllib.error.URLError:
            time.sleep(0.05)
    raise AssertionError(process.stdout.read() if process.stdout else "")
