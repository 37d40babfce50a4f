"""The whole picture with one command: data, model, reference, both services, a replayed month, late labels.

::

    python -m examples.taxi.demo          # until Ctrl-C
    python -m examples.taxi.demo --once   # a bounded replay, a summary, exit 0

Slow modules are imported where they are needed, so that Ctrl-C is heeded from the first moment on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.shared import demo as shared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

TRAINING_MONTH = "2021-01"
DATASET = "taxi"


class Demo(shared.Demo):
    """One run of the demonstration."""

    dataset = DATASET
    health = "/healthz"
    routes = "/predict"

    def prepare(self) -> pa.Table:
        """Train on a month, predict it out of fold as the reference; give the trips of another."""
        import pyarrow.parquet as pq

        from examples.taxi.model import DurationModel, build_reference_table
        from examples.taxi.trips import find_months, read_trips, within_month

        month = self.options.month
        months = find_months(
            [TRAINING_MONTH, month],
            self.console,
            synthetic_folder=self.folder / "synthetic",
            force_synthetic=self.options.synthetic,
        )
        training = read_trips(months.files[TRAINING_MONTH])
        with self.console.status("") as status:
            self.step(status, f"Training on {training.num_rows} trips of {TRAINING_MONTH}")
            DurationModel.fit(training).save(self.folder / "model.skops")
            self.step(status, "Predicting the same trips out of fold, as the reference")
            pq.write_table(build_reference_table(training), self.folder / "reference.parquet")
        return within_month(read_trips(months.files[month]), month).slice(0, self.options.trips)

    def service_options(self) -> Sequence[str]:
        """Name the model, the reference, and the version as the config names the champion."""
        return (
            f"--model={self.folder / 'model.skops'}",
            f"--reference={self.folder / 'reference.parquet'}",
            f"--version={TRAINING_MONTH}",
        )

    def replay(self, past: pa.Table, check: Callable[[], None]) -> None:
        """Send the trips, and their durations when they are known."""
        from examples.taxi.replay import Replay

        options = self.options
        self.console.print(f"Replaying {past.num_rows} trips of {options.month} at {options.speed}")
        replay = Replay(self.service, self.monitor, dataset=DATASET, speed=self.speed)
        totals = replay.run(past, self.console, check=check)
        self.console.print(
            f"{totals.predicted} predicted, {totals.refused} refused; {totals.labelled} labels came late, "
            f"{totals.never} never come"
        )

    def conclude(self, findings: dict[str, Any]) -> None:
        """Print what changed, and how good the predictions are."""
        from examples.shared.summary import print_summary, require_drift

        print_summary(findings, self.console)
        require_drift(findings)
        self.console.print("The nightly report of these trips: make demo-batch", highlight=False)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; what was not given follows from ``--once``.

    >>> parse(["--once"]).trips, parse([]).speed
    (12000, '100/s')
    """
    parser = argparse.ArgumentParser(
        prog="python -m examples.taxi.demo", description=(__doc__ or "").partition("\n")[0]
    )
    shared.add_options(parser, service_port=9696, folder=Path(".modelvane/demo"))
    parser.add_argument("--trips", type=int, help="trips to replay (12000 with --once, otherwise the month)")
    parser.add_argument("--month", default="2022-01", help="the month to replay (%(default)s)")
    options = shared.parsed(parser, arguments)
    if options.trips is None and options.once:
        options.trips = 12_000
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration and return the exit code."""
    return shared.main(Demo, parse, arguments)


if __name__ == "__main__":
    sys.exit(main())
