"""The nightly flow over what the demo logged: late labels, findings, a report.

::

    python -m examples.taxi.nightly                    # all that was logged, as one period
    python -m examples.taxi.nightly --day 2022-01-03   # as the flow of the night after would

It needs no Prefect server: without PREFECT_API_URL Prefect starts one for as long as the run takes.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from examples.taxi import demo

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

_DAY = timedelta(days=1)


def predict(reference: pa.Table) -> pa.ChunkedArray:
    """Predict the reference's trips, as `model:` of the config asks for: out of fold, as the demo does.

    Parameters
    ----------
    reference
        The columns of January 2021, without predictions.
    """
    from examples.taxi.model import build_reference_table

    return build_reference_table(reference.append_column("duration", reference["target"]))["prediction"]


def write_config(folder: Path) -> Path:
    """Write the flow's config and reference beside those of the demo, and give the config's path.

    The reference is January without predictions: the flow runs the model over it.
    """
    import pyarrow.parquet as pq
    import yaml

    pq.write_table(
        pq.read_table(folder / "reference.parquet").drop_columns(["prediction"]), folder / "january.parquet"
    )
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["datasets"][demo.DATASET] |= {
        "reference_file": "january.parquet",
        "model": "examples.taxi.nightly:predict",
    }
    config["batch"] = {"period": "1d", "delay": "1h", "output": "reports", "schedule": "0 6 * * *"}
    path = folder / "nightly.yaml"
    path.write_text("# Written by examples.taxi.nightly.\n" + yaml.safe_dump(config, sort_keys=False))
    return path


def logged_days(config: Path) -> tuple[datetime, datetime]:
    """Give the midnights before the first and after the last logged trip, in UTC."""
    from contextlib import closing

    from modelvane.config import Config
    from modelvane.engines.log import LogSource
    from modelvane.errors import StoreError
    from modelvane.store import open_log

    with closing(open_log(Config.load(config).store_url, read_only=True)) as log:
        schema = log.datasets()[demo.DATASET]
        log.open(demo.DATASET, schema)
        period = LogSource(log, demo.DATASET).period(schema)
    if period is None:
        raise StoreError("The demo's log has no trips", remedy="Run the demo again: make demo ARGS=--once")
    first, last = (
        datetime.fromtimestamp(at / 1e6, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        for at in period
    )
    return first, last + _DAY


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.taxi.nightly", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--folder", type=Path, default=Path(".modelvane/demo"), help="of the demo (%(default)s)"
    )
    parser.add_argument(
        "--day",
        type=datetime.fromisoformat,
        help="a single day, as in 2022-01-03; all that was logged otherwise",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the flow, after a bounded replay if the demo has logged nothing yet, and return the exit code."""
    options = parse(arguments)
    folder: Path = options.folder.resolve()
    if not (folder / "log" / "taxi.db").exists():
        print("The demo has logged nothing yet: replaying some trips first (make demo ARGS=--once)")
        if code := demo.main(["--once", f"--folder={folder}"]):
            return code
    _prepare_prefect(folder)
    from modelvane.errors import ModelvaneError

    try:
        config = write_config(folder)
        since, until = logged_days(config)
        if options.day is not None:
            since = options.day.replace(tzinfo=UTC)
            until = since + _DAY
        from modelvane.flows import batch_watch

        watched = batch_watch(config=config, since=since, until=until)
    except ModelvaneError as error:
        print(f"The nightly flow failed. {error}", file=sys.stderr)
        return 1
    print(f"Report: {watched.html}")
    return 0


def _prepare_prefect(folder: Path) -> None:
    """Let Prefect keep the run in the demo's folder, unless there is a server; it reads this when it is imported."""
    if "PREFECT_API_URL" not in os.environ:
        os.environ.setdefault("PREFECT_HOME", str(folder / "prefect"))
        os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    os.environ.setdefault("DO_NOT_TRACK", "1")


if __name__ == "__main__":
    sys.exit(main())
