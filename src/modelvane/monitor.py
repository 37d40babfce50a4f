"""One dataset's watch: rows and labels in, findings out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from modelvane.counted_rows import CountedRows
from modelvane.evaluation import check_thresholds, verdict_key
from modelvane.evaluation.scoring import Score, score
from modelvane.findings import Findings, Verdict
from modelvane.measuring import Known, Measurer, Measures, Pending
from modelvane.reference import Reference
from modelvane.settings import Settings, Window
from modelvane.tallies.dataset import WindowTally


class Monitor(CountedRows):
    """Watches one dataset against its reference; safe to use from several threads.

    Parameters
    ----------
    dataset
        Its name.
    reference
        What current rows are compared with.
    settings
        How; or give ``window=`` alone.
    window
        Rows of the window; shorthand for ``Settings(window=Window(rows=window))``.
    clock
        Gives seconds since 1970; tests turn it.

    Raises
    ------
    UnknownNameError
        For a limit of something that the reference does not have, or that is not judged.

    Examples
    --------
    >>> reference = Reference.of({"distance": [float(i % 50) for i in range(1000)]})
    >>> monitor = Monitor("taxi", reference, window=100)
    >>> monitor.push([{"distance": 49.0}] * 100)
    100
    >>> monitor.findings().get("kolmogorov_smirnov", "distance").verdict
    <Verdict.ALARM: 'alarm'>
    """

    def __init__(
        self,
        dataset: str,
        reference: Reference,
        settings: Settings | None = None,
        *,
        window: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if window is not None:
            settings = Settings(window=Window(rows=window))
        settings = settings or Settings()
        check_thresholds(settings.thresholds, reference, settings.fairness)
        super().__init__(reference.calibrated(settings.methods), settings, clock)
        self.dataset = dataset
        self._evaluating = threading.Lock()
        self._verdicts: dict[str, Verdict] = {}
        self._measurer = Measurer(dataset, self.reference, settings)

    def findings(self) -> Findings:
        """Measure the current window."""
        return self.measure()[0]

    def measure(self, measurer: Measures | None = None) -> tuple[Findings, WindowTally]:
        """Measure the current window, and give what was measured.

        Parameters
        ----------
        measurer
            Of this dataset, reference and settings; one in this process by default.
        """
        with self._evaluating:
            found, window = (measurer or self._measurer).measure(self._pending)
            alarmed = [finding for finding in found if finding.verdict is Verdict.ALARM]
            self._verdicts = {verdict_key(finding.key): finding.verdict for finding in alarmed}
            return found, window

    def _pending(self, known: Known) -> Pending:
        window = self._read(known)
        with self._lock:
            compared = None if self._compared is None else self._compared.comparison.copy()
        return Pending(window, self._verdicts, compared)

    def score(self, data: Any) -> list[Score]:
        """Say of rows how unlike the reference's they are; they are not counted.

        Raises
        ------
        SchemaError
            When the reference scores no rows.
        """
        return score(self.reference, self.settings.outliers, data)

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """Alarms of the last round, by `modelvane.evaluation.verdict_key`."""
        return self._verdicts

    def state(self) -> dict[str, Any]:
        """Give what cannot be counted again from the rows, as plain JSON values.

        These are the verdicts, which hold until a value falls clearly below its line, and what rows lacked, had too
        much, or repeated; each with how many rows ago.
        """
        with self._evaluating:
            verdicts = dict(self._verdicts)
        with self._lock:
            self._flush()
            end = self._recent.pushed
            return {
                "reference": self.reference.digest,
                "verdicts": verdicts,
                **self._arrivals.state(self._oldest(), end),
                "late": self._time_windows[0].late if self._time_windows is not None else 0,
                "versions": None if self._compared is None else self._compared.comparison.state(),
            }

    def is_of(self, state: Mapping[str, Any]) -> bool:
        """Say whether `state` was given by a monitor with the same reference."""
        return state.get("reference") == self.reference.digest

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what `state` gave, once the rows that were there then have been pushed again.

        What was said against another reference, or by a version that did not say which, does not hold against this
        one, and is left.
        """
        if not self.is_of(state):
            return
        with self._evaluating:
            self._verdicts = {key: Verdict(verdict) for key, verdict in state["verdicts"].items()}
        with self._lock:
            self._flush()
            self._arrivals.restore(state, self._recent.pushed)
            if self._time_windows is not None:
                self._time_windows[0].late = state["late"]
            if self._compared is not None:
                self._compared.restore(state.get("versions"))
