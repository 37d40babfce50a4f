"""A past stream watched again: which alarms there would have been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from modelvane.engines.source import Source
from modelvane.errors import ConfigError
from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.replay.episodes import Episode, Episodes, union
from modelvane.replay.steps import Step, steps
from modelvane.settings import Settings

WEEK = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a watch would have said of a stream.

    Parameters
    ----------
    dataset
        Its name.
    rows, rounds
        How many rows went by, and how often they were evaluated.
    first, last
        Event times of the first and the last row, seconds since 1970.
    episodes
        Alarms, each from the round in which it came to the one in which it had gone, in order of their beginning.
    """

    dataset: str
    rows: int
    rounds: int
    first: float
    last: float
    episodes: tuple[Episode, ...]

    @property
    def weeks(self) -> float:
        """Length of the stream."""
        return (self.last - self.first) / WEEK

    @property
    def alarms(self) -> int:
        """Times at which the dataset went from no alarm to one or more."""
        return len(union(self.episodes))

    @property
    def alarms_per_week(self) -> float | None:
        """The same for each week of the stream; ``None`` where it has no length."""
        return self.alarms / self.weeks if self.weeks > 0 else None


def replay(
    dataset: str,
    source: Source,
    reference: Reference,
    settings: Settings,
    *,
    every: int | None = None,
    unseen: int = 0,
    advance: Callable[[int], None] = lambda _rows: None,
) -> Replayed:
    """Watch a past stream as a live monitor would have.

    Rows come in the order of the source at their event time, labels when they became known; the clock is the stream's.

    Parameters
    ----------
    every
        Rows between evaluations; a fiftieth of the window by default, at least 1.
    unseen
        Rows that are taken first without an evaluation: what a reference that moves is of when the watch begins.
    advance
        Called with the number of rows after each step.

    Raises
    ------
    ConfigError
        When there are no rows, or rows without a time.

    Examples
    --------
    >>> from modelvane.engines.source import TableSource
    >>> from modelvane.settings import Window
    >>> january = {"time": list(range(1000)), "distance": [float(i % 50) for i in range(1000)]}
    >>> february = {"time": list(range(300)), "distance": [float(i % 50 + 40 * (i > 150)) for i in range(300)]}
    >>> reference = Reference.of(january)
    >>> found = replay("taxi", TableSource(february), reference, Settings(window=Window(rows=100)))
    >>> found.alarms, sorted({episode.measure for episode in found.episodes})
    (1, ['kolmogorov_smirnov', 'out_of_range_share', 'outlier_share'])
    """
    every = max(1, settings.window.rows // 50) if every is None else every
    if every < 1:
        raise ConfigError("Rows between evaluations", received=every, expected="1 or more")
    now = 0.0
    monitor = Monitor(dataset, reference, settings, clock=lambda: now)
    episodes = Episodes()
    rows, rounds, first = 0, 0, None
    evaluated = 0

    def evaluate() -> None:
        nonlocal rounds, evaluated
        episodes.see(alarms_of(monitor.findings()), rows, now)
        rounds, evaluated = rounds + 1, rows

    for step in steps(source, reference.schema, every):
        now = step.now / 1e6
        first = float(step.times[0]) / 1e6 if first is None else first
        _take(monitor, step)
        rows += step.table.rows
        advance(step.table.rows)
        if rows % every == 0 and rows > unseen:
            evaluate()
    if first is None:
        raise ConfigError(f"There is nothing to replay: {source.name} has no rows", expected="a row or more")
    if max(evaluated, unseen) < rows:
        evaluate()
    return Replayed(dataset, rows, rounds, first, now, episodes.told())


def _take(monitor: Monitor, step: Step) -> None:
    monitor.push(step.table, ids=step.ids, received=step.times / 1e6, times=step.times)
    if step.label_ids:
        monitor.label(step.label_ids, step.targets, [at / 1e6 for at in step.label_times])


def alarms_of(found: Findings) -> list[Finding]:
    """Give the findings that alarm by themselves: the dataset's own follow from those of its columns."""
    return [
        finding
        for finding in found
        if finding.verdict is Verdict.ALARM and finding.family is not Family.DATASET
    ]
