"""Trains both models and builds what the monitor compares with, unless they are there from an earlier start.

::

    python -m stack.prepare --taxi=/var/lib/taxi --reco=/var/lib/reco
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from modelvane.errors import ModelvaneError

_TRAINING_MONTH = "2021-01"


def prepare_taxi(folder: Path, console: Console, *, synthetic: bool) -> None:
    """Write the model and the reference of the taxi service."""
    import pyarrow.parquet as pq
    from examples.taxi.model import DurationModel, build_reference_table
    from examples.taxi.trips import find_months, read_trips

    model, reference = folder / "model.skops", folder / "reference.parquet"
    if model.exists() and reference.exists():
        console.print(f"The taxi model is there: {model}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    months = find_months(
        [_TRAINING_MONTH], console, synthetic_folder=folder / "synthetic", force_synthetic=synthetic
    )
    trips = read_trips(months.files[_TRAINING_MONTH])
    console.print(f"Training on {trips.num_rows} trips of {_TRAINING_MONTH}")
    pq.write_table(build_reference_table(trips), reference)
    DurationModel.fit(trips).save(model)


def prepare_reco(folder: Path, console: Console, *, synthetic: bool) -> None:
    """Write the model of the recommender."""
    from examples.reco.train import train

    model = folder / "model.npz"
    if model.exists():
        console.print(f"The recommender is there: {model}")
        return
    train(model, console, force_synthetic=synthetic)


def main() -> int:
    """Prepare both."""
    parser = argparse.ArgumentParser(prog="python -m stack.prepare", description="Train both models.")
    parser.add_argument("--taxi", type=Path, required=True, help="folder of the taxi service")
    parser.add_argument("--reco", type=Path, required=True, help="folder of the recommender")
    parser.add_argument("--synthetic", action="store_true", help="invent data even if real data is at hand")
    options = parser.parse_args()
    console = Console()
    try:
        prepare_taxi(options.taxi, console, synthetic=options.synthetic)
        prepare_reco(options.reco, console, synthetic=options.synthetic)
    except (ModelvaneError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
