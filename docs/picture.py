"""Draws docs/images/live-page.png and report.png: live page and report of the taxi example, over invented trips.

::

    python -m docs.picture

No service is started and no port is opened: a monitor is given the trips that `examples.taxi.synthetic` makes (the
same ones every time), its page is written to a file, and Chromium takes the picture; the report is of the week around
the turn of the year. What the trips have in store is said in that module: in 2022 the kind of trip, two zones and the
pace of the traffic change.
"""

from __future__ import annotations

import itertools
import math
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from examples.shared.lateness import Label, LateLabels, Lateness
from examples.taxi.model import DurationModel
from examples.taxi.synthetic import write_month
from examples.taxi.trips import FEATURE_COLUMNS, read_trips

from modelvane import Findings, Monitor
from modelvane.batch import judge
from modelvane.catalogue import titles
from modelvane.config import Config
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.monitor import WindowTally
from modelvane.references import load_reference
from modelvane.report.distribution import distribution
from modelvane.report.document import render_report
from modelvane.service.page import DatasetView, ServiceState, render_dataset, shown_columns, static
from modelvane.service.views import window_text

ROOT = Path(__file__).resolve().parent.parent
LIVE_PAGE, REPORT = (ROOT / "docs" / "images" / name for name in ("live-page.png", "report.png"))
WIDTH = 1200
HEIGHTS = {LIVE_PAGE: 1314, REPORT: 1290}
QUIET, DRIFTED = 9_000, 4_000
ROUND = 250
STATIC = ("base.css", "page.css", "charts.css", "page.js", "vane.svg")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class Replay:
    """Trips given to a monitor in time order, their labels as they become known; the stream's time is the clock."""

    def __init__(self, config: Config) -> None:
        self.now = 0.0
        self.history: list[Findings] = []
        reference = load_reference(config, "taxi")
        self.monitor = Monitor("taxi", reference, config.settings("taxi"), clock=lambda: self.now)
        self._late = LateLabels()

    def run(self, trips: pa.Table) -> WindowTally:
        """Give all trips, evaluate after every `ROUND` of them, and give the last window."""
        delays = Lateness().draw(trips.num_rows)
        for first in range(0, trips.num_rows, ROUND):
            part = trips.slice(first, ROUND)
            times = part["lpep_pickup_datetime"].to_numpy().astype("datetime64[us]").astype(np.int64) / 1e6
            self.now = float(times[-1])
            ids = [f"trip-{number}" for number in range(first, first + part.num_rows)]
            self.monitor.push(part.drop_columns("duration"), ids=ids, received=times)
            durations = part["duration"].to_numpy()
            due = times + 60 * durations + delays[first : first + ROUND]
            for one in zip(due.tolist(), ids, durations.tolist(), strict=True):
                if not math.isnan(one[0]):
                    self._late.add(Label(*one))
            known = self._late.take_due(self.now)
            self.monitor.label(
                [one.id for one in known], [one.target for one in known], [one.due for one in known]
            )
            findings, window = self.monitor.measure()
            self.history.append(findings)
        return window


def replay(folder: Path) -> tuple[Replay, pa.Table]:
    """Train on an invented January 2021, refer to November; give the end of December and the start of 2022."""

    def month(name: str) -> pa.Table:
        trips = read_trips(write_month(name, folder))
        features = trips.select(list(FEATURE_COLUMNS)).to_pylist()
        trips = trips.append_column("prediction", pa.array(model.predict(features)))
        return trips.append_column("model_version", pa.repeat("2021-01", trips.num_rows))

    model = DurationModel.fit(read_trips(write_month("2021-01", folder)))
    # beside it are the weights that the config explains predictions by
    model.save(folder / "model.skops")
    reference = month("2021-11")
    names = ["target" if name == "duration" else name for name in reference.column_names]
    pq.write_table(reference.rename_columns(names), folder / "reference.parquet")
    quiet, drifted = month("2021-12"), month("2022-01")
    settings = yaml.safe_load((ROOT / "examples" / "taxi" / "config.yaml").read_text(encoding="utf-8"))
    settings["service"]["store"] = "sqlite://"
    watched = Replay(Config.of(settings, folder))
    return watched, pa.concat_tables([quiet.slice(quiet.num_rows - QUIET), drifted.slice(0, DRIFTED)])


def view_of(watched: Replay, window: WindowTally) -> DatasetView:
    """Give what the page shows."""
    findings, monitor = watched.history[-1], watched.monitor
    tallies = {**window.rows.columns, **window.labelled.columns}
    reference = monitor.reference.tally.columns
    return DatasetView(
        name=monitor.dataset,
        findings=findings,
        history=watched.history,
        distributions=[
            distribution(name, reference[name], tallies[name]) for name in shown_columns(findings)
        ],
        service=ServiceState(
            rows_accepted=QUIET + DRIFTED, window=window_text(monitor.settings.window), queue_rows=0
        ),
    )


def report_of(watched: Replay, trips: pa.Table) -> str:
    """Give the report of the trips around the turn of the year."""
    names = ["target" if name == "duration" else name for name in trips.column_names]
    source = TableSource(trips.slice(QUIET - DRIFTED).rename_columns(names), name="the log of taxi")
    counted = count(source, watched.monitor.reference, now=watched.now)
    return render_report(judge("taxi", watched.monitor.reference, counted, watched.monitor.settings))


def photograph(page: str, folder: Path, picture: Path) -> None:
    """Write the page and its style into a folder, and take a picture of its first screen."""
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
    if browser is None:
        raise SystemExit("The picture needs Chromium: apt-get install chromium")
    (folder / "static").mkdir(exist_ok=True)
    for name in STATIC:
        (folder / "static" / name).write_bytes(static(name).content)
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    picture.parent.mkdir(exist_ok=True)
    flags = [*FLAGS, f"--user-data-dir={folder / 'chromium'}", f"--window-size={WIDTH},{HEIGHTS[picture]}"]
    subprocess.run(  # noqa: S603 - a browser and our own page
        [browser, *flags, f"--screenshot={picture}", file.as_uri()], check=True, capture_output=True
    )


def main() -> None:
    """Draw the pictures, and say how large they are."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        watched, trips = replay(folder)
        view = view_of(watched, watched.run(trips))
        photograph(render_dataset(view, titles=titles(), root="."), folder, LIVE_PAGE)
        photograph(report_of(watched, trips), folder, REPORT)
    verdicts = [key.value for key, _ in itertools.groupby(findings.verdict for findings in view.history)]
    print(f"verdicts of the live page: {', '.join(verdicts)}")
    for picture in HEIGHTS:
        print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
