"""The page and its twin: every fault, every detector, losses included."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.faults.cases import Case
from bench.faults.looks import LOOKS
from bench.faults.results import Found

PAGE, TWIN = Path("docs/fault-table.md"), Path("docs/fault-table.json")
WITHIN = 1.2
FEWEST_RUNS = 3
"""Runs of a fault that it takes to be compared: one run's false alarm would be a delay."""
MARK = "<!-- the tables, written by `python -m bench faults` -->"


@dataclass(frozen=True)
class Line:
    """One fault, with the best of ours and the best peer.

    Parameters
    ----------
    ours, best
        Median of the rows until it was found, by us and by the best peer, both in the runs that this peer had; infinite
        for never.
    family, peer
        Who these are.
    """

    case: Case
    ours: float
    family: str
    best: float
    peer: str

    @property
    def ratio(self) -> float | None:
        """Ours by the best peer's; ``None`` where nobody finds it, infinite where only a peer does."""
        if math.isinf(self.ours) and math.isinf(self.best):
            return None
        return self.ours / self.best if math.isfinite(self.best) else 0.0


@dataclass(frozen=True)
class Compared:
    """Everything about one dataset.

    Parameters
    ----------
    rate
        Windows without a fault on which a tuned peer may alarm, of one.
    found
        The watch as a whole first, then by family, then peers.
    """

    dataset: str
    cases: Sequence[Case]
    rate: float
    found: Sequence[Found]

    @cached_property
    def whole(self) -> Found:
        """The watch, as whoever is on call sees it."""
        return self.found[0]

    def by(self, *rules: str) -> list[Found]:
        """Give the detectors of a rule, the watch as a whole first."""
        return [one for one in self.found if one.rule in rules]

    def lines(self) -> Iterator[Line]:
        """Compare every fault."""
        families = self.by("budget")[1:]
        for case in self.cases:
            tuned = [one for one in self.by("tuned") if len(one.delays.get(case.key, ())) >= FEWEST_RUNS]
            runs, best, peer = self._best(case, tuned)
            mine = self.whole.median(case, runs)
            assert mine is not None
            _, family = _least(case, families, runs)
            yield Line(case, mine, family.replace("modelvane ", ""), best, peer)

    def _best(self, case: Case, tuned: Sequence[Found]) -> tuple[int | None, float, str]:
        """Give the peers that leave us furthest behind, in the same runs: a run is early or late for every detector."""
        by_runs = [
            (runs, *_least(case, [one for one in tuned if len(one.delays[case.key]) == runs], runs))
            for runs in sorted({len(one.delays[case.key]) for one in tuned}, reverse=True)
        ]
        found = [each for each in by_runs if math.isfinite(each[1])]
        return max(found, key=lambda each: self._ratio(case, *each[:2]), default=(None, math.inf, ""))

    def _ratio(self, case: Case, runs: int, best: float) -> float:
        return (self.whole.median(case, runs) or 0.0) / best


def _least(case: Case, found: Iterable[Found], runs: int | None) -> tuple[float, str]:
    medians = [(one.median(case, runs), one.detector) for one in found]
    known = [(median, name) for median, name in medians if median is not None]
    least = min((median for median, _ in known), default=math.inf)
    return least, ", ".join(name for median, name in known if median == least) if math.isfinite(least) else ""


def write(compared: Sequence[Compared]) -> None:
    """Write the twin, and the tables into the page, whose prose stays as it is."""
    TWIN.write_text(json.dumps([_twin(one) for one in compared]) + "\n")
    before = PAGE.read_text().split(MARK)[0] if PAGE.exists() else "# Faults and detectors\n\n"
    parts = [part for one in compared for part in (f"## {one.dataset.capitalize()}", *_tables(one))]
    PAGE.write_text("\n\n".join([before.rstrip(), MARK, _summary(compared), *parts]) + "\n")


def _summary(compared: Sequence[Compared]) -> str:
    rows = []
    for one in compared:
        lines = list(one.lines())
        judged = [line.ratio for line in lines if line.ratio is not None]
        close = sum(ratio <= WITHIN for ratio in judged)
        alone = sum(ratio == 0 for ratio in judged)
        share = f"{close / len(judged):.0%}" if judged else ""
        cells = (len(lines), len(lines) - len(judged), f"{close} ({share})", alone, len(judged) - close)
        rows.append((one.dataset, *cells))
    within = f"within {WITHIN} x the best peer"
    head = ("rows", "faults", "found by nobody", within, "of these by us alone", "later than a peer")
    return _table(head, rows)


def _tables(one: Compared) -> Iterator[str]:
    runs, windows = _runs(one.whole), f"{1 / one.rate:,.0f}"
    yield f"{runs} runs of each fault; peers are tuned to one window without a fault of {windows}."
    yield "Rows until a fault is found, by us as a whole and by the best peer:"
    yield _table(("fault", "modelvane", "first", "best peer", "which", "ratio"), map(_compared, one.lines()))
    for rules, said in (
        (("budget",), "Ours, family by family:"),
        (("tuned",), "Peers, as seldom wrong as we are:"),
        (("own",), "Peers by their own rules:"),
    ):
        found = one.by(*rules)
        if found:
            yield said
            yield _table(("fault", *(_short(each) for each in found)), _every(one.cases, found))


def _compared(line: Line) -> tuple[str, ...]:
    ratio = "" if line.ratio is None else "alone" if not line.ratio else f"{line.ratio:.2f}"
    if ratio == "inf":
        ratio = "never"
    mark = "" if line.ratio is None or line.ratio <= WITHIN else "**"
    return (
        _name(line.case),
        _rows(line.ours),
        line.family,
        _rows(line.best),
        line.peer,
        f"{mark}{ratio}{mark}",
    )


def _every(cases: Sequence[Case], found: Sequence[Found]) -> Iterator[tuple[str, ...]]:
    yield "*windows without a fault that alarm*", *(f"{each.alarms} of {each.windows}" for each in found)
    yield "*runs of each fault*", *(_runs(each) for each in found)
    for case in cases:
        yield _name(case), *(_cell(each, case) for each in found)


def _runs(found: Found) -> str:
    counts = [len(delays) for delays in found.delays.values()] or [0]
    return f"{counts[0]}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def _cell(found: Found, case: Case) -> str:
    median = found.median(case)
    if median is None:
        return "not run"
    share = found.share(case)
    return _rows(median) + ("" if share in (0, 1) else f" ({share:.0%})")


def _rows(median: float) -> str:
    return f"{median:.0f}" if math.isfinite(median) else "–"


def _name(case: Case) -> str:
    return f"{case.kind}, {case.size}, {case.onset}"


def _short(found: Found) -> str:
    return found.detector.removeprefix("modelvane ") if found.detector != "modelvane" else "any alarm"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _twin(one: Compared) -> dict[str, object]:
    return {
        "dataset": one.dataset,
        "rate": one.rate,
        "looks": LOOKS,
        "faults": {case.key: str(case.fault) for case in one.cases},
        "detectors": [
            {
                "detector": found.detector,
                "rule": found.rule,
                "undrifted": [found.alarms, found.windows],
                "delays": {
                    case: [rows if math.isfinite(rows) else None for rows in delays]
                    for case, delays in found.delays.items()
                },
            }
            for found in one.found
        ],
    }
