"""Runs the benchmarks: all, or those named; ``--quick`` for a shorter look."""

from __future__ import annotations

import sys
from compileall import compile_dir
from importlib import import_module
from pathlib import Path

from bench.figures import show

import modelvane

BENCHES = {
    "ingest": "Ingest, each row in the log before it is acknowledged",
    "latency": "Latency of single records",
    "evaluation": "Evaluation of 10 000 rows x 20 columns",
    "large": "Batches of millions of rows",
    "memory": "Memory of a monitor",
    "client_log": "log() in the client",
    "instrument": "Logging of a route",
    "false_alarms": "False alarms on undrifted windows",
    "real_time": "Alarms on the following months, in time order",
    "detection": "Rows until a change is found",
    "faults": "Faults and detectors",
    "moving_references": "References by hour of the week",
    "estimates": "Estimates before labels",
    "scans": "Reading the log, against a plain fetch",
    "reference_build": "Building a reference",
    "report_size": "Reports: size, time to build, time to open",
    "recommender": "The recommender, beside dense matrices",
    "install": "Install and import",
}


def main() -> None:
    """Run what the command line names."""
    quick = "--quick" in sys.argv
    names = [name for name in sys.argv[1:] if not name.startswith("-")] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    # as an installer does: else each process that is measured compiles what it imports
    compile_dir(Path(modelvane.__file__).parent, quiet=2)
    for name in names:
        show(BENCHES[name], import_module(f"bench.{name}").run(quick=quick))


if __name__ == "__main__":
    main()
