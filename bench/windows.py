"""Thousands of windows judged at once, by the very lines and kernels that a monitor uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelvane import Monitor, Reference
from modelvane.block import Block
from modelvane.calibration.calibration import cells_of, is_constant
from modelvane.calibration.lines import Alarm, Lines, divergence_lines, level_of
from modelvane.divergences.base import Divergence
from modelvane.evaluation import evaluate, verdict_key
from modelvane.findings import Family, Verdict
from modelvane.methods import Methods
from modelvane.settings import BUDGET, Settings, Window
from modelvane.stream import Stream
from modelvane.tallies.sample import Sample

# windows x (rows or cells) that are held at once
_HELD_CELLS = 1 << 21

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Windows:
    """Rows of a stream, counted on a reference's rulers once, of which any windows can be judged.

    Parameters
    ----------
    block
        The rows, encoded.
    cells
        By column, the cell of each row; -1 where there is no value.
    budget
        False alarms of the whole dataset per window-length of rows.
    """

    reference: Reference
    block: Block
    cells: Mapping[str, NDArray[np.intp]]
    methods: Methods = field(default_factory=Methods)
    budget: float = BUDGET

    @classmethod
    def of(cls, reference: Reference, rows: pa.Table, methods: Methods | None = None) -> Windows:
        """Encode the stream."""
        block = reference.encode(rows)
        cells = {}
        for column in reference.schema.measured:
            tally = reference.tally.columns[column.name]
            # whatever is unseen shares the last cell
            cells[column.name] = np.minimum(cells_of(tally, block.columns[column.name]), tally.ruler.size - 1)
        return cls(reference, block, cells, methods or Methods())

    @property
    def columns(self) -> list[str]:
        """Names of the measured columns."""
        return list(self.cells)

    def divergence(self, column: str) -> Divergence:
        """Give what decides the verdict on a column."""
        return self.methods.divergences(self.reference.schema[column])[0]

    def samples(self, column: str, index: Index) -> Iterator[Sample]:
        """Count windows, some at a time.

        Parameters
        ----------
        index
            Shape ``(windows, n)``: the rows of each.
        """
        whole = self.reference.tally.columns[column].sample
        for counts in counted(self.cells[column], index, whole.ruler.size):
            yield whole.with_counts(counts)

    def values(self, column: str, index: Index, divergence: Divergence | None = None) -> NDArray[np.float64]:
        """Give the divergence of each window, and how many of its rows have a value; shape ``(2, windows)``."""
        whole = self.reference.tally.columns[column].sample
        divergence = divergence or self.divergence(column)
        with np.errstate(invalid="ignore", divide="ignore"):
            parts = [
                np.stack([divergence.kernel(whole, current), current.n])
                for current in self.samples(column, index)
            ]
        return np.concatenate(parts, axis=1)

    def lines(self, column: str, n: float) -> Lines:
        """Give the lines of a column for windows with ``n`` usable values."""
        divergence, tally = self.divergence(column), self.reference.tally.columns[column]
        key = ("", column, divergence.name)
        calibration = self.reference.calibration
        return divergence_lines(
            divergence,
            level_of(self.budget, len(self.cells)),
            n,
            tally.n,
            calibration.nulls.get(key),
            calibration.habits.get(key),
            is_constant(tally),
        )

    def verdicts(self, index: Index, alarm: Alarm, *, in_order: bool) -> dict[str, NDArray[np.bool_]]:
        """Say by column which windows alarm.

        Parameters
        ----------
        in_order
            Whether each window is the round after the one before, so that an alarm holds until the value has come
            clearly below its line; otherwise every window is the first.
        """
        alarmed = {}
        for column in self.cells:
            known: dict[float, Lines] = {}
            before: Verdict | None = None
            found = []
            for value, n in self.values(column, index).T.tolist():
                if not np.isfinite(value):
                    before = None
                    found.append(False)
                    continue
                if n not in known:
                    known[n] = self.lines(column, n)
                verdict = known[n].verdict(value, alarm, before if in_order else None)
                before = verdict
                found.append(verdict is Verdict.ALARM)
            alarmed[column] = np.array(found)
        return alarmed

    def alarms(self, index: Index, alarm: Alarm, *, in_order: bool) -> list[frozenset[str]]:
        """Name by window the measures of which anything alarms: of columns, of their quality, of rows as wholes.

        Parameters
        ----------
        in_order
            As of `verdicts`.
        """
        settings = self._settings(index.shape[1], alarm)
        reference = self.reference.calibrated(self.methods)
        before: dict[str, Verdict] = {}
        named = []
        for window in index:
            tally = reference.counter.rows(self.block.take(window))
            found = evaluate("taxi", reference, settings, tally, tally, Stream(now=0.0), before)
            alarmed = [finding for finding in found if finding.verdict is Verdict.ALARM]
            named.append(frozenset(finding.measure for finding in alarmed))
            if in_order:
                before = {verdict_key(finding.key): finding.verdict for finding in alarmed}
        return named

    def _settings(self, rows: int, alarm: Alarm) -> Settings:
        return Settings(window=Window(rows=rows), budget=self.budget, alarm=alarm, methods=self.methods)

    def require_like_a_monitor(self, rows: pa.Table, index: Index, alarm: Alarm) -> None:
        """Hold some windows against a `Monitor` that is given their rows one window after the other.

        Raises
        ------
        AssertionError
            When a value, a line or a verdict differs.
        """
        found = self.verdicts(index, alarm, in_order=False)
        settings = self._settings(index.shape[1], alarm)
        for at, window in enumerate(index):
            monitor = Monitor("taxi", self.reference, settings)
            monitor.push(rows.take(window))
            findings = monitor.findings()
            for finding in findings:
                if finding.family is not Family.DRIFT or finding.column is None or finding.value is None:
                    continue
                column = finding.column
                (value, n), lines = (
                    self.values(column, window[None])[:, 0],
                    self.lines(column, finding.n).asked_by(alarm),
                )
                assert n == finding.n, (column, n, finding.n)
                assert abs(value - finding.value) < 1e-12, (column, value, finding.value)
                assert (lines.noise_floor, lines.usual_range) == (finding.noise_floor, finding.usual_range)
                assert found[column][at] == (finding.verdict is Verdict.ALARM), column
            drift = findings.get("dataset_drift")
            assert drift is not None
            assert drift.value == float(any(found[column][at] for column in found)), "dataset_drift"


def counted(
    cells: NDArray[np.intp], index: Index, size: int, *, weights: NDArray[np.float64] | None = None
) -> Iterator[NDArray[Any]]:
    """Count the cells of windows, or sum their rows' weights, some windows at a time; shape ``(some, size)``."""
    at_once = max(1, _HELD_CELLS // max(index.shape[1], 2 * size))
    for start in range(0, len(index), at_once):
        part = index[start : start + at_once]
        # one cell more, for the rows without a value
        keys = cells[part] + (np.arange(len(part)) * (size + 1) + 1)[:, None]
        held = None if weights is None else weights[part].ravel()
        counts = np.bincount(keys.ravel(), held, minlength=len(part) * (size + 1))
        yield counts.reshape(len(part), size + 1)[:, 1:]


def draw(rows: int, n: int, windows: int, rng: np.random.Generator) -> Index:
    """Draw windows of ``n`` rows, each without replacement; shape ``(windows, n)``."""
    return np.stack([rng.choice(rows, n, replace=False, shuffle=False) for _ in range(windows)])


def in_time_order(rows: int, n: int, step: int) -> Index:
    """Give windows of ``n`` rows in order, ``step`` rows apart; shape ``(windows, n)``."""
    return np.arange(0, rows - n + 1, step)[:, None] + np.arange(n)


def told(alarms: Sequence[frozenset[str]]) -> str:
    """Say how many windows alarm by each measure, that with most of them first; nothing where none does."""
    counts = Counter(measure for named in alarms for measure in named)
    return f" ({', '.join(f'{name} {count}' for name, count in counts.most_common())})" if counts else ""


def any_of(
    alarmed: Mapping[str, NDArray[np.bool_]], columns: Sequence[str] | None = None
) -> NDArray[np.bool_]:
    """Say which windows alarm in any of the columns."""
    return np.asarray(np.stack([alarmed[column] for column in columns or list(alarmed)]).any(axis=0))
