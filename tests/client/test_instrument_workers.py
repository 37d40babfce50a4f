"""The workers of one service count as one, under the real servers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from tests.client.instrumented import ENOUGH
from tests.ports import free_port

# on a busy machine a worker may be long in telling that it is alive, and is not to be replaced for it
GUNICORN = ["gunicorn", "-w", "3", "--timeout", "300"]
UVICORN = ["uvicorn", "--workers", "3", "--timeout-worker-healthcheck", "60"]
SERVERS = {
    "gunicorn": [*GUNICORN, "--threads", "4", "tests.client.instrumented:wsgi()"],
    "gunicorn --preload": [*GUNICORN, "--preload", "tests.client.instrumented:wsgi()"],
    "uvicorn": [*UVICORN, "--factory", "tests.client.instrumented:api"],
}
LONG = 300.0


class Service:
    """A server with three workers."""

    def __init__(self, command, folder, **environment):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        where = ["-b", f"127.0.0.1:{port}"] if command[0] == "gunicorn" else ["--port", str(port)]
        self.asked = 0
        inherited = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command, *where],
            env={**inherited, "TMPDIR": str(folder), **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def get(self, path):
        """Ask over a connection of its own, which any worker may take."""
        return requests.get(self.url + path, timeout=LONG)

    def meet(self, workers=3):
        """Ask until so many workers have answered; give which, and keep how often was asked."""
        seen, until = set(), time.monotonic() + LONG
        while len(seen) < workers:
            assert time.monotonic() < until, seen
            with suppress(requests.ConnectionError):
                seen.add(self.get("/double/2").json()["worker"])
                self.asked += 1
        return seen

    def value(self, name, /, **labels):
        families = text_string_to_metric_families(self.get("/metrics").text)
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())

    def settle(self, name, expected, /, **labels):
        """Wait until a series is as expected: a request is counted when its last byte is out, so shortly after."""
        until = time.monotonic() + LONG
        while (value := self.value(name, **labels)) != expected and time.monotonic() < until:
            time.sleep(0.02)
        assert value == expected

    def stop(self):
        self.process.terminate()
        self.process.wait(LONG)


@pytest.fixture(params=SERVERS, scope="module")
def service(request, tmp_path_factory):
    """Give a server that the tests of it share."""
    service = Service(SERVERS[request.param], tmp_path_factory.mktemp("places"))
    yield service
    service.stop()


def handler_of(service):
    return "/double/<int:number>" if "gunicorn" in service.process.args else "/double/{number}"


def test_every_worker_shows_the_counts_of_all(service):
    """Whichever worker is scraped, requests, buckets and sizes are those of all, and the model is named once."""
    service.meet()
    handler = handler_of(service)
    service.settle("http_requests_total", service.asked, handler=handler)
    for _ in range(6):
        assert (
            service.value("http_requests_total", handler=handler, method="GET", status="200") == service.asked
        )
        assert (
            service.value("http_request_duration_seconds_bucket", handler=handler, le="+Inf") == service.asked
        )
        assert service.value("http_response_size_bytes_count", handler=handler) == service.asked
        assert service.value("model_info", name="duration", version="7", reference="abc123") == 1


def test_exceptions_are_those_of_all(service):
    """An exception in any worker is counted by its class, and its answer as a 500."""
    for _ in range(6):
        assert service.get("/fail").status_code == 500
    service.settle("http_exceptions_total", 6, handler="/fail", exception="LookupError")
    service.settle("http_requests_total", 6, handler="/fail", method="GET", status="500")


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
    service.meet()
    handler = handler_of(service)
    service.get("/busy/0.3")
    cpu = service.value("process_cpu_seconds_total")
    with pytest.raises(requests.ConnectionError):
        service.get("/die")
    service.settle("http_requests_inprogress", 0)
    service.meet()
    service.settle("http_requests_total", service.asked, handler=handler)
    assert service.value("process_cpu_seconds_total") >= cpu


def test_a_request_in_another_worker_is_in_progress(tmp_path):
    """A scrape sees what the other workers are at."""
    service = Service(SERVERS["gunicorn"], tmp_path)
    try:
        service.meet()
        slow = threading.Thread(target=service.get, args=("/slow",))
        slow.start()
        service.settle("http_requests_inprogress", 1)
        (tmp_path / ENOUGH).touch()
        slow.join()
        service.settle("http_requests_inprogress", 0)
    finally:
        service.stop()


def test_services_side_by_side_do_not_mix_and_leave_nothing(tmp_path):
    """Two services of one user count apart; the next one to start removes what ended ones left."""
    first, second = (Service(SERVERS["gunicorn"], tmp_path) for _ in range(2))
    first.meet()
    second.meet()
    second.meet()
    handler = handler_of(first)
    for service in (first, second):
        service.settle("http_requests_total", service.asked, handler=handler)
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
        workers = service.meet()
        service.settle("http_requests_total", service.asked, handler="/double/{number}")
        assert {f"worker_{pid}" for pid in workers} <= {path.name for path in folder.iterdir()}
    finally:
        service.stop()


def test_a_worker_that_is_starting_does_not_spoil_a_scrape(tmp_path):
    """Its file is empty for a moment; the others' counts are shown meanwhile."""
    folder = tmp_path / "given"
    service = Service(SERVERS["gunicorn"], tmp_path, PROMETHEUS_MULTIPROC_DIR=str(folder))
    try:
        service.meet()
        (folder / "counter_1.db").touch()
        service.settle("http_requests_total", service.asked, handler=handler_of(service))
    finally:
        service.stop()
