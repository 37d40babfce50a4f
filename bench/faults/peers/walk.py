"""Past every run with a peer: the scores of its windows until it has alarmed, kept as arrays.

Called as ``python -m bench.faults.peers.NAME FOLDER RUNS [PEER ...]``, in an interpreter that has the peer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd
from bench.faults.looks import LOOKS, ROWS, WINDOW
from bench.faults.tuning import exceeding, thresholds
from numpy.typing import NDArray

STRICT = 1e-5
"""Nobody is tuned to fewer alarms than this, so that what follows an alarm at this rate need not be scored."""
OWN_RUNS = 3
"""Runs of a fault that are walked on until the peer's own rule has alarmed, too."""


@dataclass(frozen=True)
class Watched:
    """What a peer knows of a dataset.

    Parameters
    ----------
    reference
        Its rows; numbers as floats, categories as text.
    numerical, categorical
        Features; the prediction is another number.
    target
        Its column is of text where ``classes`` is set, otherwise of numbers.
    """

    reference: pd.DataFrame
    numerical: Sequence[str]
    categorical: Sequence[str]
    target: str
    classes: bool

    @property
    def numbers(self) -> list[str]:
        """Every column of numbers."""
        return [*self.numerical, "prediction", *([] if self.classes else [self.target])]

    @property
    def categories(self) -> list[str]:
        """Every column of categories."""
        return [*self.categorical, *([self.target] if self.classes else [])]


class Scorer(Protocol):
    """A peer, made for one reference.

    Parameters
    ----------
    name
        By which the table knows it.
    most_runs
        Of each fault; slow ones see fewer.
    kinds
        Names of the faults that it sees begin with one of these.
    undrifted
        Windows that its thresholds are tuned on.
    together
        Windows that are scored in one call.
    """

    name: ClassVar[str]
    most_runs: ClassVar[int]
    kinds: ClassVar[tuple[str, ...]]
    undrifted: ClassVar[int]
    together: ClassVar[int]

    def look(self, windows: Sequence[pd.DataFrame]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Give the scores of windows, shape ``(windows, scores)``, and which alarm by the peer's own rule."""


def main(*kinds: Callable[[Watched], Scorer]) -> None:
    """Walk with every kind, or with those that the command line names."""
    folder, runs, names = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    plan = json.loads((folder / "plan.json").read_text())
    watched = Watched(pd.read_parquet(folder / "reference.parquet"), **plan["columns"])
    for kind in kinds:
        # a class knows its name before it is made, which may take long
        if not names or kind.name in names:
            Walk(folder, kind(watched), runs).through(plan["cases"])


class Walk:
    """One peer, past all runs of a dataset.

    Parameters
    ----------
    folder
        Of the dataset.
    scorer
        The peer.
    runs
        Of each fault, at most.
    """

    def __init__(self, folder: Path, scorer: Scorer, runs: int) -> None:
        self._folder = folder
        self._scorer = scorer
        self._runs = min(runs, scorer.most_runs)
        self._found = folder / "found" / scorer.name
        self._found.mkdir(parents=True, exist_ok=True)

    def through(self, cases: Sequence[str]) -> None:
        """Score what has not been scored yet."""
        limits = thresholds(self._undrifted(), STRICT)
        for case in cases:
            if not case.startswith(self._scorer.kinds):
                continue
            path = self._found / f"{case}.npz"
            known = _known(path)
            if len(known["scores"]) < self._runs:
                rows = pd.read_parquet(self._folder / f"{case}.parquet")
                found = [
                    self._run(rows.iloc[run * ROWS : (run + 1) * ROWS], limits, both=run < OWN_RUNS)
                    for run in range(len(known["scores"]), self._runs)
                ]
                scores, own = zip(*found, strict=True)
                np.savez(
                    path,
                    scores=np.concatenate([known["scores"].reshape(-1, *scores[0].shape), scores]),
                    own=np.concatenate([known["own"].reshape(-1, len(LOOKS)), own]),
                )

    def _undrifted(self) -> NDArray[np.float64]:
        path = self._found / "undrifted.npz"
        if not path.exists():
            pool = pd.read_parquet(self._folder / "pool.parquet")
            drawn = np.load(self._folder / "undrifted.npy")[: self._scorer.undrifted]
            found = []
            for start in range(0, len(drawn), self._scorer.together):
                part = drawn[start : start + self._scorer.together]
                found.append(self._scorer.look([pool.iloc[rows].reset_index(drop=True) for rows in part]))
            scores, own = zip(*found, strict=True)
            np.savez(path, scores=np.concatenate(scores), own=np.concatenate(own))
        return np.asarray(np.load(path)["scores"])

    def _run(
        self, rows: pd.DataFrame, limits: NDArray[np.float64], *, both: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        scores = np.full((len(LOOKS), len(limits)), np.nan)
        own = np.zeros(len(LOOKS), bool)
        for start in range(0, len(LOOKS), self._scorer.together):
            looks = slice(start, start + self._scorer.together)
            windows = [rows.iloc[look : look + WINDOW].reset_index(drop=True) for look in LOOKS[looks]]
            scores[looks], own[looks] = self._scorer.look(windows)
            if (own.any() or not both) and exceeding(scores, limits).any():
                break
        return scores, own


def _known(path: Path) -> dict[str, NDArray[np.float64]]:
    if not path.exists():
        return {"scores": np.empty(0), "own": np.empty(0, bool)}
    with np.load(path) as kept:
        return dict(kept)
