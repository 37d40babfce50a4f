"""The recommender watched with one command: a shop's first months, and its last ones as traffic with late purchases.

::

    python -m examples.reco.demo          # until Ctrl-C
    python -m examples.reco.demo --once   # a bounded replay, a summary, exit 0

Slow modules are imported where they are needed, so that Ctrl-C is heeded from the first moment on.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from examples.shared import demo as shared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from examples.reco.visits import Question

_VISITS = 2_500
_SUMMED_UP = (
    ("catalogue_coverage", None),
    ("exposure_gini", None),
    ("fallback_share", None),
    ("unknown_share", None),
    ("empty_share", None),
    ("repeat_share", None),
    ("hit_rate", "5"),
    ("mean_average_precision", "5"),
    ("ndcg", "5"),
)


class Demo(shared.Demo):
    """One run of the demonstration."""

    dataset = "reco"
    health = "/"
    routes = "/docs"

    def prepare(self) -> list[Question]:
        """Train on the months before September, answer the summer by a model of spring; give the rest as questions."""
        import pyarrow.parquet as pq

        from examples.reco.find import find_purchases
        from examples.reco.model import Recommender
        from examples.reco.purchases import Purchases, read_lines
        from examples.reco.reference import TRAFFIC_FROM, before, build_reference
        from examples.reco.visits import questions
        from examples.shared.identity import identity_of

        found = find_purchases(
            self.console,
            synthetic_folder=self.folder / "synthetic",
            force_synthetic=self.options.synthetic,
        )
        lines = read_lines(found.path)
        file = self.folder / "model.npz"
        with self.console.status("") as status:
            self.step(status, f"Training on the purchases before {TRAFFIC_FROM:%B %Y}")
            model = Recommender.fit(Purchases.of(before(lines, TRAFFIC_FROM)))
            model.save(file)
            self.step(status, "Answering the summer by a model of the months before it, as the reference")
            version = identity_of("reco", file).version
            reference = build_reference(lines, version=version, check=self.check)
            pq.write_table(reference, self.folder / "reference.parquet")
            self.step(status, "Looking for the visits of the last months")
            ends: dt.datetime = lines["InvoiceDate"][-1].as_py() + dt.timedelta(minutes=1)
            return questions(lines, TRAFFIC_FROM, ends, most=self.options.visits)

    def service_options(self) -> Sequence[str]:
        """Name the model and the reference."""
        return (f"--model={self.folder / 'model.npz'}", f"--reference={self.folder / 'reference.parquet'}")

    def replay(self, past: list[Question], check: Callable[[], None]) -> None:
        """Ask, and tell what was bought a week later."""
        from examples.reco.replay import Replay

        since, until = (f"{one.at:%-d %B %Y}" for one in (past[0], past[-1]))
        self.console.print(
            f"Replaying {len(past)} questions of {since} to {until} at {self.options.speed}", highlight=False
        )
        replay = Replay(self.service, self.monitor, dataset=self.dataset, speed=self.speed)
        totals = replay.run(past, self.console, check=check)
        self.console.print(
            f"{totals.answered} answered, {totals.unknown} for ids that nobody has; {totals.labelled} times it was "
            f"told what was bought, {totals.never} times never"
        )

    def conclude(self, findings: dict[str, Any]) -> None:
        """Print what drifted, and the measures of answers beside the reference's."""
        from examples.reco.summary import print_answers
        from examples.shared.summary import print_summary, require_drift

        print_summary(findings, self.console)
        print_answers(findings, self.console, _SUMMED_UP)
        require_drift(findings)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; what was not given follows from ``--once``.

    >>> parse(["--once"]).visits, parse([]).visits
    (2500, None)
    """
    parser = argparse.ArgumentParser(
        prog="python -m examples.reco.demo", description=(__doc__ or "").partition("\n")[0]
    )
    shared.add_options(parser, service_port=9697, folder=Path(".modelvane/reco"))
    parser.add_argument(
        "--visits",
        type=int,
        help=f"visits to replay, evenly over the months ({_VISITS} with --once, otherwise all)",
    )
    options = shared.parsed(parser, arguments)
    if options.visits is None and options.once:
        options.visits = _VISITS
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration and return the exit code."""
    return shared.main(Demo, parse, arguments)


if __name__ == "__main__":
    sys.exit(main())
