"""Trains both models and builds what the monitor compares with, unless they are there from an earlier start.

::

    python -m stack.prepare --taxi=/var/lib/taxi --reco=/var/lib/reco
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from rich.console import Console

from modelvane.errors import ModelvaneError

_TRAINING_MONTH = "2021-01"
_JUDGED = 0.5  # share of the questions to the recommender
_PARTS = (0.6, 0.3, 0.1)  # to train on, to compare with, to ask about


def prepare_taxi(folder: Path, console: Console, *, synthetic: bool) -> None:
    """Write the first version of the model of the taxi service, the reference of the monitor, and trips to ask with.

    The month is split at random into three parts. The model knows the trips that it was trained on too well: beside
    them every other trip would look like drift of its predictions.
    """
    import numpy as np
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    from examples.shared.versions import Versions
    from examples.taxi.following import MODEL_FILE, REFERENCE_FILE
    from examples.taxi.model import WEIGHTS_FILE, DurationModel
    from examples.taxi.trips import FARTHEST, find_months, read_trips

    versions, reference = Versions(folder / "models"), folder / REFERENCE_FILE
    weights = folder / WEIGHTS_FILE
    if versions.current() is not None and reference.exists() and weights.exists():
        console.print(f"The taxi model is there: {versions.folder}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    months = find_months(
        [_TRAINING_MONTH], console, synthetic_folder=folder / "synthetic", force_synthetic=synthetic
    )
    month = read_trips(months.files[_TRAINING_MONTH])
    month = month.filter(pc.less_equal(month["trip_distance"], FARTHEST))
    part = np.random.default_rng(0).choice(3, month.num_rows, p=_PARTS)
    training, judged, asked = (month.filter(part == number) for number in range(3))
    console.print(f"Training on {training.num_rows} trips of {_TRAINING_MONTH}")
    model = DurationModel.fit(training)
    predicted = judged.append_column("prediction", [model.predict(judged.to_pylist())])
    pq.write_table(predicted.rename_columns({"duration": "target"}), reference)
    pq.write_table(asked.rename_columns({"duration": "target"}), folder / "unseen.parquet")

    def write(version: Path) -> None:
        model.save(version / MODEL_FILE)
        shutil.copyfile(reference, version / REFERENCE_FILE)
        # the monitor reads what its features contribute beside the reference, wherever that is
        shutil.copyfile(version / WEIGHTS_FILE, weights)

    # called as the settings of the monitor call the champion
    versions.promote(versions.add(write, name=_TRAINING_MONTH))


def prepare_reco(folder: Path, console: Console, *, synthetic: bool) -> None:
    """Write the model of the recommender, the reference of the monitor, and questions to ask.

    The model knows the shop before summer. Half of the questions of summer are the reference, the others are asked.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from examples.reco.find import find_purchases
    from examples.reco.model import Recommender
    from examples.reco.purchases import Purchases, read_lines
    from examples.reco.reference import REFERENCE_FROM, TRAFFIC_FROM, before, build_reference
    from examples.reco.visits import questions
    from examples.shared.identity import identity_of

    model = folder / "model.npz"
    asked, reference = folder / "questions.parquet", folder / "reference.parquet"
    if all(file.exists() for file in (model, asked, reference)):
        console.print(f"The recommender is there: {model}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    found = find_purchases(console, synthetic_folder=folder, force_synthetic=synthetic)
    lines = read_lines(found.path)
    console.print(f"Training on the purchases before {REFERENCE_FROM:%B %Y}")
    Recommender.fit(Purchases.of(before(lines, REFERENCE_FROM))).save(model)
    answers = build_reference(lines, version=identity_of("reco", model).version)
    of_summer = [
        {"kind": one.kind, "subject": one.subject, "n": one.n, "fallback": one.fallback, "bought": one.bought}
        for one in questions(lines, REFERENCE_FROM, TRAFFIC_FROM)
    ]
    judged = np.random.default_rng(0).random(len(of_summer)) < _JUDGED
    pq.write_table(answers.filter(judged), reference)
    pq.write_table(pa.Table.from_pylist(of_summer).filter(~judged), asked)


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
