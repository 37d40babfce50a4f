"""Pages, their files and the API's description."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient
from tests.service.serving import served, settings, trip, watch_of

HOSTILE = "\"><script>alert(1)</script>&'{{7*7}}".replace("/", "|")


def test_hostile_names(reference: Path, tmp_path: Path) -> None:
    """A dataset and values with names made of markup are text on every page, and JSON stays JSON."""
    plain = settings(reference)
    plain["datasets"] = {HOSTILE: plain["datasets"]["taxi"]}
    with served(plain, tmp_path) as client:
        rows = [trip(n) | {"zone": HOSTILE, HOSTILE: 1} for n in range(60)]
        answer = client.post(f"/iterate/{quote(HOSTILE)}", json=rows)
        assert answer.json()["accepted"] == 60
        for path in ("/", f"/datasets/{quote(HOSTILE)}", f"/datasets/{quote(HOSTILE)}?columns=all"):
            page = client.get(path)
            assert page.status_code == 200
            assert "<script>alert" not in page.text
            assert "49" not in page.text.partition("alert(1)")[2][:40]
            assert "default-src" in page.headers["content-security-policy"]
        assert client.get("/v1/datasets").json()[0]["dataset"] == HOSTILE
        found = client.get(f"/v1/datasets/{quote(HOSTILE)}/findings").json()
        assert HOSTILE in json.dumps(found, ensure_ascii=False).replace('\\"', '"')
        assert client.get("/metrics").text.count("<script>")


@pytest.mark.parametrize("prefix", ["/static/", "/docs/"])
@pytest.mark.parametrize(
    "name", ["..%2fapp.py", "%2e%2e%2f__init__.py", "..", "%2fetc%2fpasswd", "app.py", "..%5capp.py", "%00"]
)
def test_no_other_files(client: TestClient, prefix: str, name: str) -> None:
    """Only the files meant for it are given, whatever the path says."""
    answer = client.get(prefix + name)
    assert answer.status_code in (404, 200)
    assert answer.status_code == 404 or "text/html" in answer.headers["content-type"]
    assert "import" not in answer.text


def test_static_files(client: TestClient) -> None:
    """A file that the page uses is there, and is not sent again to who has it."""
    page = client.get("/").text
    path = page.partition('href="/static/')[2].partition('"')[0]
    answer = client.get(f"/static/{path}")
    assert answer.status_code == 200
    again = client.get(f"/static/{path}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_documentation(client: TestClient) -> None:
    """The API's description has every route, and its page loads from this service alone."""
    page = client.get("/docs").text
    assert "https://" not in page.replace("https://fastapi.tiangolo.com", "")
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/docs/{name}" in page
        assert client.get(f"/docs/{name}").status_code == 200
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/iterate/{dataset}", "/v1/datasets/{dataset}/labels", "/metrics", "/readyz"} <= paths.keys()


def test_findings_as_json(client: TestClient) -> None:
    """Findings, history and the list of datasets are JSON without NaN."""
    client.post("/iterate/taxi", json=[trip(n) for n in range(10)])
    found = client.get("/v1/datasets/taxi/findings")
    assert found.json()["rows"] == 10
    assert found.json() == json.loads(found.text, parse_constant=pytest.fail)
    assert client.get("/v1/datasets/taxi/history").json()[-1]["dataset"] == "taxi"
    (listed,) = client.get("/v1/datasets").json()
    assert listed["reference"]["digest"] == watch_of(client).monitor.reference.digest
