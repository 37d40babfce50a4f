"""For a Prometheus to scrape: a monitor that has measured everything there is, and a service that answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import uvicorn
from msgspec.structs import replace
from tests.client.instrumented import api
from tests.golden.exposed import OBSERVED, SERVICE, every_measure

from modelvane.exposition import Exposed, ModelCollector, registry_of, render
from modelvane.findings import Findings

SEGMENT = 'zone="south, far", fare=[10, 30)'


def everything() -> Findings:
    """Give a finding of each measure, of all rows and of a segment, and of one at a k that has a limit."""
    findings = every_measure()
    parts = tuple(replace(each, segment=SEGMENT) for each in findings if each.label is None)
    at_5 = tuple(replace(each, label="5") for each in findings if each.measure == "ndcg")
    return replace(findings, findings=(*findings.findings, *parts, *at_5))


@contextmanager
def monitor() -> Iterator[str]:
    """Serve its metrics, counters of which grow with every scrape; give the address."""
    scrapes = iter(range(1, 1_000_000))

    def exposed() -> list[Exposed]:
        grown = next(scrapes)
        return [
            Exposed(
                "every",
                everything(),
                observed=replace(OBSERVED, evaluations=grown, evaluation_seconds=grown / 8),
            )
        ]

    commits = iter(range(1, 1_000_000))
    registry = registry_of(ModelCollector(exposed, lambda: replace(SERVICE, commits=next(commits))))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, kind = render(registry, self.headers["Accept"])
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def prediction_service() -> Iterator[str]:
    """Serve predictions, and ask for some all the time; give the address."""
    server = uvicorn.Server(uvicorn.Config(api(), port=0, log_level="warning"))
    serving = threading.Thread(target=server.run)
    serving.start()
    while not server.started and serving.is_alive():
        time.sleep(0.01)
    address = f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(0.05):
            urlopen(f"http://{address}/double/2", timeout=300).close()

    asking = threading.Thread(target=ask)
    asking.start()
    yield address
    ended.set()
    asking.join()
    server.should_exit = True
    serving.join()
