"""What one application shows of itself, in both frameworks."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import Response, StreamingResponse
from fastapi.testclient import TestClient
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry, Counter, ProcessCollector
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from modelvane.client import fastapi, flask

ROUTES = {"fastapi": "/items/{number}", "flask": "/items/<int:number>"}


class ClosingClient(FlaskClient):
    """Closes each answer, as servers do."""

    def open(self, *given, **named):
        return super().open(*given, buffered=True, **named)


class Shown:
    """An application and its exposition."""

    def __init__(self, kind, settings):
        self.kind = kind
        self.registry = CollectorRegistry()
        settings = {"registry": self.registry, **settings}
        if kind == "fastapi":
            self.app, self.health = _api(settings)
            self.client = TestClient(self.app, raise_server_exceptions=False)
        else:
            self.app, self.health = _wsgi(settings)
            self.client = self.app.test_client()
        self.handler = ROUTES[kind]

    def text(self, **headers):
        response = self.client.get("/metrics", headers=headers)
        return response.text

    def samples(self, name, /, **labels):
        families = text_string_to_metric_families(self.text())
        found = [sample for family in families for sample in family.samples if sample.name == name]
        return [sample for sample in found if labels.items() <= sample.labels.items()]

    def value(self, name, /, **labels):
        return sum(sample.value for sample in self.samples(name, **labels))


def _api(settings):
    app = FastAPI()
    router = APIRouter(prefix="/v1")

    @router.get("/nested/{name}")
    def nested(name: str) -> str:
        return name

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.get("/items/{number}")
    def item(number: int) -> dict[str, float]:
        return {"inverse": 1 / number}

    @app.post("/echo")
    async def echo(body: dict[str, int]) -> dict[str, int]:
        return body

    @app.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(iter([b"12345", b"678"]))

    app.include_router(router)
    app.add_api_route("/any/{path:path}", lambda path: path)
    return app, fastapi.instrument(app, **settings)


def _wsgi(settings):
    app = Flask(__name__)
    app.test_client_class = ClosingClient
    app.add_url_rule("/healthz", "healthz", lambda: "ok")
    app.add_url_rule("/items/<int:number>", "item", lambda number: {"inverse": 1 / number})
    app.add_url_rule("/v1/nested/<name>", "nested", lambda name: name)
    app.add_url_rule("/echo", "echo", _body, methods=["POST"])
    app.add_url_rule("/stream", "stream", lambda: iter([b"12345", b"678"]))
    return app, flask.instrument(app, **settings)


def _body():
    from flask import request

    return request.get_json()


@pytest.fixture(params=ROUTES)
def shown(request):
    return Shown(request.param, {})


@pytest.fixture(params=ROUTES)
def show(request):
    return lambda **settings: Shown(request.param, settings)


def test_requests_are_counted_by_handler_method_and_exact_status(shown):
    """Each answer is one more of its route's template, method and exact status."""
    for path in ("/items/1", "/items/2", "/items/0"):
        shown.client.get(path)
    assert shown.value("http_requests_total", handler=shown.handler, method="GET", status="200") == 2
    assert shown.value("http_requests_total", handler=shown.handler, method="GET", status="500") == 1
    assert shown.value("http_request_duration_seconds_count", handler=shown.handler, status="200") == 2
    assert len(shown.samples("http_request_duration_seconds_bucket", handler=shown.handler, le="0.1")) == 2


def test_exceptions_are_counted_by_their_class(shown):
    """An exception that nothing handled is told by its class."""
    shown.client.get("/items/0")
    assert shown.value("http_exceptions_total", handler=shown.handler, exception="ZeroDivisionError") == 1


def test_sizes_are_those_of_the_bodies(shown):
    """Bodies are measured as they are read and sent."""
    answer = shown.client.post("/echo", json={"a": 1})
    shown.client.get("/stream")
    sent = len(answer.content if shown.kind == "fastapi" else answer.data)
    received = 7 if shown.kind == "fastapi" else 8  # the test clients write JSON with and without a space
    assert shown.value("http_request_size_bytes_sum", handler="/echo") == received
    assert shown.value("http_response_size_bytes_sum", handler="/echo") == sent
    assert shown.value("http_response_size_bytes_sum", handler="/stream") == 8


