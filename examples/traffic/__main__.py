r"""Traffic for both prediction services, until stopped.

::

    python -m examples.traffic --taxi http://127.0.0.1:9696 --trips unseen.parquet \
        --monitor http://127.0.0.1:8085 --port 9700
    curl -X PUT -H 'content-type: application/json' -d '["scale trip_distance factor=1.5"]' http://127.0.0.1:9700/faults
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pyarrow.parquet as pq
from werkzeug.serving import WSGIRequestHandler, make_server

from examples.shared.command import until_stopped
from examples.traffic.caller import Caller
from examples.traffic.control import create_app
from examples.traffic.labels import Labels
from examples.traffic.reco import Shoppers
from examples.traffic.taxi import Riders


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of health checks."""


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.traffic", description="Ask both services.")
    parser.add_argument("--taxi", default="http://127.0.0.1:9696", help="the taxi service (%(default)s)")
    parser.add_argument(
        "--trips",
        type=Path,
        required=True,
        help="Parquet file of trips that the model has not seen, with their target",
    )
    parser.add_argument("--reco", help="the recommender; without it nobody shops")
    parser.add_argument("--questions", type=Path, help="Parquet file of questions to it, and what was bought")
    parser.add_argument("--monitor", default="http://127.0.0.1:8085", help="gets the labels (%(default)s)")
    parser.add_argument(
        "--rate", type=float, default=20.0, help="requests a second and service (%(default)s)"
    )
    parser.add_argument(
        "--label-delay", type=float, default=30.0, help="seconds until half of the labels come (%(default)s)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="where the switches listen (%(default)s)")
    parser.add_argument("--port", type=int, default=9700, help="where the switches listen (%(default)s)")
    options = parser.parse_args()
    if (options.reco is None) != (options.questions is None):
        parser.error("--reco and --questions go together")
    if options.rate <= 0:
        parser.error("--rate is greater than 0")
    return options


def main() -> int:
    """Ask until SIGINT or SIGTERM."""
    options = parse()
    return until_stopped(_run, options)


def _run(options: argparse.Namespace) -> None:
    def labels(dataset: str) -> Labels:
        return Labels(options.monitor, dataset, delay=options.label_delay, seed=0)

    told = [labels("taxi")]
    riders = Riders(options.taxi, pq.read_table(options.trips), told[0])
    callers = {"taxi": Caller(riders.ask, options.rate)}
    if options.reco is not None:
        told.append(labels("reco"))
        shoppers = Shoppers(options.reco, pq.read_table(options.questions), told[1])
        callers["reco"] = Caller(shoppers.ask, options.rate)
    app = create_app(callers, riders)
    # callers begin after the labels they tell, and end before them
    parts: tuple[Labels | Caller, ...] = (*told, *callers.values())
    with make_server(options.host, options.port, app, threaded=True, request_handler=_QuietHandler) as server:
        for part in parts:
            part.start()
        try:
            print(f"switches at http://{options.host}:{options.port}/faults", flush=True)
            server.serve_forever()
        finally:
            for part in reversed(parts):
                part.stop()


if __name__ == "__main__":
    sys.exit(main())
