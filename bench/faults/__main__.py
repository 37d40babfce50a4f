"""Faults x detectors with the number of runs, the rows and the detectors of one's choice."""

from __future__ import annotations

import argparse

from bench.faults import RUNS
from bench.faults.cases import KINDS
from bench.faults.table import PEERS, measure
from bench.figures import show


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("detectors", nargs="*", help=f"of {', '.join(PEERS)}; all by default", default=None)
    parser.add_argument("--runs", type=int, default=RUNS, help="streams per fault")
    parser.add_argument("--rows", choices=[*KINDS], action="append", help="taxi, retail or both")
    parser.add_argument("--page-only", action="store_true", help="of what was found before")
    chosen = parser.parse_args()
    names = () if chosen.page_only else chosen.detectors or None
    show("Faults and detectors", measure(chosen.runs, chosen.rows or tuple(KINDS), names))


if __name__ == "__main__":
    main()