def test_random_paths_and_methods_are_one_series(shown):
    """Paths without a route, with a slash too many, and invented methods do not make series."""
    for number in range(20):
        shown.client.get(f"/random/{number}")
        shown.client.get(f"/items/{number}/", follow_redirects=False)
        shown.client.open(f"/x{number}", method=f"M{number}") if shown.kind == "flask" else (
            shown.client.request(f"M{number}", f"/x{number}")
        )
    series = {
        tuple(sample.labels[name] for name in ("handler", "method"))
        for sample in shown.samples("http_requests_total")
    }
    assert series == {("none", "GET"), ("none", "other")}


def test_scrapes_and_health_routes_are_not_counted(shown):
    """What machines ask at a fixed pace is left out, and a scrape is not in progress itself."""
    shown.client.get("/healthz")
    shown.text()
    assert shown.samples("http_requests_total") == []
    assert shown.value("http_requests_inprogress") == 0


def test_nested_routers_have_their_whole_template(shown):
    """The handler of a route in a router with a prefix starts with the prefix."""
    shown.client.get("/v1/nested/a")
    shown.client.get("/v1/nested/b")
    handler = "/v1/nested/{name}" if shown.kind == "fastapi" else "/v1/nested/<name>"
    assert shown.value("http_requests_total", handler=handler) == 2


def test_statuses_are_grouped_on_demand(show):
    """With group_status the dashboards' 2xx is the status everywhere."""
    shown = show(group_status=True)
    shown.client.get("/items/1")
    shown.client.get("/nowhere")
    assert {sample.labels["status"] for sample in shown.samples("http_requests_total")} == {"2xx", "4xx"}
    assert shown.value("http_request_duration_seconds_count", status="2xx") == 1


def test_the_process_and_the_model_are_shown(show):
    """CPU, memory, open files and start time of the process are there, and the model as set last."""
    shown = show(model=fastapi.Model("m", "1", datetime(2021, 1, 2, tzinfo=UTC), "abc"))
    for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "start_time_seconds"):
        assert shown.value(f"process_{name}") > 0
    (sample,) = shown.samples("model_info")
    assert sample.labels == {
        "name": "m",
        "version": "1",
        "trained": "2021-01-02T00:00:00+00:00",
        "reference": "abc",
    }
    shown.health.model = lambda: fastapi.Model("m", "2")
    (sample,) = shown.samples("model_info")
    assert sample.labels["version"] == "2"


def test_openmetrics_is_served_to_those_who_ask(shown):
    """The format follows Accept, and both say what they are."""
    shown.client.get("/items/1")
    open_text = shown.text(accept="application/openmetrics-text;version=1.0.0")
    assert open_text.endswith("# EOF\n")
    assert "http_requests" in {family.name for family in parse_openmetrics(open_text)}
    assert not shown.text(accept="text/plain").endswith("# EOF\n")
    response = shown.client.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert response.headers["content-type"].startswith("application/openmetrics-text")


def test_other_metrics_of_the_registry_are_shown(shown):
    """What the application counts itself is on the same page."""
    Counter("sales", "Sold.", registry=shown.registry).inc(3)
    assert shown.value("sales_total") == 3


def test_the_process_is_shown_once(shown):
    """A registry that has the series of the process already is left as it is: twice would spoil the whole scrape."""
    ProcessCollector(registry=shown.registry)
    assert len(shown.samples("process_cpu_seconds_total")) == 1


def test_a_model_that_cannot_be_told_leaves_the_rest(show, caplog):
    """A function that fails to name the model costs the model's series and a warning, not the scrape."""

    def fail():
        raise LookupError("no model yet")

    shown = show(model=fail)
    shown.client.get("/items/1")
    assert shown.value("http_requests_total", handler=shown.handler) == 1
    assert shown.samples("model_info") == []
    assert "no model yet" in caplog.text


def test_a_length_beyond_belief_is_not_counted(shown):
    """A length that no body has, as anybody may announce, neither fails the request nor ruins the sum."""
    for length in ("9" * 5000, "9" * 18):
        if shown.kind == "fastapi":
            answer = shown.client.get("/nowhere", headers={"content-length": length})
        else:
            answer = shown.client.get("/nowhere", environ_overrides={"CONTENT_LENGTH": length})
        assert answer.status_code == 404
    assert shown.value("http_request_size_bytes_sum", handler="none") == 0
    assert shown.value("http_requests_total", handler="none") == 2


