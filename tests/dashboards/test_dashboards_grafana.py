"""Dashboards as Grafana reads them."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel, RowPanel
from tests.dashboards.configs import ALL, TAXI

from modelvane.cli import app
from modelvane.config import Config
from modelvane.dashboards import dashboards_of
from modelvane.dashboards.grafana import text_of
from modelvane.dashboards.layout import COLUMNS
from modelvane.dashboards.model import Kind
from modelvane.dashboards.units import Unit

GOLDEN = Path(__file__).parent.parent / "golden" / "dashboards"
_ROOT = Path(__file__).parent.parent.parent

every_config = pytest.mark.parametrize("config", ALL.values(), ids=ALL)


def written(config: Config) -> dict[str, dict[str, Any]]:
    """Give the dashboards of a config as plain values, by uid."""
    return {dashboard.uid: json.loads(text_of(dashboard)) for dashboard in dashboards_of(config)}


def golden() -> dict[Path, str]:
    """Give the text of every golden file."""
    return {GOLDEN / f"{dashboard.uid}.json": text_of(dashboard) for dashboard in dashboards_of(TAXI)}


def test_golden_files() -> None:
    """The bytes are those in tests/golden/dashboards; running this module writes them anew."""
    expected = golden()
    assert set(GOLDEN.iterdir()) == set(expected)
    for path, text in expected.items():
        assert path.read_text(encoding="utf-8") == text, path.name


def test_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    """What is written does not depend on the order of sets or on hashes."""
    config = tmp_path / "config.yaml"
    config.write_text("datasets: {a: {}}\nprediction_services: {a: {target: 'a:1'}}\n")
    texts = []
    for seed in "12":
        folder = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [
            sys.executable,
            "-m",
            "modelvane",
            "dashboards",
            f"--config={config}",
            f"--output={folder}",
        ]
        subprocess.run(command, check=True, capture_output=True, env=environment)
        texts.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert texts[0] == texts[1] != {}


@every_config
def test_grafanas_own_types_read_it_back(config: Config) -> None:
    """Read into the types that Grafana's schemas are compiled to, and written again, nothing is lost or added."""
    register_default_plugins()
    for uid, plain in written(config).items():
        # what those types lack of an annotation, Grafana's Prometheus data source reads
        for annotation in plain["annotations"]["list"]:
            for more in ("step", "titleFormat", "textFormat", "useValueForTime"):
                annotation.pop(more)
        read = Dashboard.from_json(plain)
        assert json.loads(JSONEncoder().encode(read)) == plain, uid
        for panel in read.panels or []:
            assert isinstance(panel, (Panel, RowPanel))
            if isinstance(panel, Panel):
                # an unknown kind of panel would have been left as it was
                assert type(panel.options).__module__.endswith(panel.type_val.replace("-", ""))
                assert {type(target).__module__.rpartition(".")[2] for target in panel.targets or []} == {
                    "prometheus"
                }


@every_config
def test_panels_do_not_overlap(config: Config) -> None:
    """On the grid of 24 columns each cell has one panel at most, and no two panels of a page have one id."""
    for uid, plain in written(config).items():
        taken: set[tuple[int, int]] = set()
        for panel in plain["panels"]:
            where = panel["gridPos"]
            cells = set(
                itertools.product(
                    range(where["x"], where["x"] + where["w"]), range(where["y"], where["y"] + where["h"])
                )
            )
            assert where["x"] + where["w"] <= COLUMNS
            assert not cells & taken, (uid, panel["title"])
            taken |= cells
        ids = [panel["id"] for panel in plain["panels"]]
        assert len(ids) == len(set(ids))


@every_config
def test_what_repeats_has_its_lines_to_itself(config: Config) -> None:
    """Repetitions fill the width, so nothing stands beside a panel that repeats."""
    for plain in written(config).values():
        tops = [panel["gridPos"]["y"] for panel in plain["panels"]]
        for panel in plain["panels"]:
            if panel.get("repeat"):
                assert tops.count(panel["gridPos"]["y"]) == 1


@every_config
def test_every_panel_says_what_it_is(config: Config) -> None:
    """A panel has a title of its own within its row, a description, a unit that Grafana knows, and queries."""
    for dashboard in dashboards_of(config):
        for row in dashboard.rows:
            titles = [panel.title for panel in row.panels]
            assert len(titles) == len(set(titles)) > 0, (dashboard.uid, row.title)
        for panel in dashboard.panels():
            assert panel.description.endswith((".", ")."))
            assert panel.unit in Unit
            assert 0 < len(panel.queries) <= 26


