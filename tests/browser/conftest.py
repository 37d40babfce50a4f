"""A real Chromium and a small site that serves rendered views to it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from modelvane.service.page import CONTENT_SECURITY_POLICY, static

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL = (
    "The tests of the live page need Chromium and its driver: "
    "apt-get install chromium chromium-driver, and pip install selenium"
)


@dataclass
class Site:
    """Pages by path, each a function of whether the fragment is asked for; ``down`` answers 503."""

    pages: dict[str, Callable[[bool], str]] = field(default_factory=dict)
    down: bool = False
    fragments_served: int = 0
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        """Answer as the service does: a page, its fragment, or a static file."""
        parts = urlsplit(self.path)
        path, fragment = unquote(parts.path), "fragment" in parse_qs(parts.query)
        if path.startswith("/static/"):
            asset = static(path.removeprefix("/static/"))
            self._send(200, asset.content, asset.content_type)
        elif self.site.down:
            self._send(503, b"", "text/plain")
        elif path in self.site.pages:
            self.site.fragments_served += fragment
            self._send(200, self.site.pages[path](fragment).encode(), "text/html; charset=utf-8")
        else:
            self._send(404, b"", "text/plain")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.send_header("content-security-policy", CONTENT_SECURITY_POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve a site on a free port."""
    served = Site()
    handler = type("Handler", (_Handler,), {"site": served})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        served.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start Chromium once; without it the tests fail, they are not skipped."""
    programs = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        pytest.fail(INSTALL)
    if None in programs:
        pytest.fail(INSTALL)
    browser, driver = programs
    options = webdriver.ChromeOptions()
    options.binary_location = str(browser)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    session = webdriver.Chrome(options=options, service=Service(str(driver)))
    yield session
    session.quit()


@dataclass
class Browser:
    """A browser at a site, with the few things that the tests do to it."""

    driver: Any
    site: Site

    def open(self, path: str, *, scheme: str = "light", width: int = 1280, height: int = 900) -> None:
        """Open a page in a colour scheme and a size."""
        self.media(("prefers-color-scheme", scheme))
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(self.site.address + path)

    def media(self, *features: tuple[str, str]) -> None:
        """Emulate media features."""
        pairs = [{"name": name, "value": value} for name, value in features]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": pairs})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a function body in the page."""
        return self.driver.execute_script(script, *arguments)

    def until(self, script: str) -> Any:
        """Wait until a function body returns something true."""
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.driver, 300, poll_frequency=0.02).until(lambda _: self.run(script))


@pytest.fixture
def browser(chromium: Any, site: Site) -> Iterator[Browser]:
    """Give the browser at a fresh site, with empty logs."""
    for log in ("browser", "performance"):
        chromium.get_log(log)
    yield Browser(chromium, site)
    chromium.get("about:blank")
