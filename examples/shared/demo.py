"""What every demonstration does: data, model, reference, both services, a replayed past, and a summary or Ctrl-C.

Slow modules are imported where they are needed, so that Ctrl-C is heeded from the first moment on.
"""

from __future__ import annotations

import shutil
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from examples.shared.interrupts import Interrupts
from examples.shared.speed import Speed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from rich.console import Console
    from rich.status import Status

    from examples.shared.processes import Children

HOST = "127.0.0.1"

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Demo(ABC):
    """One run of a demonstration.

    Parameters
    ----------
    options
        As :func:`add_options` has them, and whatever the demonstration adds.
    console
        Where everything is told.
    interrupts
        Already installed.
    """

    dataset: str
    """The monitor's name for the predictions; the package of the example, too."""
    health: str
    """Path of the prediction service's health."""
    routes: str
    """Where to ask it, for people."""

    def __init__(self, options: argparse.Namespace, console: Console, interrupts: Interrupts) -> None:
        self.options = options
        self.console = console
        self.speed = Speed.parse(options.speed)
        self.folder: Path = options.folder.resolve()
        self.monitor = f"http://{HOST}:{options.port}"
        self.service = f"http://{HOST}:{options.service_port}"
        self._interrupts = interrupts

    @abstractmethod
    def prepare(self) -> Any:
        """Find the data, train the model, write the reference; give what is to be replayed."""

    @abstractmethod
    def replay(self, past: Any, check: Callable[[], None]) -> None:
        """Replay the past, and tell what became of it."""

    @abstractmethod
    def service_options(self) -> Sequence[str]:
        """Give the options of the prediction service that name its model."""

    @abstractmethod
    def conclude(self, findings: dict[str, Any]) -> None:
        """Sum up."""

    def run(self) -> None:
        """Run until the end (``--once``) or until interrupted."""
        from examples.shared.processes import Children, require_free_port

        options = self.options
        require_free_port("monitor", HOST, options.port, "--port")
        require_free_port("prediction service", HOST, options.service_port, "--service-port")
        self._prepare_folder()
        past = self.prepare()
        self._write_config()
        with Children(self._interrupts) as children:
            self._start(children)
            self._tell_where_to_look()
            self._replay(past, children)
            if options.once:
                self._conclude(children)
            else:
                self._keep_serving(children)

    def step(self, status: Status, text: str) -> None:
        """Tell what is done next."""
        self.check()
        if self.console.is_terminal:
            status.update(text)
        else:
            self.console.print(text)

    def check(self) -> None:
        """Raise if an interrupt is waiting."""
        self._interrupts.check()

    def _prepare_folder(self) -> None:
        log = self.folder / "log"
        if log.exists() and (self.options.fresh or self.options.once):
            shutil.rmtree(log)
        log.mkdir(parents=True, exist_ok=True)

    def _write_config(self) -> None:
        import yaml

        source = Path(__file__).parents[1] / self.dataset / "config.yaml"
        config = yaml.safe_load(source.read_text())
        config["service"] |= {
            "host": HOST,
            "port": self.options.port,
            "store": f"sqlite:///{self.folder / 'log' / f'{self.dataset}.db'}",
        }
        text = f"# Written by examples.{self.dataset}.demo at each start.\n"
        (self.folder / "config.yaml").write_text(text + yaml.safe_dump(config, sort_keys=False))

    def _start(self, children: Children) -> None:
        monitor = ["modelvane", "serve", f"--config={self.folder / 'config.yaml'}"]
        service = [
            f"examples.{self.dataset}.service",
            f"--host={HOST}",
            f"--port={self.options.service_port}",
        ]
        service += [*self.service_options(), f"--monitor={self.monitor}"]
        with self.console.status("") as status:
            for name, command, log, ready in (
                ("monitor", monitor, "monitor.log", f"{self.monitor}/readyz"),
                ("prediction service", service, "service.log", f"{self.service}{self.health}"),
            ):
                self.step(status, f"Starting the {name}")
                children.start(name, [sys.executable, "-m", *command], self.folder / log, ready=ready)

    def _tell_where_to_look(self) -> None:
        self.console.print("\n[bold]Look here[/]")
        self.console.print(
            f"  live page      {self.monitor}/\n"
            f"  metrics        {self.monitor}/metrics\n"
            f"  its API        {self.monitor}/docs\n"
            f"  predictions    {self.service}{self.routes}\n"
            f"  config, logs   {self.folder}\n",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    def _replay(self, past: Any, children: Children) -> None:
        import requests

        from examples.shared.replay import wait_until_logged

        try:
            self.replay(past, children.check)
            wait_until_logged(f"{self.service}{self.health}", check=children.check)
        except requests.RequestException:
            time.sleep(0.5)  # a dying child drops its connections a little before it is dead
            children.check()
            raise

    def _conclude(self, children: Children) -> None:
        from examples.shared.summary import fetch_findings

        self.conclude(fetch_findings(self.monitor, self.dataset, since=time.time(), check=children.check))

    def _keep_serving(self, children: Children) -> NoReturn:
        self.console.print("The replay is over; both services go on until Ctrl-C.")
        while True:
            children.check()
            time.sleep(0.5)


def add_options(parser: argparse.ArgumentParser, *, service_port: int, folder: Path) -> None:
    """Add the options that every demonstration has."""
    parser.add_argument("--once", action="store_true", help="replay a bounded part, sum up and exit")
    parser.add_argument("--speed", help="50/s, 600x (times real time) or max (100/s; max with --once)")
    parser.add_argument("--port", type=int, default=8085, help="of the monitor (%(default)s)")
    parser.add_argument("--service-port", type=int, default=service_port, help="of the service (%(default)s)")
    parser.add_argument("--folder", type=Path, default=folder, help="of the run (%(default)s)")
    parser.add_argument("--fresh", action="store_true", help="forget earlier runs' log; --once always does")
    parser.add_argument(
        "--synthetic", action="store_true", help="invent the data even if the real ones are there"
    )


def parsed(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; the speed follows from ``--once`` where it was not given."""
    options = parser.parse_args(arguments)
    options.speed = options.speed or ("max" if options.once else "100/s")
    return options


def main(
    demo: type[Demo],
    parse: Callable[[Sequence[str] | None], argparse.Namespace],
    arguments: Sequence[str] | None = None,
) -> int:
    """Run a demonstration and return the exit code."""
    interrupts = Interrupts()
    interrupts.install()
    try:
        options = parse(arguments)
        from rich.console import Console

        # A pipe has no width of its own; 80 columns would break the summary's words.
        return _run(demo, options, Console(width=None if sys.stdout.isatty() else 120), interrupts)
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(demo: type[Demo], options: argparse.Namespace, console: Console, interrupts: Interrupts) -> int:
    import requests

    from modelvane.errors import ModelvaneError

    try:
        demo(options, console, interrupts).run()
    except KeyboardInterrupt:
        console.print("Interrupted; everything is stopped.")
        return INTERRUPTED
    except (ModelvaneError, requests.RequestException, OSError) as error:
        if interrupts.struck:
            return INTERRUPTED
        console.print(f"[bold red]The demo failed.[/] {type(error).__name__}", highlight=False)
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1
    except Exception:
        if interrupts.struck:  # some C extensions turn an interrupt into an error of their own
            return INTERRUPTED
        raise
    return 0
