"""What every detector found: delays by fault, and how often it alarmed on nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bench.faults.cases import Case
from bench.faults.looks import first_alarms
from bench.faults.tuning import exceeding, thresholds

from modelvane.calibration.lines import OVERLAP
from modelvane.settings import BUDGET

ANY = "any"
SHOWN_BY_MEASURE = frozenset({"concept", "multivariate"})
"""Families whose measures look for different things, and stand by themselves."""
OWN_NAMES = {"quality/outlier_share": "outliers"}


@dataclass(frozen=True)
class Found:
    """What one detector found in one dataset.

    Parameters
    ----------
    detector
        Its name; ours begin with ``modelvane``.
    rule
        ``budget`` (ours), ``tuned`` (as seldom as ours) or ``own`` (the peer's default).
    alarms, windows
        How many of the windows without a fault alarmed.
    delays
        By the key of the case, the rows of each run; infinite where it was not found.
    """

    detector: str
    rule: str
    alarms: int
    windows: int
    delays: Mapping[str, Sequence[float]]

    def median(self, case: Case, runs: int | None = None) -> float | None:
        """Give the median of the rows until it is found, of the first so many runs; ``None`` where it was not run."""
        delays = self.delays.get(case.key, ())[:runs]
        if not delays:
            return None
        # the mean of a delay and of never is never
        ordered = sorted(delays)
        return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2

    def share(self, case: Case) -> float:
        """Give the share of the runs in which it was found at all."""
        return float(np.isfinite(self.delays[case.key]).mean())


def ours(watched: Mapping[str, Any]) -> Iterator[Found]:
    """Give what the watch found as a whole, and family by family, as the findings name them."""
    undrifted: list[list[str]] = watched["undrifted"]
    runs: Mapping[str, list[dict[str, int]]] = watched["delays"]
    everything = {name for found in undrifted for name in found}
    everything |= {name for found in runs.values() for run in found for name in run}
    by_group: dict[str, set[str]] = defaultdict(set)
    for name in everything:
        by_group[ANY].add(name)
        by_group[_group(name)].add(name)
    for group, names in sorted(by_group.items()):
        yield Found(
            "modelvane" if group == ANY else f"modelvane {group}",
            "budget",
            sum(1 for found in undrifted if names & {*found}),
            len(undrifted),
            {case: [_first(run, names) for run in found] for case, found in runs.items()},
        )


def _first(run: Mapping[str, int], names: Iterable[str]) -> float:
    return min((float(run[name]) for name in names if name in run), default=float("inf"))


def _group(name: str) -> str:
    family, measure, _ = name.split("/", 2)
    return OWN_NAMES.get(f"{family}/{measure}") or (measure if family in SHOWN_BY_MEASURE else family)


def rate_of(whole: Found) -> float:
    """Give the share of windows that a peer may alarm on: what ours measured, and no less than what ours promises."""
    return max(whole.alarms / whole.windows, BUDGET / OVERLAP)


def peers(folder: Path, rate: float) -> Iterator[Found]:
    """Give what the peers found that were run, at a rate and by their own rules."""
    for undrifted in sorted(folder.glob("*/undrifted.npz")):
        yield from _scored(undrifted.parent, rate)
    for path in sorted(folder.glob("river-*.json")):
        kept = json.loads(path.read_text())
        for rule, (alarms, windows) in kept["undrifted"].items():
            delays = {
                case: [float("inf") if one is None else one for one in by_rule[rule]]
                for case, by_rule in kept["delays"].items()
            }
            yield Found(path.stem, rule, alarms, windows, delays)


def earlier(
    kept: Mapping[str, Any], chosen: Sequence[Case], rate: float, known: Collection[str]
) -> Iterator[Found]:
    """Give what peers found that were not run again, from the page's twin: runs are drawn alike every time.

    Parameters
    ----------
    kept
        What the twin has of the dataset.
    rate
        At which peers are tuned now: what was tuned to another one is no comparison.
    known
        Peers that were run again.
    """
    same = {case.key for case in chosen if kept["faults"].get(case.key) == str(case.fault)}
    for one in kept["detectors"]:
        is_peer = one["rule"] == "own" or (one["rule"] == "tuned" and kept["rate"] == rate)
        if is_peer and one["detector"] not in known:
            delays = {
                case: [float("inf") if rows is None else rows for rows in found]
                for case, found in one["delays"].items()
                if case in same
            }
            yield Found(one["detector"], one["rule"], *one["undrifted"], delays)


def _scored(folder: Path, rate: float) -> Iterator[Found]:
    with np.load(folder / "undrifted.npz") as kept:
        undrifted, own = kept["scores"], kept["own"]
    limits = thresholds(undrifted, rate)
    tuned_delays, own_delays = {}, {}
    for path in sorted(folder.glob("*-*.npz")):
        with np.load(path) as kept:
            tuned_delays[path.stem] = first_alarms(exceeding(kept["scores"], limits)).tolist()
            own_delays[path.stem] = first_alarms(kept["own"][:OWN_RUNS]).tolist()
    yield Found(folder.name, "tuned", int(exceeding(undrifted, limits).sum()), len(undrifted), tuned_delays)
    # one that has no rule of its own says always
    if not own.all():
        yield Found(folder.name, "own", int(own.sum()), len(own), own_delays)


OWN_RUNS = 3
