"""A load generator for one core: keep-alive connections that each send the next request when the answer is in."""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import time
from collections import deque
from pathlib import Path


class Connection:
    """One keep-alive connection."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = request
        self.sent_at = 0.0
        self.answer = b""
        self.expected = 0

    def send(self) -> None:
        """Send the request."""
        self.answer, self.expected = b"", 0
        self.sent_at = time.perf_counter()
        self.socket.sendall(self.request)

    def receive(self) -> bool:
        """Read what is there; say whether the answer is whole."""
        received = self.socket.recv(65_536)
        if not received:
            raise SystemExit("the server closed a connection")
        self.answer += received
        if not self.expected:
            head, mark, _ = self.answer.partition(b"\r\n\r\n")
            if not mark:
                return False
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"the server answered {head[:100]!r}")
            lower = head.lower()
            at = lower.index(b"content-length:") + 15
            self.expected = len(head) + 4 + int(lower[at : (lower + b"\r\n").index(b"\r\n", at)])
        return len(self.answer) >= self.expected


def run(port: int, request: bytes, connections: int, seconds: float, rate: float | None) -> dict[str, float]:
    """Send for some seconds, as fast as answers come or at a rate; give answers per second and latencies."""
    selector = selectors.DefaultSelector()
    # in turn, so that none is idle until the server closes it
    idle = deque(Connection(port, request) for _ in range(connections))
    for connection in idle:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    latencies: list[float] = []
    started = time.perf_counter()
    due, ends = started, started + seconds
    waiting: list[float] = []
    while (now := time.perf_counter()) < ends:
        if rate is None:
            while idle:
                idle.popleft().send()
        else:
            while due <= now:
                waiting.append(due)
                due += 1 / rate
            while idle and waiting:
                connection = idle.popleft()
                connection.send()
                # a request that had to wait for a free connection counts from when it was due
                connection.sent_at = waiting.pop(0)
        for key, _ in selector.select(timeout=0.0005 if rate else 0.05):
            if key.data.receive():
                latencies.append(time.perf_counter() - key.data.sent_at)
                idle.append(key.data)
    elapsed = time.perf_counter() - started
    latencies.sort()
    return {
        "rate": len(latencies) / elapsed,
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[int(len(latencies) * 0.99)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--body", required=True, help="file with the body")
    parser.add_argument("--type", default="application/json")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rate", type=float)
    options = parser.parse_args()
    body = Path(options.body).read_bytes()
    request = (
        f"POST {options.path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {options.type}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body
    print(json.dumps(run(options.port, request, options.connections, options.seconds, options.rate)))


if __name__ == "__main__":
    main()
