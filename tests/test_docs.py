"""The documentation is true: its examples run, its links lead somewhere, what it names is there."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
import yaml

from modelvane.catalogue import CATALOGUE
from modelvane.config import Config
from modelvane.service.app import create_app

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")), key=lambda page: page.relative_to(ROOT).as_posix()
)
ADDRESS = "http://127.0.0.1:8085"
PROMETHEUS = {"scrape_configs", "groups", "providers"}  # the last one is Grafana's

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_ROUTE = re.compile(r"`(GET|POST) (/[^`\s?]*)")
_URL = re.compile(rf"({re.escape(ADDRESS)}|\{{monitor\}})(/[^\s`'\"?)]*)")
_MAKE = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
_SERIES = re.compile(r"(?:`|expr: )(modelvane_[a-z_]+)\b")
_TRIP = {"PULocationID": 74, "DOLocationID": 75, "trip_distance": 1.8, "prediction": 9.2, "target": 11.0}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def fenced(page: Path, language: str) -> list[str]:
    """Give the code blocks of a language, without the indentation of the list that they may stand in."""
    blocks = (match.groups() for match in _FENCE.finditer(page.read_text(encoding="utf-8")))
    return [
        re.sub(f"^{indent}", "", code, flags=re.MULTILINE)
        for indent, name, code in blocks
        if name == language
    ]


def pages_with(language: str) -> Any:
    """Parametrise a test over the pages that have code of a language."""
    pages = [page for page in PAGES if fenced(page, language)]
    return pytest.mark.parametrize("page", pages, ids=lambda page: page.relative_to(ROOT).as_posix())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the dataset of the examples, and give the address."""
    folder = tmp_path_factory.mktemp("service")
    rows = [{**_TRIP, "PULocationID": 70 + i % 9, "trip_distance": 0.1 * (1 + i % 70)} for i in range(500)]
    (folder / "reference.csv").write_text(
        "\n".join(",".join(map(str, row)) for row in (rows[0], *(row.values() for row in rows)))
    )
    app = create_app(Config.of({"datasets": {"taxi": {"reference_file": "reference.csv"}}}, folder))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listening.close()


