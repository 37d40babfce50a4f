"""A real Prometheus that scrapes what a test names, and is asked over HTTP."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.ports import free_port

PATIENCE = 300.0


class Prometheus:
    """A running Prometheus that is asked over HTTP."""

    def __init__(self, address: str, log: Path) -> None:
        self.address = address
        self.log = log

    def instant_of(self, expression: str, *, seconds_ago: float = 2.0) -> float:
        """Ask until something was so some seconds ago, and give that instant.

        By then the scrapes before it have ended, so at it nothing changes any more: not even by a scrape that fails.
        """
        instant = 0.0

        def was_so() -> list[tuple[dict[str, str], float]]:
            nonlocal instant
            instant = time.time() - seconds_ago
            return self.query(expression, at=instant)

        self._until(was_so, expression, there=True)
        return instant

    def query(self, expression: str, *, at: float | None = None) -> list[tuple[dict[str, str], float]]:
        """Give the labels and values of an instant query, now or at an instant."""
        parameters = urlencode({"query": expression} | ({} if at is None else {"time": at}))
        with urlopen(f"http://{self.address}/api/v1/query?{parameters}", timeout=PATIENCE) as answer:
            result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return [(one["metric"], float(one["value"][1])) for one in result]

    def wait_for(self, expression: str, *, there: bool = True) -> list[tuple[dict[str, str], float]]:
        """Ask until there is an answer, or until there is none."""
        return self._until(lambda: self.query(expression), expression, there=there)

    def _until(
        self, look: Callable[[], list[tuple[dict[str, str], float]]], what: str, *, there: bool
    ) -> list[tuple[dict[str, str], float]]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            # it may not have started yet
            with suppress(OSError):
                if bool(found := look()) is there:
                    return found
            time.sleep(0.1)
        raise AssertionError(f"{what} is {'not ' if there else ''}there\n{self.log.read_text()[-3000:]}")


@contextmanager
def scraping(targets: Mapping[str, str], folder: Path, *, interval: str = "1s") -> Iterator[Prometheus]:
    """Run a Prometheus whose jobs scrape a target each, given as ``host:port/path``."""
    binary = shutil.which("prometheus")
    assert binary, (
        "prometheus is not installed: apt-get install prometheus, or https://prometheus.io/download"
    )
    jobs = []
    for name, target in targets.items():
        address, _, path = target.partition("/")
        jobs.append(
            {"job_name": name, "metrics_path": f"/{path}", "static_configs": [{"targets": [address]}]}
        )
    config = {"global": {"scrape_interval": interval, "scrape_timeout": interval}, "scrape_configs": jobs}
    # JSON is YAML
    (folder / "prometheus.yml").write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                binary,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=out,
            stderr=out,
        )
        try:
            yield Prometheus(address, log)
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)
