"""River: change detectors that take one value after the other, on the model's errors and on columns of numbers.

They have no windows and no scores, but a parameter. It is tuned on an endless stream without a fault: false alarms by
parameter, where they are frequent enough to be counted, and the straight line of their logarithms beyond.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bench.faults.looks import LOOKS, ROWS, WINDOW, next_look
from bench.faults.peers.walk import Watched
from numpy.typing import NDArray
from river import drift
from river.drift import binary

OVERLAP = 10
"""False alarms of windows that overlap come in episodes; a stream's are counted one by one, and may be as many more."""
KNOWN = 3000
"""Rows of the reference that go before a run."""
FEWEST = 5
STREAM = 1_000_000

Values = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Kind:
    """One detector of river.

    Parameters
    ----------
    name
        By which the table knows it.
    make
        Gives a detector from its parameter.
    usual
        The parameter by default.
    ladder
        Parameters at which false alarms are counted.
    is_log
        Whether the logarithm of the rate is a straight line of the parameter's logarithm, or of the parameter itself.
    sees
        ``errors``, ``wrong`` (whether an error is a large one) or ``columns``.
    most_runs, stream
        Of each fault, and the rows it is tuned on; slow ones see fewer.
    """

    name: str
    make: Callable[[float], Any]
    usual: float
    ladder: Sequence[float]
    is_log: bool
    sees: str
    most_runs: int = 1000
    stream: int = STREAM


DELTAS = (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
KINDS = (
    Kind("river-adwin", lambda at: drift.ADWIN(delta=at), 0.002, DELTAS, is_log=True, sees="errors"),
    Kind("river-adwin-columns", lambda at: drift.ADWIN(delta=at), 0.002, DELTAS, is_log=True, sees="columns"),
    Kind(
        "river-page-hinkley",
        lambda at: drift.PageHinkley(threshold=at),
        50.0,
        (50.0, 100.0, 150.0, 200.0, 300.0, 400.0, 600.0),
        is_log=False,
        sees="errors",
    ),
    Kind(
        "river-kswin",
        lambda at: drift.KSWIN(alpha=at, seed=0),
        0.005,
        (0.01, 0.003, 0.001),
        is_log=True,
        sees="errors",
        most_runs=1,
        stream=20_000,
    ),
    Kind(
        "river-hddm-a",
        binary.HDDMA,
        0.001,
        (0.3, 0.2, 0.1, 0.05, 0.02, 0.01),
        is_log=True,
        sees="wrong",
    ),
    Kind(
        "river-hddm-w",
        binary.HDDMW,
        0.001,
        (0.3, 0.2, 0.1, 0.05, 0.02, 0.01),
        is_log=True,
        sees="wrong",
    ),
)


class Seen:
    """What detectors see of rows.

    Parameters
    ----------
    watched
        Whose reference says how large numbers and errors are.
    """

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        numbers = watched.reference[watched.numbers]
        self._low, self._high = numbers.quantile(0.01), numbers.quantile(0.99)
        errors = self._errors(watched.reference)
        self._spread = float(np.std(errors))
        self._large = 0.5 if watched.classes else float(np.quantile(errors, 0.9))

    def of(self, rows: pd.DataFrame, kind: str) -> Values:
        """Give streams by name: errors by their deviation, numbers between 0 and 1 (its bounds suppose that)."""
        if kind == "columns":
            scaled = (rows[self._low.index] - self._low) / (self._high - self._low).replace(0, 1)
            return {name: scaled[name].clip(0, 1).to_numpy() for name in scaled}
        errors = self._errors(rows)
        return {kind: errors / self._spread if kind == "errors" else (errors > self._large).astype(float)}

    def _errors(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        return np.abs(rows["prediction"] - rows[self._watched.target].astype(float)).to_numpy()


def detections(detector: Any, values: NDArray[np.float64]) -> Iterable[int]:
    """Give the positions at which a detector alarms."""
    for at, value in enumerate(values.tolist()):
        # not a number: there is nothing to learn from it
        if value == value:  # noqa: PLR0124 - quicker than math.isnan, and asked for every row
            detector.update(value)
            if detector.drift_detected:
                yield at


def tuned(kind: Kind, streams: Values, rate: float) -> float:
    """Give the parameter at which all streams together alarm so often per window-length of rows."""
    found = []
    rows = len(next(iter(streams.values())))
    for parameter in kind.ladder:
        alarms = sum(sum(1 for _ in detections(kind.make(parameter), values)) for values in streams.values())
        if alarms >= FEWEST:
            found.append((parameter, alarms * WINDOW / rows))
    if len(found) < 2:
        # no line to follow: the next step after the last that could be counted is as near as one gets
        return kind.ladder[min(len(found), len(kind.ladder) - 1)]
    # the rarest tell best how it goes on
    at = np.array([parameter for parameter, _ in found[-3:]])
    slope, start = np.polyfit(
        np.log([often for _, often in found[-3:]]), np.log(at) if kind.is_log else at, 1
    )
    there = float(start + slope * np.log(rate))
    return float(np.exp(there)) if kind.is_log else there


def main() -> None:
    """Walk with every kind, or with those named: ``FOLDER RUNS RATE [PEER ...]``."""
    folder, runs, rate, names = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
    plan = json.loads((folder / "plan.json").read_text())
    watched = Watched(pd.read_parquet(folder / "reference.parquet"), **plan["columns"])
    seen = Seen(watched)
    pool = pd.read_parquet(folder / "pool.parquet")
    before = watched.reference.iloc[:KNOWN]
    for kind in KINDS:
        if names and kind.name not in names:
            continue
        endless = pool.sample(kind.stream, replace=True, random_state=0)
        streams = seen.of(endless, kind.sees)
        parameters = {"tuned": tuned(kind, streams, OVERLAP * rate), "own": kind.usual}
        often = {}
        for rule, parameter in parameters.items():
            alarms = [sum(1 for _ in detections(kind.make(parameter), values)) for values in streams.values()]
            often[rule] = [sum(alarms), kind.stream // WINDOW]
        delays = {}
        for case in plan["cases"]:
            rows = pd.read_parquet(folder / f"{case}.parquet")
            delays[case] = {
                rule: [
                    _delay(
                        kind,
                        parameter,
                        seen.of(pd.concat([before, rows.iloc[run * ROWS :][:ROWS]]), kind.sees),
                    )
                    for run in range(min(runs, kind.most_runs))
                ]
                for rule, parameter in parameters.items()
            }
        path = folder / "found" / f"{kind.name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"parameters": parameters, "undrifted": often, "delays": delays}))


def _delay(kind: Kind, parameter: float, streams: Values) -> float | None:
    start = KNOWN + WINDOW
    found = None
    for values in streams.values():
        # whoever is later than another column need not be followed
        until = start + (found or LOOKS[-1])
        alarms = detections(kind.make(parameter), values[:until])
        found = next((at + 1 - start for at in alarms if at >= start), found)
    return None if found is None else next_look(found)


if __name__ == "__main__":
    main()
