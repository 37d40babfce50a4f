"""Evaluations in a process of their own."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelvane import Monitor, Reference
from modelvane.measuring import Known, Pending
from modelvane.service.apart import EvaluationProcess, ProcessEndedError
from modelvane.service.apart.evaluating import answer
from modelvane.service.apart.messages import Begin, Failed, Measure
from modelvane.settings import Moving, Settings, Window

DAY = 86_400
START = 1_700_000_000.0


def _columns(rows: int, seed: int, *, by: float = 1.0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    distance = rng.lognormal(size=rows)
    return {
        "distance": (by * distance).tolist(),
        "zone": rng.integers(1, 5, rows).tolist(),
        "prediction": (distance * 3 + rng.normal(size=rows)).tolist(),
        "target": (distance * 3 + rng.normal(size=rows)).tolist(),
        "time": (START + np.arange(rows) * 600.0).tolist(),
    }


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.of(_columns(2000, 1), segments=["zone"])


@pytest.fixture(scope="module")
def process() -> Iterator[EvaluationProcess]:
    with closing(EvaluationProcess()) as running:
        yield running


def _records(columns: dict[str, Any], *, labelled: bool) -> list[dict[str, Any]]:
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return rows if labelled else [{k: v for k, v in row.items() if k != "target"} for row in rows]


HOW = {
    "rows": Settings(window=Window(rows=300)),
    "seconds": Settings(window=Window(rows=300, seconds=DAY)),
    "moving": Settings(window=Window(rows=100), moving=Moving(windows=2, least_rows=100)),
}


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_what_is_measured_apart_is_what_is_measured_here(
    how: Settings, reference: Reference, process: EvaluationProcess
) -> None:
    """Findings and tallies of every round are equal bit for bit: after rows, after labels, and after nothing."""
    here, there = (Monitor("taxi", reference, how, clock=lambda: START + 4 * DAY) for _ in range(2))
    rows = _records(_columns(500, 2, by=1.3), labelled=False)
    for step in range(4):
        for monitor in (here, there):
            ids = [str(i) for i in range(100 * step, 100 * step + 100)]
            if step < 3:
                monitor.push(rows[100 * step : 100 * step + 100], ids=ids, received=START + step)
                monitor.label(ids[:50], [3.0] * 50, [START + step] * 50)
        expected, found = here.measure(), process.measure(there)
        assert found == expected
        assert len(found[0]) > 100
    assert there.verdicts == here.verdicts != {}


def test_a_process_that_was_killed_is_started_again(reference: Reference) -> None:
    """The next round is measured by another process, which is sent what it cannot know."""
    monitor = Monitor("taxi", reference, window=100, clock=lambda: START)
    monitor.push(_records(_columns(100, 3), labelled=False))
    with closing(EvaluationProcess()) as process:
        before = process.measure(monitor)
        first = process.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert process.measure(monitor) == before
        assert process.pid not in (None, first)


def test_the_process_gives_way_to_who_takes_rows(reference: Reference, process: EvaluationProcess) -> None:
    """Its priority is lower than the service's."""
    process.measure(Monitor("taxi", reference, window=100))
    assert process.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, process.pid) >= max(10, os.getpriority(os.PRIO_PROCESS, 0))


def test_a_process_that_ends_every_time_is_said(reference: Reference, tmp_path: Path) -> None:
    """Whoever waits for findings gets an error that names the dataset and the exit code, not another try for ever."""
    (tmp_path / "ends_at_once.py").write_text("import os\nos._exit(7)\n")
    with (
        closing(EvaluationProcess(["ends_at_once"], tmp_path)) as process,
        pytest.raises(ProcessEndedError, match="taxi, exit code 7"),
    ):
        process.measure(Monitor("taxi", reference, window=100))


def test_measures_of_ones_own_are_known_there(reference: Reference, tmp_path: Path) -> None:
    """Modules that the config names are loaded in the process, too."""
    (tmp_path / "own_apart.py").write_text(
        textwrap.dedent("""
            from modelvane.own import statistic

            @statistic("numerical")
            def rows_counted_apart(tally):
                return float(tally.n)
        """)
    )
    monitor = Monitor("taxi", reference, window=100)
    monitor.push(_records(_columns(30, 3), labelled=False))
    with closing(EvaluationProcess(["own_apart"], tmp_path)) as process:
        found, _ = process.measure(monitor)
    assert found.get("rows_counted_apart", "distance").value == 30.0


def test_an_error_there_is_raised_here(reference: Reference, process: EvaluationProcess) -> None:
    """What an evaluation raises is raised with where it came from, and the next round is measured."""
    monitor = Monitor("taxi", reference, window=100)
    begin = Begin(10_000, "taxi", reference, monitor.settings)

    def read(_known: Known) -> Pending:
        # no window at all
        return Pending(None, {}, None)  # type: ignore[arg-type]

    with pytest.raises(AttributeError) as caught:
        process.ask(begin, read)
    assert "measuring.py" in caught.value.__notes__[0]
    assert process.measure(monitor)[0].rows == 0


class _Unreachable:
    """A window whose rows cannot be had."""

    @property
    def rows(self) -> Any:
        raise TimeoutError("no rows in time")


def test_an_error_of_the_system_there_does_not_pass_for_the_end_of_the_process(
    reference: Reference, process: EvaluationProcess
) -> None:
    """A time-out or a missing file within an evaluation is said as such, and the process goes on."""
    monitor = Monitor("taxi", reference, window=100)
    process.measure(monitor)
    pid = process.pid
    with pytest.raises(TimeoutError, match="no rows in time"):
        process.ask(
            Begin(10_001, "taxi", reference, monitor.settings),
            lambda _known: Pending(_Unreachable(), {}, None),  # type: ignore[arg-type]
        )
    assert process.pid == pid


def test_datasets_that_are_gone_are_forgotten(reference: Reference, process: EvaluationProcess) -> None:
    """After a switch of the reference, neither side keeps what measured against the one before."""
    monitor = Monitor("taxi", reference, window=100)
    process.measure(monitor)
    assert process.remembered > 0
    before = process.remembered
    del monitor
    gc.collect()
    process.measure(Monitor("taxi", reference, window=100))
    assert process.remembered <= before

    measurers: dict[int, Any] = {5: None}
    assert isinstance(answer(measurers, Measure(6, Pending(None, {}, None), [5])), Failed)  # type: ignore[arg-type]
    assert measurers == {}


def test_the_process_ends_with_the_service() -> None:
    """A service that is killed leaves no process behind."""
    script = """
        import os, signal
        from modelvane import Monitor, Reference
        from modelvane.service.apart import EvaluationProcess
        process = EvaluationProcess()
        process.measure(Monitor("taxi", Reference.of({"a": [1.0, 2.0, 3.0]}), window=5))
        print(process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    # its end of the output is open for as long as it runs, and so long is waited here
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL
    assert int(done.stdout) > 0