def test_a_mounted_application_is_one_handler():
    """Whatever is asked of an application that is mounted under a path, files for example, is that path's."""
    app = FastAPI()
    app.mount("/files", Response("file"))
    registry = CollectorRegistry()
    fastapi.instrument(app, registry=registry)
    for number in range(5):
        assert TestClient(app).get(f"/files/{number}").text == "file"
    assert (
        registry.get_sample_value(
            "http_requests_total", {"handler": "/files", "method": "GET", "status": "200"}
        )
        == 5
    )


def test_a_request_that_no_server_made_is_served():
    """Flask may be told to answer without a server around it; that is no request to count, and no error."""
    app, _ = _wsgi({"registry": CollectorRegistry()})
    with app.test_request_context("/items/2"):
        assert app.full_dispatch_request().json == {"inverse": 0.5}
    app.testing = True
    with app.test_request_context("/items/0"), pytest.raises(ZeroDivisionError):
        app.handle_exception(ZeroDivisionError())


def test_an_application_is_instrumented_once(shown):
    """A second call says so, instead of counting twice."""
    instrument = fastapi.instrument if shown.kind == "fastapi" else flask.instrument
    with pytest.raises(ValueError, match="already"):
        instrument(shown.app)


def test_two_applications_count_into_one_registry():
    """A second application, as a factory makes it in tests, uses the metrics that are there."""
    registry = CollectorRegistry()
    apps = [_wsgi({"registry": registry})[0], _api({"registry": registry})[0]]
    apps[0].test_client().get("/items/1")
    TestClient(apps[1]).get("/items/1")
    assert registry.get_sample_value(
        "http_requests_total", {"handler": "/items/<int:number>", "method": "GET", "status": "200"}
    )
    assert registry.get_sample_value(
        "http_requests_total", {"handler": "/items/{number}", "method": "GET", "status": "200"}
    )


def test_a_registry_with_other_buckets_or_series_is_refused():
    """Names that are taken, and buckets that differ, are told with a remedy."""
    registry = CollectorRegistry()
    _wsgi({"registry": registry})
    with pytest.raises(ValueError, match="Give every application the same buckets"):
        _wsgi({"registry": registry, "buckets": (0.1, 1.0)})
    taken = CollectorRegistry()
    Counter("http_requests", "Somebody's.", registry=taken)
    with pytest.raises(ValueError, match="a registry of its own"):
        _wsgi({"registry": taken})


def test_the_client_alone_loads_no_framework():
    """A service that only logs pays for neither frameworks nor Prometheus."""
    code = "import sys, modelvane.client; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"prometheus_client", "fastapi", "starlette", "flask", "werkzeug"} & set(done.stdout.split())


def test_the_series_of_existing_dashboards_are_there(shown):
    """Each selector of a usual HTTP dashboard finds series, and both sides of its divisions have equal labels."""
    shown.client.get("/items/1")
    by = {"handler", "method", "status"}
    for name, more in {
        "http_requests_total": set(),
        "http_request_size_bytes_sum": set(),
        "http_response_size_bytes_sum": set(),
        "http_request_duration_seconds_sum": set(),
        "http_request_duration_seconds_count": set(),
        "http_request_duration_seconds_bucket": {"le"},
    }.items():
        (sample, *_) = shown.samples(name, handler=shown.handler)
        assert set(sample.labels) == by | more
    assert shown.value("http_request_duration_seconds_bucket", le="0.1", handler=shown.handler) == 1
    assert shown.samples("process_cpu_seconds_total")[0].labels == {}
    assert shown.samples("process_resident_memory_bytes")[0].labels == {}


def test_bodies_of_unknown_length_are_measured(shown):
    """A body that comes in pieces without a length is measured as it is read."""
    if shown.kind == "fastapi":
        pieces = iter([b'{"a":', b"1}"])
        shown.client.post("/echo", content=pieces, headers={"content-type": "application/json"})
    else:
        body, chunked = BytesIO(b'{"a":1}'), {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
        shown.client.post(
            "/echo", input_stream=body, content_type="application/json", environ_overrides=chunked
        )
    assert shown.value("http_request_size_bytes_sum", handler="/echo", status="200") == 7
