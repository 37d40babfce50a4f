"""The whole picture with one command: data, model, reference, both services, a replayed month, late labels.

::

    python -m examples.taxi.demo          # until Ctrl-C
    python -m examples.taxi.demo --once   # a bounded replay, a summary, exit 0

Slow modules are imported where they are needed, so that Ctrl-C is heeded from the first moment on.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from examples.shared.interrupts import Interrupts
from examples.shared.speed import Speed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from rich.console import Console
    from rich.status import Status

    from examples.shared.processes import Children

TRAINING_MONTH = "2021-01"
DATASET = "taxi"
HOST = "127.0.0.1"

_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Demo:
    """One run of the demonstration.

    Parameters
    ----------
    options
        As :func:`parse` gives them.
    console
        Where everything is told.
    interrupts
        Already installed.
    """

    def __init__(self, options: argparse.Namespace, console: Console, interrupts: Interrupts) -> None:
        self._options = options
        self._console = console
        self._interrupts = interrupts
        self._speed = Speed.parse(options.speed)
        self._folder: Path = options.folder.resolve()
        self._monitor = f"http://{HOST}:{options.port}"
        self._service = f"http://{HOST}:{options.service_port}"

    def run(self) -> None:
        """Run until the end (``--once``) or until interrupted."""
        from examples.shared.processes import Children, require_free_port

        options = self._options
        require_free_port("monitor", HOST, options.port, "--port")
        require_free_port("prediction service", HOST, options.service_port, "--service-port")
        self._prepare_folder()
        trips = self._prepare()
        with Children(self._interrupts) as children:
            self._start(children)
            self._tell_where_to_look()
            self._replay(trips, children)
            if options.once:
                self._conclude(children)
            else:
                self._keep_serving(children)

    def _prepare_folder(self) -> None:
        log = self._folder / "log"
        if log.exists() and (self._options.fresh or self._options.once):
            shutil.rmtree(log)
        log.mkdir(parents=True, exist_ok=True)

    def _prepare(self) -> pa.Table:
        import pyarrow.parquet as pq

        from examples.taxi.model import DurationModel, build_reference_table
        from examples.taxi.trips import find_months, read_trips, within_month

        options, console = self._options, self._console
        months = find_months(
            [TRAINING_MONTH, options.month],
            console,
            synthetic_folder=self._folder / "synthetic",
            force_synthetic=options.synthetic,
        )
        training = read_trips(months.files[TRAINING_MONTH])
        with console.status("") as status:
            self._step(status, f"Training on {training.num_rows} trips of {TRAINING_MONTH}")
            DurationModel.fit(training).save(self._folder / "model.skops")
            self._step(status, "Predicting the same trips out of fold, as the reference")
            pq.write_table(build_reference_table(training), self._folder / "reference.parquet")
        self._write_config()
        trips = within_month(read_trips(months.files[options.month]), options.month)
        return trips.slice(0, options.trips)

    def _write_config(self) -> None:
        import yaml

        config = yaml.safe_load(Path(__file__).with_name("config.yaml").read_text())
        config["service"] |= {
            "host": HOST,
            "port": self._options.port,
            "store": f"sqlite:///{self._folder / 'log' / 'taxi.db'}",
        }
        text = "# Written by examples.taxi.demo at each start.\n" + yaml.safe_dump(config, sort_keys=False)
        (self._folder / "config.yaml").write_text(text)

    def _start(self, children: Children) -> None:
        config, model = self._folder / "config.yaml", self._folder / "model.skops"
        monitor = ["modelvane", "serve", f"--config={config}"]
        service = ["examples.taxi.service", f"--host={HOST}", f"--port={self._options.service_port}"]
        service += [f"--model={model}", f"--monitor={self._monitor}"]
        service += [f"--reference={self._folder / 'reference.parquet'}"]
        with self._console.status("") as status:
            for name, command, log, ready in (
                ("monitor", monitor, "monitor.log", f"{self._monitor}/readyz"),
                ("prediction service", service, "service.log", f"{self._service}/healthz"),
            ):
                self._step(status, f"Starting the {name}")
                children.start(name, [sys.executable, "-m", *command], self._folder / log, ready=ready)

    def _tell_where_to_look(self) -> None:
        self._console.print("\n[bold]Look here[/]")
        self._console.print(
            f"  live page      {self._monitor}/\n"
            f"  metrics        {self._monitor}/metrics\n"
            f"  its API        {self._monitor}/docs\n"
            f"  predictions    {self._service}/predict\n"
            f"  config, logs   {self._folder}\n",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    def _replay(self, trips: pa.Table, children: Children) -> None:
        import requests

        from examples.shared.replay import wait_until_logged
        from examples.taxi.replay import Replay

        options = self._options
        self._console.print(f"Replaying {trips.num_rows} trips of {options.month} at {options.speed}")
        replay = Replay(self._service, self._monitor, dataset=DATASET, speed=self._speed)
        try:
            totals = replay.run(trips, self._console, check=children.check)
            wait_until_logged(f"{self._service}/healthz", check=children.check)
        except requests.RequestException:
            time.sleep(0.5)  # a dying child drops its connections a little before it is dead
            children.check()
            raise
        self._console.print(
            f"{totals.predicted} predicted, {totals.refused} refused; {totals.labelled} labels came late, "
            f"{totals.never} never come"
        )

    def _conclude(self, children: Children) -> None:
        from examples.shared.summary import fetch_findings, print_summary, require_drift

        findings = fetch_findings(self._monitor, DATASET, since=time.time(), check=children.check)
        print_summary(findings, self._console)
        require_drift(findings)
        self._console.print("The nightly report of these trips: make demo-batch", highlight=False)

    def _keep_serving(self, children: Children) -> NoReturn:
        self._console.print("The replay is over; both services go on until Ctrl-C.")
        while True:
            children.check()
            time.sleep(0.5)

    def _step(self, status: Status, text: str) -> None:
        self._interrupts.check()
        if self._console.is_terminal:
            status.update(text)
        else:
            self._console.print(text)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; what was not given follows from ``--once``.

    >>> parse(["--once"]).trips, parse([]).speed
    (12000, '100/s')
    """
    parser = argparse.ArgumentParser(
        prog="python -m examples.taxi.demo", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--once", action="store_true", help="replay a bounded number of trips, sum up and exit"
    )
    parser.add_argument("--trips", type=int, help="trips to replay (12000 with --once, otherwise the month)")
    parser.add_argument("--speed", help="50/s, 600x (times real time) or max (100/s; max with --once)")
    parser.add_argument("--month", default="2022-01", help="the month to replay (%(default)s)")
    parser.add_argument("--port", type=int, default=8085, help="of the monitor (%(default)s)")
    parser.add_argument("--service-port", type=int, default=9696, help="of the service (%(default)s)")
    parser.add_argument(
        "--folder", type=Path, default=Path(".modelvane/demo"), help="of the run (%(default)s)"
    )
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs' log; --once always does")
    parser.add_argument(
        "--synthetic", action="store_true", help="invent the trips even if real ones are there"
    )
    options = parser.parse_args(arguments)
    if options.trips is None and options.once:
        options.trips = 12_000
    options.speed = options.speed or ("max" if options.once else "100/s")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration and return the exit code."""
    interrupts = Interrupts()
    interrupts.install()
    try:
        options = parse(arguments)
        from rich.console import Console

        # A pipe has no width of its own; 80 columns would break the summary's words.
        return _run(options, Console(width=None if sys.stdout.isatty() else 120), interrupts)
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(options: argparse.Namespace, console: Console, interrupts: Interrupts) -> int:
    import requests

    from modelvane.errors import ModelvaneError

    try:
        Demo(options, console, interrupts).run()
    except KeyboardInterrupt:
        console.print("Interrupted; everything is stopped.")
        return _INTERRUPTED
    except (ModelvaneError, requests.RequestException, OSError) as error:
        if interrupts.struck:
            return _INTERRUPTED
        console.print(f"[bold red]The demo failed.[/] {type(error).__name__}", highlight=False)
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1
    except Exception:
        if interrupts.struck:  # some C extensions turn an interrupt into an error of their own
            return _INTERRUPTED
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
