"""Trains the recommender on the shop's purchases and writes its model file.

::

    python -m examples.reco.train --model .modelvane/reco/model.npz
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console

from examples.reco.find import find_purchases
from examples.reco.model import Recommender
from examples.reco.purchases import Purchases, read_lines
from examples.reco.service import MODEL
from modelvane.errors import ModelvaneError


def train(path: Path, console: Console, *, force_synthetic: bool = False) -> Recommender:
    """Find the purchases, learn from them, and write the model file; tell what is going on.

    Raises
    ------
    ModelvaneError
        When the purchases cannot be had or read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    found = find_purchases(console, synthetic_folder=path.parent, force_synthetic=force_synthetic)
    console.print(f"Reading {found.path}")
    lines = read_lines(found.path)
    purchases = Purchases.of(lines)
    customers, products = purchases.matrix.shape
    console.print(
        f"{lines.num_rows:,} invoice lines: {customers:,} customers x {products:,} products, "
        f"{purchases.matrix.nnz:,} of them bought"
    )
    started = time.perf_counter()
    with console.status("Finding who is like whom, and what goes with what"):
        model = Recommender.fit(purchases)
    console.print(f"Neighbours of all customers and products found in {time.perf_counter() - started:.1f} s")
    model.save(path)
    console.print(f"Written to {path}: {path.stat().st_size / 1e6:.1f} MB")
    return model


def main() -> int:
    """Train once."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.reco.train", description="Train the recommender."
    )
    parser.add_argument("--model", type=Path, default=MODEL, help="where the model file goes")
    parser.add_argument(
        "--synthetic", action="store_true", help="invent a shop even if the real one is at hand"
    )
    options = parser.parse_args()
    try:
        train(options.model, Console(), force_synthetic=options.synthetic)
    except KeyboardInterrupt:
        return 130
    except (ModelvaneError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
