"""What a program says, kept as far as there is room: its beginning and its end."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Self

_HEAD, _TAIL = 512 * 1024, 512 * 1024
_LONGEST_LINE = 64 * 1024
_SHOWN = 2000

_log = logging.getLogger("modelvane.retraining")


class Output:
    """Collects the streams of a program into one file; one that cannot be written stops no program.

    Parameters
    ----------
    file
        The first and the last half megabyte go there; what is between is counted.
    """

    def __init__(self, file: Path) -> None:
        # without a buffer: what cannot be written is not tried again at the end
        self._stream: IO[bytes] = file.open("wb", buffering=0)
        self._lock = threading.Lock()
        self._written = 0
        self._left_out = 0
        self._tail = bytearray()
        self._line = bytearray()
        self._last_line = b""
        self._threads: list[threading.Thread] = []
        self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def collect(self, stream: IO[bytes], *, is_answer: bool) -> None:
        """Read a stream in a thread until it ends; the last line of the answer's is remembered."""
        thread = threading.Thread(target=self._read, args=(stream, is_answer), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _read(self, stream: IO[bytes], is_answer: bool) -> None:
        with stream:
            # a pipe gives what is there; reading on to the end of a block would hide it until there is more
            while part := stream.read1(64 * 1024):  # type: ignore[attr-defined] # a pipe is buffered
                with self._lock:
                    self._keep(part)
                    if is_answer:
                        self._follow(part)

    def _keep(self, part: bytes) -> None:
        if self._is_closed:
            return
        head = part[: max(0, _HEAD - self._written)]
        if head:
            self._write(head)
            self._written += len(head)
        self._tail += part[len(head) :]
        excess = len(self._tail) - _TAIL
        if excess > 0:
            del self._tail[:excess]
            self._left_out += excess

    def _write(self, part: bytes | bytearray) -> None:
        try:
            self._stream.write(part)
        except OSError as error:
            _log.warning("What a retrain says is not kept in %s: %s", self._stream.name, error)

    def _follow(self, part: bytes) -> None:
        *whole, rest = (bytes(self._line) + part).split(b"\n")
        for line in whole:
            self._last_line = line.strip() or self._last_line
        self._line = bytearray(rest[-_LONGEST_LINE:])

    def wait(self, seconds: float) -> None:
        """Wait until the streams have ended, but not for longer: a grandchild may hold them open."""
        for thread in self._threads:
            thread.join(seconds)

    @property
    def last_line(self) -> str:
        """The last line of the answer's stream that is not empty."""
        with self._lock:
            return (bytes(self._line).strip() or self._last_line).decode("utf-8", "replace")

    def close(self) -> None:
        """Write the end of what was said."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            if self._left_out:
                self._write(b"\n... %d bytes are left out ...\n" % self._left_out)
            self._write(self._tail)
            self._stream.close()


def end_of(file: Path) -> str:
    """Give the end of what was kept."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, 2) - _SHOWN))
            return stream.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""
