"""What flows are without a Prefect server, and without Prefect."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def python(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, with a folder of its own for what Prefect keeps."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={"PREFECT_HOME": str(home), "DO_NOT_TRACK": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_prefect_the_extra_is_named(tmp_path: Path) -> None:
    """Importing flows where Prefect is not installed ends with a sentence that says how to install it."""
    hidden = (
        "import sys, importlib.machinery as m\n"
        "found = m.PathFinder.find_spec\n"
        "m.PathFinder.find_spec = lambda name, *rest: None if name == 'prefect' else found(name, *rest)\n"
        "import modelvane.jobs, modelvane.cli\n"
        "import modelvane.flows"
    )
    done = python(hidden, tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("`modelvane report` in cron computes the same.")
    assert "pip install 'modelvane[prefect]'" in done.stderr


def test_deployments_follow_from_the_config(tmp_path: Path) -> None:
    """Every dataset with a schedule is one deployment, in UTC, with the config's whole path; others are none."""
    (tmp_path / "config.yaml").write_text(
        "datasets: {taxi: {batch: {schedule: 0 6 * * *}}, reco: {batch: {schedule: 30 5 * * 1}}, quiet: {}}"
    )
    code = (
        "import pathlib\n"
        "from modelvane.flows.serving import deployments\n"
        f"for each in deployments(pathlib.Path({str(tmp_path / 'config.yaml')!r}), reports_url='https://r'):\n"
        "    (one,) = each.schedules\n"
        "    print(each.name, one.schedule.cron, one.schedule.timezone, sorted(each.parameters.items()))"
    )
    done = python(code, tmp_path / "home")
    path = str(tmp_path / "config.yaml")
    assert done.stdout.splitlines() == [
        f"taxi 0 6 * * * UTC [('config', {path!r}), ('dataset', 'taxi'), ('reports_url', 'https://r')]",
        f"reco 30 5 * * 1 UTC [('config', {path!r}), ('dataset', 'reco'), ('reports_url', 'https://r')]",
    ], done.stderr


def test_a_config_without_a_schedule_is_not_served(tmp_path: Path) -> None:
    """Serving what is never due is refused in a sentence, with the line that is missing."""
    (tmp_path / "config.yaml").write_text("datasets: {taxi: {}}")
    command = f"import sys; sys.argv[1:] = ['serve', '--config', {str(tmp_path / 'config.yaml')!r}]\n"
    done = python(command + "from modelvane.flows.__main__ import main\nmain()", tmp_path / "home")
    assert done.returncode == 2
    assert done.stderr.startswith("modelvane: No dataset of ")
    assert "schedule: 0 6 * * *" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_file_for_prefect_deploy_is_valid(tmp_path: Path) -> None:
    """prefect.yaml is what `prefect deploy` takes; its entry point is the flow, and its parameters are the flow's."""
    settings = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    (deployment,) = settings["deployments"]
    code = (
        "from prefect.cli.deploy._models import PrefectYamlModel\n"
        f"PrefectYamlModel.model_validate({settings!r})\n"
        "from prefect.flows import load_flow_from_entrypoint\n"
        f"flow = load_flow_from_entrypoint({deployment['entrypoint']!r}, use_placeholder_flow=False)\n"
        f"flow.validate_parameters({deployment['parameters']!r})\n"
        "print(flow.name)"
    )
    done = python(code, tmp_path)
    assert done.stdout == "batch-watch\n", done.stderr


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        ("StoreError('down')", True),
        ("TimeoutError()", True),
        ("caused(OutputError('x'), OSError(28, 'No space left on device'))", True),
        ("caused(OutputError('x'), PermissionError(13, 'Permission denied'))", False),
        ("caused(StoreError('x'), sqlite(sqlite3.SQLITE_BUSY))", True),
        ("caused(StoreError('x'), sqlite(sqlite3.SQLITE_NOTADB))", False),
        ("ConfigError('x')", False),
        ("FileNotFoundError()", False),
        ("ZeroDivisionError()", False),
    ],
)
def test_what_may_pass(error: str, passes: bool) -> None:
    """Stores and disks that are away, full or busy are worth another attempt; what is wrong stays wrong."""
    import sqlite3

    from modelvane.errors import ConfigError, StoreError
    from modelvane.flows.retries import can_pass
    from modelvane.jobs.outputs import OutputError

    def caused(said: Exception, cause: Exception) -> Exception:
        said.__cause__ = cause
        return said

    def sqlite(code: int) -> Exception:
        made: Any = sqlite3.OperationalError()
        made.sqlite_errorcode = code
        return made

    known = {"caused": caused, "sqlite": sqlite, "sqlite3": sqlite3, "OutputError": OutputError}
    made = eval(error, {**known, "ConfigError": ConfigError, "StoreError": StoreError})  # noqa: S307 - those above
    assert can_pass(made) is passes


def test_progress_is_told_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """What begins is logged, and how far it is once ten seconds have passed, not with every batch."""
    from modelvane.flows.progress import Logged

    # after the import: Prefect sets up logging
    caplog.set_level(logging.INFO)
    seconds = iter([0.0, 4.0, 8.0, 11.0, 11.0, 12.0, 22.0, 22.0])
    progress = Logged(logging.getLogger("a run"), clock=lambda: next(seconds))
    progress.begin("Counting", "rows", 4000)
    for _ in range(4):
        progress.advance(1000)
    progress.advance(0, share=0.5)
    # others log at the same time
    assert [record.getMessage() for record in caplog.records if record.name == "a run"] == [
        "Counting: 4,000 rows",
        "Counting: 3,000 rows (75\u202f%)",
        "Counting: 4,000 rows (100\u202f%)",
    ]


def test_the_command_has_every_parameter_of_the_flow() -> None:
    """What the flow can be told, a run from the command line can be told too."""
    from modelvane.flows import batch_watch
    from modelvane.flows.__main__ import run

    assert {option.name for option in run.params} == set(batch_watch.parameters.properties)
