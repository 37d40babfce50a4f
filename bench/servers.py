"""Servers and load on a core each."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

SERVER_CORE, LOAD_CORE = 0, 1


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def undisturbed() -> Iterator[None]:
    """Give this process and those it starts the machine's highest priority until the block ends, where permitted.

    Threads of the kernel and other work else take a core for milliseconds, several times a second: more than what
    99 of 100 requests wait.
    """
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


def _on_core(core: int) -> list[str]:
    return ["taskset", "-c", str(core)] if (os.cpu_count() or 1) > 1 else []


@contextmanager
def server(command: Sequence[str], port: int, ready: str, *, on_one_core: bool = True) -> Iterator[int]:
    """Run a server until the block ends; give its process id."""
    where = _on_core(SERVER_CORE) if on_one_core else []
    process = subprocess.Popen([*where, sys.executable, *command], stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
            try:
                if ready:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=1).close()
                else:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def bare_asgi(port: int) -> list[str]:
    """Give the command of a no-op application on the same uvicorn."""
    return ["-m", "uvicorn", "bench.apps:asgi_app", "--port", str(port), "--log-level", "warning"]


def bare_flask(port: int) -> list[str]:
    """Give the command of a no-op Flask under gunicorn, keep-alive."""
    options = ["-k", "gthread", "--threads", "8", "--log-level", "error"]
    return ["-m", "gunicorn", "-b", f"127.0.0.1:{port}", *options, "bench.apps:flask_app"]


def monitor(config: Path, port: int) -> list[str]:
    return ["-m", "modelvane", "serve", "--config", str(config), "--port", str(port)]


def load(port: int, path: str, body: Path, **options: Any) -> dict[str, float]:
    """Send a body again and again from the other core."""
    arguments = [f"--{name}={value}" for name, value in options.items()]
    command = [*_on_core(LOAD_CORE), sys.executable, "-m", "bench.load", "--port", str(port)]
    command += ["--path", path, "--body", str(body), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))
