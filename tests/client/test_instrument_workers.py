"""The workers of one service count as one, under the real servers."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

SERVERS = {
    "gunicorn": ["gunicorn", "-w", "3", "-k", "gthread", "tests.client.instrumented:wsgi()"],
    "gunicorn --preload": ["gunicorn", "-w", "3", "--preload", "tests.client.instrumented:wsgi()"],
    "uvicorn": ["uvicorn", "--workers", "3", "--factory", "tests.client.instrumented:api"],
}
LONG = 40.0


class Service:
    """A server with three workers."""

    def __init__(self, command, folder, **environment):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        where = ["-b", f"127.0.0.1:{port}"] if command[0] == "gunicorn" else ["--port", str(port)]
        inherited = {"PATH": "/usr/bin:/bin", "TMPDIR": str(folder), **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command, *where],
            env=inherited,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def get(self, path):
        """Ask over a connection of its own, which any worker may take."""
        return requests.get(self.url + path, timeout=LONG)

    def meet(self, workers=3):
        """Ask until so many workers have answered; give how often was asked, and who answered."""
        seen, asked, until = set(), 0, time.monotonic() + LONG
        while len(seen) < workers:
            assert time.monotonic() < until, seen
            with suppress(requests.ConnectionError):
                seen.add(self.get("/double/2").json()["worker"])
                asked += 1
        return asked, seen

    def value(self, name, /, **labels):
        families = text_string_to_metric_families(self.get("/metrics").text)
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    def stop(self):
        self.process.terminate()
        self.process.wait(LONG)


@pytest.fixture(params=SERVERS)
def service(request, tmp_path):
    service = Service(SERVERS[request.param], tmp_path)
    yield service
    service.stop()


def handler_of(service):
    return "/double/<int:number>" if "gunicorn" in service.process.args else "/double/{number}"


def test_every_worker_shows_the_counts_of_all(service):
    """Whichever worker is scraped, requests, buckets and sizes are those of all, and the model is named once."""
    asked, _ = service.meet()
    handler = handler_of(service)
    for _ in range(6):
        assert service.value("http_requests_total", handler=handler, method="GET", status="200") == asked
        assert service.value("http_request_duration_seconds_bucket", handler=handler, le="+Inf") == asked
        assert service.value("http_response_size_bytes_count", handler=handler) == asked
        assert service.value("model_info", name="duration", version="7", reference="abc123") == 1


def test_processes_are_summed(service):
    """Memory and open files are those of three workers, CPU seconds grow by what any of them used."""
    service.meet()
    before = service.value("process_cpu_seconds_total")
    for _ in range(4):
        service.get("/busy/0.2")
    assert service.value("process_cpu_seconds_total") >= before + 0.75
    one = 30e6
    assert service.value("process_resident_memory_bytes") > 3 * one
    assert service.value("process_open_fds") > 3 * 5
    assert abs(service.value("process_start_time_seconds") - time.time()) < 10 * LONG


def test_a_killed_worker_leaves_its_counts_and_nothing_else(service):
    """After a kill amid a request, its counts and CPU stay, and what it had in progress is gone."""
    asked, _ = service.meet()
    handler = handler_of(service)
    service.get("/busy/0.3")
    cpu = service.value("process_cpu_seconds_total")
    with pytest.raises(requests.ConnectionError):
        service.get("/die")
    until = time.monotonic() + LONG
    while service.value("http_requests_inprogress") > 0:
        assert time.monotonic() < until
    more, _ = service.meet()
    assert service.value("http_requests_total", handler=handler) == asked + more
    assert service.value("process_cpu_seconds_total") >= cpu


def test_a_request_in_another_worker_is_in_progress(tmp_path):
    """A scrape sees what the other workers are at."""
    service = Service(SERVERS["gunicorn"], tmp_path)
    try:
        service.meet()
        slow = threading.Thread(target=service.get, args=("/busy/1.5",))
        slow.start()
        seen = 0.0
        while slow.is_alive():
            seen = max(seen, service.value("http_requests_inprogress"))
        assert seen == 1
        assert service.value("http_requests_inprogress") == 0
    finally:
        service.stop()


def test_services_side_by_side_do_not_mix_and_leave_nothing(tmp_path):
    """Two services of one user count apart; the next one to start removes what ended ones left."""
    first, second = (Service(SERVERS["gunicorn"], tmp_path) for _ in range(2))
    counts = [service.meet()[0] for service in (first, second)]
    handler = handler_of(first)
    assert [s.value("http_requests_total", handler=handler) for s in (first, second)] == counts
    places = list(tmp_path.glob("modelvane-*/*"))
    assert len(places) == 2
    first.stop()
    second.stop()
    third = Service(SERVERS["gunicorn"], tmp_path)
    third.meet()
    third.stop()
    left = list(tmp_path.glob("modelvane-*/*"))
    assert len(left) == 1
    assert left[0] not in places


def test_a_given_folder_is_used(tmp_path):
    """Where PROMETHEUS_MULTIPROC_DIR is set the workers meet there, and it need not be there yet."""
    folder = tmp_path / "given"
    service = Service(SERVERS["uvicorn"], tmp_path, PROMETHEUS_MULTIPROC_DIR=str(folder))
    try:
        asked, workers = service.meet()
        assert service.value("http_requests_total", handler="/double/{number}") == asked
        assert {f"worker_{pid}" for pid in workers} <= {path.name for path in folder.iterdir()}
    finally:
        service.stop()