@pages_with("python")
def test_examples_run(page: Path, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of a page runs from top to bottom, against a real service where it names one."""
    monkeypatch.chdir(tmp_path)
    code = "\n".join(fenced(page, "python")).replace(ADDRESS, service)
    exec(compile(code, page.name, "exec"), {"__name__": page.stem})  # noqa: S102 - our own documentation


def test_what_the_examples_posted_has_arrived(service: str) -> None:
    """Predictions and labels of README's examples, by bare HTTP and by the client, are accepted and joined."""
    before = _traffic(service)
    posting = [code for code in fenced(ROOT / "README.md", "python") if ADDRESS in code]
    code = "\n".join(posting).replace(ADDRESS, service).replace("trip-1", "trip-of-this-test")
    exec(code, {})  # noqa: S102 - our own documentation
    assert _traffic(service) == (before[0] + 2, before[1] + 2)


def _traffic(service: str) -> tuple[float, float]:
    samples = dict(
        line.rsplit(" ", 1)
        for line in requests.get(f"{service}/metrics", timeout=300).text.splitlines()
        if not line.startswith("#")
    )
    return (
        float(samples['modelvane_ingest_rows_total{dataset="taxi"}']),
        float(samples.get('modelvane_ingest_labels_total{dataset="taxi",outcome="matched"}', 0)),
    )


@pages_with("sh")
def test_curl_commands_are_answered(page: Path, service: str) -> None:
    """What a page posts or gets with curl is answered with 200."""
    for block in fenced(page, "sh"):
        for command in block.replace("\\\n", " ").splitlines():
            words = shlex.split(command)
            if words[0] != "curl":
                continue
            (url,) = [word for word in words if word.startswith(ADDRESS)]
            options = dict(itertools.pairwise(words))
            header, body = options.get("-H"), options.get("-d")
            answer = requests.request(
                "GET" if body is None else "POST",
                url.replace(ADDRESS, service),
                data=body,
                headers=dict([header.split(": ")]) if header else None,
                timeout=300,
            )
            assert answer.status_code == 200, f"{command}: {answer.text}"


def test_the_error_is_as_it_is_shown(service: str) -> None:
    """The problem that docs/how-it-works/ingest-and-log.md shows is what a misspelt dataset is answered with."""
    (shown,) = fenced(ROOT / "docs" / "how-it-works" / "ingest-and-log.md", "json")
    answer = requests.post(f"{service}/iterate/taxy", json=[_TRIP], timeout=300)
    assert answer.json() == json.loads(shown)


def test_library_use_is_five_lines() -> None:
    """What README calls five lines is five lines."""
    (code,) = [code for code in fenced(ROOT / "README.md", "python") if "import Monitor" in code]
    assert len(code.splitlines()) == 5


@pages_with("yaml")
def test_configs_are_valid(page: Path) -> None:
    """Every config is one that the service would read, down to measures; other YAML is Prometheus'."""
    measures = {measure for _, measure in CATALOGUE}
    for block in fenced(page, "yaml"):
        settings = yaml.safe_load(block)
        if PROMETHEUS & set(settings):
            continue
        config = Config.of(settings, where=page.name)
        for name in config.datasets:
            limits = config.settings(name).thresholds
            judged = {limit.rpartition(".")[2] for limit in limits if "." in limit}
            assert judged <= measures, f"{judged - measures} of {page.name} cannot have a limit"


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file of the repository, and a heading of it where it has a fragment."""
    for link in _LINK.findall(_prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), f"{link} leads nowhere"
        assert not fragment or fragment in _anchors(target), f"{link} names no heading"


def _prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


_WITHOUT_A_TYPE = {"/v1/alerts": 400, "/v1/datasets/taxi/reference": 200}


@every_page
def test_routes_exist(page: Path, service: str) -> None:
    """Every route that a page names is one that the service has."""
    text = page.read_text(encoding="utf-8")
    routes = {*_ROUTE.findall(text), *(("", path) for _, path in _URL.findall(text))}
    for method, route in sorted(routes):
        path = re.sub(r"\{dataset\}|<dataset>", "taxi", route)
        assert not re.search(r"[{<]", path), f"{route} has a part that is no dataset"
        is_posted = (
            method == "POST"
            or path.startswith("/iterate")
            or path.endswith(("/predictions", "/labels", "/alerts", "/score"))
        )
        answer = requests.request("POST" if is_posted else "GET", service + path, timeout=300)
        # what is posted has a type, but for notifications, and a reference that is to be read again
        expected = _WITHOUT_A_TYPE.get(path, 415) if is_posted else 200
        assert answer.status_code == expected, f"{method} {route}: {answer.status_code}"


def test_every_route_is_documented(service: str) -> None:
    """Every route of the API stands in a table of the documentation, with its method."""
    named = {route for page in PAGES for route in _ROUTE.findall(page.read_text(encoding="utf-8"))}
    described = requests.get(f"{service}/openapi.json", timeout=300).json()["paths"]
    there = {(method.upper(), path) for path, methods in described.items() for method in methods}
    assert there <= named


@every_page
def test_make_targets_exist(page: Path) -> None:
    """Every target of make that a page names is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(_MAKE.findall(page.read_text(encoding="utf-8"))) <= targets


@every_page
def test_series_exist(page: Path) -> None:
    """Every series that a page names in full is one of those in docs/series.md."""
    pages = [
        (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("series.md", "service-health.md")
    ]
    # the monitor's own, and what a prediction service shows of its clients
    known = set(_SERIES.findall(pages[0])) | set(
        re.findall(r"^\| `(modelvane_client_\w+)`", pages[1], re.MULTILINE)
    )
    tables = {
        f"modelvane_{table}"
        for table in ("columns", "datasets", "events", "findings", "labels", "rounds", "snapshots")
    }
    assert set(_SERIES.findall(page.read_text(encoding="utf-8"))) <= known | tables


@every_page
def test_pages_name_no_machine(page: Path) -> None:
    """No page names a path that only some machine has."""
    found = re.search(r"(?<![\w.<}/])/(?:home|root|work|tmp|Users|opt)/\w+", page.read_text(encoding="utf-8"))
    assert found is None, found


def test_every_page_is_in_the_index() -> None:
    """docs/README.md links to every page of docs."""
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in _LINK.findall(index.read_text(encoding="utf-8"))}
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - {index} <= linked


def test_the_picture_is_small() -> None:
    """README's picture is there, and loads quickly."""
    assert (ROOT / "docs" / "images" / "live-page.png").stat().st_size < 300 * 1024
