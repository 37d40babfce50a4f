"""Children and interrupts: nothing is left running, and what went wrong is told."""

from __future__ import annotations

import gc
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from examples.shared.processes import Children, ProcessError, require_free_port
from tests.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from examples.shared.interrupts import Interrupts

FAMILY = """
import signal, socket, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
if len(sys.argv) == 2:
    subprocess.Popen([sys.executable, "-c", open(__file__).read(), sys.argv[1], "grandchild"])
time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_once(interrupts: Interrupts, number: int) -> None:
    """Ctrl-C and SIGTERM raise alike; a second one does not interrupt the tidying up."""
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    signal.raise_signal(number)
    assert interrupts.struck


def test_a_shield_holds_an_interrupt_back(interrupts: Interrupts) -> None:
    """The block is finished first, then the interrupt strikes."""
    done = []

    def work() -> None:
        with interrupts.shield():
            signal.raise_signal(signal.SIGINT)
            done.append("the block")
        done.append("what follows")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the block"]


def test_an_interrupt_in_a_finalizer_strikes_at_the_next_check(
    interrupts: Interrupts, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python drops what a finalizer raises; the interrupt is kept, and no traceback is printed."""

    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    Finalized()
    gc.collect()
    with pytest.raises(KeyboardInterrupt):
        interrupts.check()
    assert "Traceback" not in capsys.readouterr().err


def test_children_end_with_the_block(interrupts: Interrupts, tmp_path: Path, http_server: Any) -> None:
    """A child and its own child are gone after an interrupt, as their connections tell."""
    (tmp_path / "family.py").write_text(FAMILY)
    connections: list[socket.socket] = []
    asked = threading.Lock()
    with socket.create_server(("127.0.0.1", 0)) as register:
        command = [sys.executable, str(tmp_path / "family.py"), str(register.getsockname()[1])]

        def answer(*_: object) -> tuple[int, bytes]:
            # who asks gives up after a while, and asks again
            with asked:
                if len(connections) < 2:
                    connections.append(register.accept()[0])
            return (200 if len(connections) == 2 else 503), b""

        def work(address: str) -> None:
            with Children(interrupts) as children:
                children.start("family", command, tmp_path / "log", ready=address)
                signal.raise_signal(signal.SIGINT)

        with http_server(answer) as address, pytest.raises(KeyboardInterrupt):
            work(address)
    for connection in connections:
        connection.settimeout(300)
        assert connection.recv(1) == b""  # closed by the end of the process
        connection.close()
    assert len(connections) == 2


def test_a_child_that_dies_is_reported_with_its_last_words(interrupts: Interrupts, tmp_path: Path) -> None:
    """The error has the exit code and the tail of the log, without its beginning."""
    dying = [sys.executable, "-c", "print(*range(100), sep='\\n'); print('no disk'); raise SystemExit(3)"]
    with Children(interrupts) as children, pytest.raises(ProcessError) as caught:
        children.start("monitor", dying, tmp_path / "log", ready="http://127.0.0.1:9/readyz")
    assert f"The monitor ended with exit code 3. Its whole log is {tmp_path / 'log'}." in str(caught.value)
    assert "\n99\nno disk\n" in str(caught.value)
    assert "\n50\n" not in str(caught.value)


def test_a_child_that_never_answers_is_given_up(interrupts: Interrupts, tmp_path: Path) -> None:
    """Patience has an end, and the error says where the log is."""
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    address, log = "http://127.0.0.1:9/readyz", tmp_path / "log"
    with Children(interrupts) as children, pytest.raises(ProcessError) as caught:
        children.start("monitor", sleeper, log, ready=address, patience=0.0)
    assert f"does not answer at {address}" in str(caught.value)
    assert f"Its whole log is {log}" in str(caught.value)


def test_a_port_in_use_is_refused_with_the_remedy() -> None:
    """The message names the port and the option that chooses another."""
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(ProcessError, match=rf"port {port}.*--service-port"),
    ):
        require_free_port("prediction service", "127.0.0.1", port, "--service-port")
    require_free_port("prediction service", "127.0.0.1", port, "--service-port")


def test_a_child_that_is_meant_to_end_may(interrupts: Interrupts, tmp_path: Path) -> None:
    """One that ends with 0 is no fault and is known to have ended; with another code it is a fault."""
    with Children(interrupts) as children:
        children.spawn("good", [sys.executable, "-c", ""], tmp_path / "good.log", ends=True)
        while not children.has_ended("good"):
            children.check()
        children.check()
        children.spawn("bad", [sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "bad.log", ends=True)
        with pytest.raises(ProcessError, match="bad ended with exit code 3"):  # noqa: PT012 - at some look
            while True:
                children.check()


def test_a_child_that_was_ended_is_missed_by_nobody(interrupts: Interrupts, tmp_path: Path) -> None:
    """Ended on purpose, a child is gone, and the others are still watched."""
    with Children(interrupts) as children:
        children.spawn("other", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "other.log")
        children.end("other")
        children.check()
        assert children.has_ended("other")
