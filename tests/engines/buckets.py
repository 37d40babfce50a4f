"""A folder served as a bucket, by as much of the protocols of S3 and Google Cloud Storage as reading needs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "lake"


class Buckets(NamedTuple):
    """The address of a server of a folder's files, which are the objects of one bucket."""

    address: str

    def s3(self, key: str) -> str:
        """Give the URL of an object or a folder, with a secret key as people write it into scripts."""
        return (
            f"s3://reader:hidden@{BUCKET}/{key}?scheme=http&region=us-east-1&endpoint_override={self.address}"
        )

    def gs(self, key: str) -> str:
        """Give the same by the other protocol."""
        return f"gs://anonymous@{BUCKET}/{key}?scheme=http&endpoint_override={self.address}"


@contextmanager
def buckets(folder: Path) -> Iterator[Buckets]:
    """Serve a folder, by a process of its own: Google's client keeps the interpreter while it waits."""
    command = [sys.executable, "-m", __name__, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield Buckets(server.stdout.readline().strip())
        finally:
            server.kill()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects = {
            path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
        }

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that have read enough."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path.startswith("/storage/v1/b/"):
            self._of_google(path.removeprefix("/storage/v1/b/"), asked)
        else:
            key = unquote(path).removeprefix(f"/{BUCKET}").strip("/")
            self._listed(asked) if "list-type" in asked else self._object(key)

    def _listed(self, asked: dict[str, list[str]]) -> None:
        [prefix] = asked.get("prefix", [""])
        found = [
            f"<Contents><Key>{escape(name)}</Key><Size>{path.stat().st_size}</Size></Contents>"
            for name, path in self._below(prefix)
        ]
        about = f"<KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>"
        self._answer(200, f"<ListBucketResult>{about}{''.join(found)}</ListBucketResult>".encode())

    def _of_google(self, path: str, asked: dict[str, list[str]]) -> None:
        _, _, name = path.partition("/o")
        name = unquote(name.strip("/"))
        if name and asked.get("alt") == ["media"]:
            self._object(name)
        elif name in self.server.objects:
            self._json(self._about(name, self.server.objects[name]))
        elif name:
            self._json({"error": {"code": 404, "message": "Not Found"}}, 404)
        else:
            [prefix] = asked.get("prefix", [""])
            self._json({"items": [self._about(*each) for each in self._below(prefix)]})

    def _below(self, prefix: str) -> list[tuple[str, Path]]:
        return [(name, path) for name, path in self.server.objects.items() if name.startswith(prefix)]

    @staticmethod
    def _about(name: str, path: Path) -> dict[str, Any]:
        return {
            "kind": "storage#object",
            "name": name,
            "bucket": BUCKET,
            "generation": "1",
            "size": str(path.stat().st_size),
            "updated": "2022-01-10T00:00:00Z",
        }

    def _object(self, key: str) -> None:
        path = self.server.objects.get(key)
        if path is None:
            self._answer(404, b"")
            return
        held = path.read_bytes()
        wanted = self.headers.get("Range", "")
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first or 0)
        end = min(int(last), len(held) - 1) if last else len(held) - 1
        about = {"Content-Range": f"bytes {start}-{end}/{len(held)}"} if wanted else {}
        self._answer(206 if wanted else 200, held[start : end + 1], about)

    def _json(self, said: object, status: int = 200) -> None:
        self._answer(status, json.dumps(said).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = _Server(Path(sys.argv[1]))
    print(f"127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