@every_config
def test_heads_of_tables_are_words(config: Config) -> None:
    """A column of a table is named once and for all: a label in its head would be shown as it is written."""
    for dashboard in dashboards_of(config):
        for panel in dashboard.panels():
            heads = [query.legend for query in panel.queries]
            if panel.kind is Kind.TABLE:
                assert all(heads)
                assert len(heads) == len(set(heads))
                assert not any("{{" in head for head in heads), panel.title


@every_config
def test_ids_of_panels_outlive_their_neighbours(config: Config) -> None:
    """A panel has the id that it has on the dashboard of any other config, wherever it stands there."""
    others = {
        (uid, each["id"]): each["title"]
        for other in ALL.values()
        for uid, plain in written(other).items()
        for each in plain["panels"]
    }
    for uid, plain in written(config).items():
        for each in plain["panels"]:
            assert others[uid, each["id"]] == each["title"]


def test_uids_are_the_names_of_the_files(tmp_path: Path) -> None:
    """The command writes a file per dashboard, named after its uid, which Grafana takes (at most 40 characters)."""
    config = tmp_path / "config.yaml"
    config.write_text("datasets: {a: {}}")
    done = CliRunner().invoke(app, ["dashboards", "--config", str(config), "-o", str(tmp_path / "grafana")])
    assert done.exit_code == 0
    files = sorted((tmp_path / "grafana").iterdir())
    assert sorted(done.stdout.split()) == [str(file) for file in files]
    assert [json.loads(file.read_text())["uid"] for file in files] == [file.stem for file in files]
    assert max(len(file.stem) for file in files) <= 40


def test_dashboards_that_are_no_longer_asked_for_go(tmp_path: Path) -> None:
    """A dashboard that lost its reason is removed; a file of somebody else's stays."""
    config, folder = tmp_path / "config.yaml", tmp_path / "grafana"
    arguments = ["dashboards", "--config", str(config), "-o", str(folder)]
    config.write_text("datasets: {a: {segments: [b]}}")
    assert CliRunner().invoke(app, arguments).exit_code == 0
    (folder / "modelvane-mine.json").touch()
    config.write_text("datasets: {a: {}}")
    done = CliRunner().invoke(app, arguments)
    assert "removed" in done.stderr
    assert not (folder / "modelvane-segments.json").exists()
    assert (folder / "modelvane-mine.json").exists()


@pytest.mark.parametrize("mine", ["{}", "[1]", '{"uid": "modelvane-drift", "tags": []}', "no JSON"])
def test_files_of_somebody_else_stay(mine: str, tmp_path: Path) -> None:
    """A file of the same name that is no dashboard of ours stays: nothing is written, and it is not removed."""
    config, folder = tmp_path / "config.yaml", tmp_path / "grafana"
    config.write_text("datasets: {a: {}}")
    folder.mkdir()
    arguments = ["dashboards", "--config", str(config), "-o", str(folder)]
    (folder / "modelvane-segments.json").write_text(mine)
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert (folder / "modelvane-segments.json").read_text() == mine
    (folder / "modelvane-drift.json").write_text(mine)
    (folder / "modelvane-quality.json").unlink()
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, "Received: 'modelvane-drift.json'" in done.stderr) == (2, True)
    assert (folder / "modelvane-drift.json").read_text() == mine
    assert not (folder / "modelvane-quality.json").exists()


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is a file ends in exit code 2 and a sentence, and the file stays."""
    config = tmp_path / "config.yaml"
    config.write_text("datasets: {a: {}}")
    done = CliRunner().invoke(app, ["dashboards", "--config", str(config), "-o", str(config)])
    assert (done.exit_code, f"Files cannot be written to {config}" in done.stderr) == (2, True)
    assert config.read_text() == "datasets: {a: {}}"


def test_without_the_extra_it_is_named(tmp_path: Path) -> None:
    """Without grafana-foundation-sdk the command says how to get it, and the dataclasses are there all the same."""
    config = tmp_path / "config.yaml"
    config.write_text("datasets: {a: {}}")
    hidden = (
        "import importlib.machinery as m, sys\n"
        "found = m.PathFinder.find_spec\n"
        "m.PathFinder.find_spec = lambda name, *rest: "
        "None if name == 'grafana_foundation_sdk' else found(name, *rest)\n"
        "from modelvane.config import Config\n"
        "from modelvane.dashboards import dashboards_of\n"
        f"assert len(dashboards_of(Config.load({str(config)!r}))) > 3\n"
        "from modelvane.cli import app\n"
        f"app(['dashboards', '--config', {str(config)!r}, '-o', {str(tmp_path / 'out')!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'modelvane[grafana]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for _path, _text in golden().items():
        _path.write_text(_text, encoding="utf-8")
