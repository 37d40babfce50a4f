"""Dashboards against Grafana's own schema, which it publishes as TypeScript."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.dashboards.configs import ALL, TAXI
from tests.dashboards.test_dashboards_grafana import written

_BOARD = Path(__file__).parent / "grafana_schema" / "board.ts"
_OPTIONS = ("--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler")

Plain = dict[str, Any]


def problems(folder: Path, schema: Path, boards: Mapping[str, Plain]) -> str:
    """Give what is wrong with dashboards, in the words of the compiler; empty when nothing is."""
    (folder / "node_modules").symlink_to(schema / "node_modules")
    shutil.copy(_BOARD, folder)
    texts = [
        f"export const board{i}: Board = {json.dumps(board)};\n" for i, board in enumerate(boards.values())
    ]
    (folder / "boards.ts").write_text(
        "import type { Board } from './board';\n" + "".join(texts), encoding="utf-8"
    )
    compiler = schema / "node_modules" / ".bin" / "tsc"
    done = subprocess.run(
        [compiler, *_OPTIONS, "boards.ts"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (not done.stdout), done.stderr
    return done.stdout


def test_every_dashboard_is_what_the_schema_says(grafana_schema: Path, tmp_path: Path) -> None:
    """Dashboards of every config have what Grafana's schema asks for, down to panels' options, and no more."""
    boards = {
        f"{name} {uid}": board for name, config in ALL.items() for uid, board in written(config).items()
    }
    assert len(boards) >= len(ALL)
    assert problems(tmp_path, grafana_schema, boards) == ""


def _first(board: Plain, kind: str) -> Plain:
    panels = [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", []))]
    found: Plain = next(panel for panel in panels if panel["type"] == kind)
    return found


def _of_no_kind(board: Plain) -> None:
    _first(board, "timeseries")["type"] = "timeserie"


def _unknown_option(board: Plain) -> None:
    _first(board, "timeseries")["options"]["legende"] = {}


def _wrong_choice(board: Plain) -> None:
    _first(board, "timeseries")["options"]["tooltip"]["mode"] = "many"


def _unknown_field(board: Plain) -> None:
    _first(board, "timeseries")["fieldConfig"]["defaults"]["custom"]["lineWide"] = 2


def _no_query(board: Plain) -> None:
    del _first(board, "timeseries")["targets"][0]["expr"]


def _unknown_refresh(board: Plain) -> None:
    board["refresh"] = 5


@pytest.mark.parametrize(
    "spoil", [_of_no_kind, _unknown_option, _wrong_choice, _unknown_field, _no_query, _unknown_refresh]
)
def test_what_the_schema_does_not_have_is_found(
    spoil: Callable[[Plain], None], grafana_schema: Path, tmp_path: Path
) -> None:
    """A dashboard spoilt in one place is refused."""
    uid, board = next((uid, board) for uid, board in written(TAXI).items() if "drift" in uid)
    spoil(board)
    assert "boards.ts" in problems(tmp_path, grafana_schema, {uid: board})
