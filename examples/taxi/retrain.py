"""Trains the duration model again on recent labelled trips, and promotes it if it is better.

::

    python -m examples.taxi.retrain --config .modelvane/demo/config.yaml --initial   # the first version
    python -m examples.taxi.retrain --config .modelvane/demo/config.yaml             # a challenger
    python -m examples.taxi.retrain --config .modelvane/demo/config.yaml --roll-back

The trips are those of the monitor's log, and where an alert asks, those since it fires. A challenger is trained on the
older of them; champion and challenger predict the newer ones, which neither has seen. Only a challenger that is better
beyond chance becomes a version of its own, with the reference of these trips, and the current one. As
`retrain: {command: ...}` of a dataset it reads what it needs from its environment, and reports its outcome to the
monitor.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.shared.versions import VersionError, Versions
from examples.taxi.recent import NotYetError, recent_trips
from modelvane.errors import ModelvaneError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from examples.taxi.comparison import Comparison
    from examples.taxi.model import DurationModel

KEPT = 5


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is trained, on what, and where it goes.

    Parameters
    ----------
    config
        The monitor's.
    dataset
        Its name there.
    models
        The folder of versions.
    champion
        The model file that answers before there is a version.
    alert
        Name of the alert that asks: only trips since it fires are taken.
    trips, least
        Labelled trips: at most the latest so many, and not without so many.
    wait
        Seconds to wait for so many.
    held_out
        Share of them, the latest, that both models are compared on.
    keep
        Versions that are kept.
    """

    config: Path
    dataset: str
    models: Path
    champion: Path
    alert: str = ""
    trips: int = 20_000
    least: int = 500
    wait: float = 0.0
    held_out: float = 0.25
    keep: int = KEPT


def retrain(settings: Settings) -> dict[str, Any]:
    """Train, compare, and promote if the challenger is better; give the outcome as the monitor reads it.

    Raises
    ------
    NotYetError
        When there are too few trips.
    ModelvaneError
        When the log or the champion cannot be read.
    """
    import numpy as np

    from examples.taxi.comparison import compare
    from examples.taxi.model import DurationModel

    trips = recent_trips(
        settings.config,
        settings.dataset,
        alert=settings.alert,
        most=settings.trips,
        least=settings.least,
        wait=settings.wait,
    )
    split = trips.num_rows - math.ceil(settings.held_out * trips.num_rows)
    older, newer = trips.slice(0, split), trips.slice(split)
    versions = Versions(settings.models)
    current = versions.current()
    champion = DurationModel.load(_champion_file(settings, versions))
    challenger = DurationModel.fit(older)
    rows = newer.to_pylist()
    found = compare(
        newer["duration"].to_numpy().astype(np.float64), champion.predict(rows), challenger.predict(rows)
    )
    outcome: dict[str, Any] = {
        "promoted": found.is_better,
        "champion": found.champion,
        "challenger": found.challenger,
        "measure": "mean_absolute_error",
        "why": found.why,
        "details": {"trained_on": older.num_rows, "held_out": newer.num_rows, "champion_version": current},
    }
    if found.is_better:
        name = versions.add(lambda folder: _write(folder, challenger, older, newer, found))
        versions.promote(name)
        outcome |= {"version": name, "reference": str(_reference_file(versions, name).absolute())}
    return outcome


def _champion_file(settings: Settings, versions: Versions) -> Path:
    from examples.taxi.following import MODEL_FILE

    name = versions.current()
    return settings.champion if name is None else versions.path(name) / MODEL_FILE


def _reference_file(versions: Versions, name: str) -> Path:
    from examples.taxi.following import REFERENCE_FILE

    return versions.path(name) / REFERENCE_FILE


