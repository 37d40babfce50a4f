"""The process that evaluates: ``python -m modelvane.service.apart.evaluating FD``, started by a service."""

from __future__ import annotations

import pickle
import signal
import sys
import traceback
from multiprocessing.connection import Connection

from modelvane.measuring import Measurer
from modelvane.own import load
from modelvane.service.apart.messages import Begin, Failed, Measure, Measured


def main(descriptor: int) -> None:
    """Answer until the service closes its end, or ends."""
    # a terminal tells all of its processes to end; this one does when the service has
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    measurers: dict[int, Measurer] = {}
    with Connection(descriptor) as service:
        try:
            load(*pickle.loads(service.recv_bytes()))  # noqa: S301 - from the service that started this
            while True:
                said = answer(measurers, pickle.loads(service.recv_bytes()))  # noqa: S301 - as above
                if said is not None:
                    service.send_bytes(_pickled(said))
        except (EOFError, OSError):
            return


def answer(measurers: dict[int, Measurer], message: Begin | Measure) -> Measured | Failed | None:
    """Do what a message says; ``measurers`` are those of the numbers that have begun."""
    if isinstance(message, Begin):
        measurers[message.number] = Measurer(message.dataset, message.reference, message.settings)
        return None
    for number in message.forgotten:
        measurers.pop(number, None)
    try:
        return Measured(*measurers[message.number].measure(lambda _known: message.pending))
    except Exception as error:  # noqa: BLE001 - whatever it is, the service says it
        return Failed(error, traceback.format_exc())


def _pickled(said: Measured | Failed) -> bytes:
    try:
        return pickle.dumps(said, pickle.HIGHEST_PROTOCOL)
    except Exception:
        if not isinstance(said, Failed):
            raise
        # an error of somebody's own may hold what cannot be sent
        return _pickled(Failed(RuntimeError(repr(said.error)), said.traceback))


if __name__ == "__main__":
    main(int(sys.argv[1]))
