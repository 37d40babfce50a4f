"""A real Prometheus scrapes what is exposed, and answers queries with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from msgspec.structs import replace
from tests.golden.exposed import ANIMALS, COMPAT, OBSERVED, SERVICE, TAXI, every_measure
from tests.stack.prometheus import Prometheus, scraping

from modelvane.exposition import Exposed, ModelCollector, registry_of, render
from modelvane.exposition.collector import native

PLAIN = "/plain"


class Target:
    """A server of `render`, of which Prometheus asks OpenMetrics at one path and gets plain text at another."""

    def __init__(self) -> None:
        self.exposed = [
            Exposed("every", every_measure(), observed=OBSERVED),
            Exposed("taxi", TAXI, COMPAT),
            Exposed("animals", ANIMALS),
        ]
        registry = registry_of(ModelCollector(lambda: self.exposed, lambda: SERVICE))
        self.content_types: dict[str, str] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:  # noqa: N805 - the name is http.server's; self is the target
                accept = None if handler.path == PLAIN else handler.headers["Accept"]
                body, self.content_types[handler.path] = render(registry, accept)
                handler.send_response(200)
                handler.send_header("Content-Type", self.content_types[handler.path])
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(handler, *_: object) -> None:  # noqa: N805 - as above
                """Stay quiet."""

        self.registry = registry
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    target = Target()
    thread = threading.Thread(target=target.server.serve_forever, daemon=True)
    thread.start()
    yield target
    target.server.shutdown()
    target.server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def prometheus(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    jobs = {"openmetrics": f"{target.address}/metrics", "plain": f"{target.address}{PLAIN}"}
    with scraping(jobs, tmp_path_factory.mktemp("prometheus")) as running:
        yield running


@pytest.mark.parametrize(
    ("job", "path", "kind"),
    [("openmetrics", "/metrics", "application/openmetrics-text"), ("plain", PLAIN, "text/plain")],
)
def test_prometheus_has_every_sample(
    target: Target, prometheus: Prometheus, job: str, path: str, kind: str
) -> None:
    """In both formats every sample arrives with its labels and value, hostile label values included."""
    instant = prometheus.instant_of(f'up{{job="{job}"}} == 1')
    selector = f'{{job="{job}", __name__=~"modelvane_.+|evidently:.+"}}'
    expected = {
        (
            sample.name,
            frozenset((name, value) for name, value in sample.labels.items() if value),
        ): sample.value
        for family in target.registry.collect()
        for sample in family.samples
    }
    found = {
        (labels.pop("__name__"), frozenset(_own(labels).items())): value
        for labels, value in prometheus.query(selector, at=instant)
    }
    assert found == expected
    assert target.content_types[path].startswith(kind)


def _own(labels: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in ("job", "instance")}


def test_prometheus_answers_for_each_native_series(prometheus: Prometheus) -> None:
    """Every name of the reference page is a query with an answer."""
    instant = prometheus.instant_of("up == 1")
    for series in native():
        name = f"{series.name}_count" if series.type == "summary" else series.name
        assert prometheus.query(name, at=instant), name


def test_a_vanished_class_is_stale_in_prometheus(target: Target, prometheus: Prometheus) -> None:
    """One scrape after a class left the findings, a query no longer answers with its last value."""
    cat = 'modelvane_performance_class_recall_ratio{dataset="animals", class="cat"}'
    prometheus.wait_for(cat)
    without = replace(ANIMALS, findings=tuple(one for one in ANIMALS.findings if one.label != "cat"))
    target.exposed[-1] = Exposed("animals", without)
    # the rest is there at the same instant, so it was no scrape that failed
    rest = 'modelvane_performance_accuracy_ratio{dataset="animals"}'
    prometheus.wait_for(f"{rest} unless on (job) {cat}")