def _write(folder: Path, model: DurationModel, older: pa.Table, newer: pa.Table, found: Comparison) -> None:
    """Fill a version's folder. Predictions of the reference are of trips that their model has not seen."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from examples.taxi.following import MODEL_FILE, REFERENCE_FILE
    from examples.taxi.model import build_reference_table

    held_out = (
        newer.drop_columns(["duration"])
        .append_column("prediction", pa.array(model.predict(newer.to_pylist())))
        .append_column("target", newer["duration"])
    )
    model.save(folder / MODEL_FILE)
    pq.write_table(pa.concat_tables([build_reference_table(older), held_out]), folder / REFERENCE_FILE)
    about = {"champion": found.champion, "challenger": found.challenger, "why": found.why}
    (folder / "about.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def initialise(settings: Settings) -> str:
    """Make the champion's file the first version, and give its name; one that is there already stays."""
    import shutil

    from examples.taxi.following import MODEL_FILE, REFERENCE_FILE
    from examples.taxi.model import WEIGHTS_FILE, DurationModel
    from modelvane.config import Config

    versions = Versions(settings.models)
    if (current := versions.current()) is not None:
        return current
    DurationModel.load(settings.champion)
    config = Config.load(settings.config)
    reference, compared = config.reference_file(settings.dataset), config.datasets[settings.dataset].versions

    def write(folder: Path) -> None:
        shutil.copyfile(settings.champion, folder / MODEL_FILE)
        weights = settings.champion.with_name(WEIGHTS_FILE)
        if weights.exists():
            shutil.copyfile(weights, folder / WEIGHTS_FILE)
        if reference.suffix == ".parquet" and reference.exists():
            shutil.copyfile(reference, folder / REFERENCE_FILE)

    # as the monitor expects the champion to be called
    name = versions.add(write, name=None if compared is None else compared.champion)
    versions.promote(name)
    return name


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; what was not given follows from the environment that the monitor gives."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.taxi.retrain", description=(__doc__ or "").partition("\n")[0]
    )
    told = os.environ
    parser.add_argument(
        "--config",
        type=Path,
        default=Path(told.get("MODELVANE_CONFIG") or ".modelvane/demo/config.yaml"),
        help="of the monitor (%(default)s)",
    )
    parser.add_argument("--dataset", default=told.get("MODELVANE_DATASET") or "taxi", help="(%(default)s)")
    parser.add_argument("--models", type=Path, help="folder of versions (models, beside the config)")
    parser.add_argument(
        "--champion",
        type=Path,
        help="the model file while there is no version (model.skops, beside the config)",
    )
    parser.add_argument("--trips", type=int, default=20_000, help="at most so many trips (%(default)s)")
    parser.add_argument("--least", type=int, default=500, help="at least so many trips (%(default)s)")
    parser.add_argument("--keep", type=int, default=KEPT, help="versions to keep (%(default)s)")
    parser.add_argument(
        "--wait", type=float, default=0.0, help="seconds to wait for so many trips (%(default)s)"
    )
    parser.add_argument(
        "--alert", default=told.get("MODELVANE_ALERT") or "", help="take only trips since this alert fires"
    )
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument("--initial", action="store_true", help="make the champion's file the first version")
    doing.add_argument(
        "--roll-back",
        action="store_true",
        help="let the version before answer again, with its reference at the monitor",
    )
    parser.add_argument("--monitor", help="its address, for --roll-back (that of the config)")
    return parser.parse_args(arguments)


def settings_of(options: argparse.Namespace) -> Settings:
    """Give the settings of a command line."""
    beside = options.config.absolute().parent
    return Settings(
        config=options.config,
        dataset=options.dataset,
        models=options.models or beside / "models",
        champion=options.champion or beside / "model.skops",
        alert=options.alert,
        trips=options.trips,
        least=options.least,
        wait=options.wait,
        keep=options.keep,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit code."""
    options = parse(arguments)
    settings = settings_of(options)
    try:
        if options.roll_back:
            from examples.taxi.rolling_back import roll_back
            from modelvane.config import Config

            config = Config.load(settings.config)
            name = roll_back(settings.models, config, settings.dataset, options.monitor)
            print(f"{name} answers again, and the monitor compares with its reference")
            return 0
        if options.initial:
            print(f"{initialise(settings)} answers")
            return 0
        outcome = retrain(settings)
    except NotYetError as error:
        outcome = {"promoted": False, "not_yet": True, "why": str(error)}
    except (ModelvaneError, VersionError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    conclude(outcome, settings, os.environ.get("MODELVANE_OUTCOME"))
    return 0


def conclude(outcome: dict[str, Any], settings: Settings, file: str | None) -> None:
    """Tell the outcome to whoever reads the last line, and to the monitor by its file; then remove old versions."""
    text = json.dumps(outcome)
    if file:
        part = Path(f"{file}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(file)
    print(text)
    # last: a folder that cannot be removed does not hide that another model answers
    Versions(settings.models).prune(settings.keep)


if __name__ == "__main__":
    sys.exit(main())
