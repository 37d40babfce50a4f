"""What is installed suffices for what is run: by the Makefile's targets, and in the images."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from stack.local import ROOT
from tests.stack.packages import guarded_path, hiding, lacking_in, lacking_with

OF_PREFECT = {"examples/taxi/nightly.py", "examples/taxi/retrain_flow.py"}
"""Those that `make demo-batch` and the stack run, `make demo` does not."""


def test_a_hidden_module_is_not_found() -> None:
    """A process that is held to an installation finds what is in it, and not what is not."""
    hidden = lacking_with(["mongodb"])
    assert "prefect" in hidden
    assert not hidden & {"modelvane", "numpy", "pymongo", "fastapi", "starlette", "markupsafe"}
    assert not imported(["pymongo", "fastapi"], hidden)
    assert "No module named 'prefect'" in imported(["prefect"], hidden)


@pytest.mark.parametrize("stamp", ["demo", "batch", "stack"])
def test_targets_install_what_they_run(stamp: str) -> None:
    """With the extras that the Makefile installs for a target, every module that its programs name can be imported."""
    found = re.search(
        rf"^\$\(VENV\)/\.{stamp}:.*?call install,(\S+)\)$", makefile(), re.MULTILINE | re.DOTALL
    )
    assert found is not None
    extras = found[1].replace("$(comma)", ",").split(",")
    files = [
        path
        for folder in ("examples", *(["stack"] if stamp == "stack" else []))
        for path in (ROOT / folder).rglob("*.py")
        if stamp != "demo" or str(path.relative_to(ROOT)) not in OF_PREFECT
    ]
    assert not imported(named(files), lacking_with(extras))


@pytest.mark.parametrize(
    ("target", "there", "not_there"),
    [
        (
            "monitor",
            {"pymongo", "grafana_foundation_sdk", "sklearn"},
            {"flask", "prefect", "examples", "stack"},
        ),
        ("reco", {"prometheus_fastapi_instrumentator", "sklearn"}, {"pymongo", "prefect", "stack", "tests"}),
        (
            "flow",
            {"prefect", "pymongo", "flask", "stack", "stack.prepare"},
            {"stack.local", "tests", "pytest"},
        ),
    ],
)
def test_what_an_image_lacks(target: str, there: set[str], not_there: set[str]) -> None:
    """An image has the packages of its extras and the files that are copied into it, and nothing else."""
    hidden = lacking_in(target)
    assert not hidden & there
    assert not_there <= hidden


def makefile() -> str:
    """Give the Makefile."""
    return (ROOT / "Makefile").read_text()


def named(files: Iterable[Path]) -> Iterator[str]:
    """Give the modules that are imported anywhere in some files."""
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (one.name for one in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module


def imported(modules: Iterable[str], hidden: Iterable[str]) -> str:
    """Import modules in a process without some others, and give what it complains of."""
    code = f"import importlib\nfor name in {sorted(set(modules))}: importlib.import_module(name)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": guarded_path(), **hiding(hidden)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr
