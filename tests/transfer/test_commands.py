"""The commands that move what a log holds: what they say, and how they exit."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result
from tests.service.listening import listening
from tests.service.serving import save_reference, settings
from tests.transfer.compare import content
from tests.transfer.conftest import Opener

from modelvane.cli import app
from modelvane.findings import Findings
from modelvane.schema import Schema
from modelvane.store import Log
from modelvane.table import Table


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def store(log: Log, schema: Schema, tmp_path: Path) -> str:
    """Give the URL of a log with two datasets, which nobody has open."""
    log.append(
        "taxi",
        Table.of({"trip": ["1", "2", "3"], "pickup": [10.0, 20.0, 30.0], "distance": [1.0, "x", 3]}),
        1.0,
    )
    log.label("taxi", ["1"], [5.0], None, 2.0)
    log.append_findings(Findings("taxi", 3.0, 3, 1, ()))
    log.open("reco", schema)
    log.append("reco", Table.of({"trip": ["9"]}), 1.0)
    log.close()
    return f"sqlite:///{tmp_path / 'source.db'}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file with labels: one that is there, one of a row, one of none."""
    path = tmp_path / "labels.csv"
    path.write_text("id,target\n1,5.0\n2,6.5\n77,1\n")
    return path


def test_labels_are_imported(store: str, file: Path, opener: Opener) -> None:
    """It says what became of the labels; rows that are none are told on standard error, with exit code 1."""
    result = run("labels", "import", file, "--store", store, "--dataset", "taxi")
    assert (result.exit_code, result.stderr) == (0, "")
    said = "taxi: 1 matched, 1 waiting for a row with their id, 1 repeated, 0 changed, 0 left out\n"
    assert result.stdout == said
    file.write_text("id,target\n1,5.0\n2,many\n,1\n")
    result = run("labels", "import", file, "--store", store, "--dataset", "taxi")
    assert result.exit_code == 1
    assert "1 repeated, 0 changed, 2 left out" in result.stdout
    assert "1 row with a target that is no value of its column: row 2" in result.stderr
    assert "1 row without an id: row 3" in result.stderr
    log = opener("source")
    log.open("taxi", log.datasets()["taxi"])
    assert log.find("taxi", ["2"]).table.values("duration") == [6.5]


def test_the_log_of_a_config(store: str, file: Path, tmp_path: Path) -> None:
    """A config names its log and datasets; with one dataset its name need not be said."""
    config = tmp_path / "config.yaml"
    config.write_text(f"datasets: {{taxi: {{}}}}\nservice: {{store: '{store}'}}\n")
    result = run("labels", "import", file, "--config", config, "--dataset", "taxi")
    assert result.exit_code == 0
    assert "1 matched" in result.stdout
    assert run("export", "--config", config, "-o", tmp_path / "out").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["labels", "import", "FILE"], "--config or --store"),
        (["labels", "import", "FILE", "--store", "STORE"], "Give --dataset, one of: taxi, reco"),
        (["labels", "import", "FILE", "--store", "STORE", "--dataset", "taxy"], "Did you mean 'taxi'"),
        (
            ["labels", "import", "FILE", "--store", "sqlite:///absent.db", "--dataset", "taxi"],
            "There is no log to read",
        ),
        (
            ["labels", "import", "FILE", "--store", "nosql://x", "--dataset", "taxi"],
            "There is no store for this URL",
        ),
        (
            ["labels", "import", "absent.csv", "--store", "STORE", "--dataset", "taxi"],
            "There is no file absent.csv",
        ),
        (["labels", "import", "FILE", "--url", "http://127.0.0.1:1"], "Give --dataset"),
        (
            ["labels", "import", "FILE", "--store", "STORE", "--dataset", "taxi", "--id-column", "idd"],
            "--id-column 'id'",
        ),
        (["export", "--store", "STORE", "--dataset", "rico", "-o", "out"], "Did you mean 'reco'"),
        (["export", "--store", "sqlite:///absent.db", "-o", "out"], "There is no log to read"),
        (["export", "--store", "STORE", "-o", "out", "--since", "soon"], "This is no time"),
        (["import", "absent", "--store", "sqlite:///new.db"], "There is no export in absent"),
        (["copy", "--from", "STORE", "--to", "sqlite:///new.db", "--dataset", "x"], "Unknown dataset"),
    ],
)
def test_what_is_refused(
    store: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    """What cannot be done ends with exit code 2 and a sentence that says why, not a traceback."""
    monkeypatch.chdir(tmp_path)
    filled = [{"FILE": str(file), "STORE": store}.get(argument, argument) for argument in arguments]
    result = run(*filled)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "absent.db").exists()


def test_a_log_goes_out_and_in(store: str, opener: Opener, tmp_path: Path) -> None:
    """All datasets are exported into a folder and imported from it, or copied, and it says how much that was."""
    result = run("export", "--store", store, "-o", tmp_path / "out")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        f"{tmp_path / 'out' / 'taxi'}: 3 rows, 1 labels, 1 rounds of findings\n"
        f"{tmp_path / 'out' / 'reco'}: 1 rows, 0 labels, 0 rounds of findings\n"
    )
    imported = run("import", tmp_path / "out", "--store", f"sqlite:///{tmp_path / 'imported.db'}")
    assert imported.exit_code == 0
    assert "taxi: 3 rows, 1 labels, 1 rounds of findings; 0 rows and 0 labels were there" in imported.stdout
    copied = run("copy", "--from", store, "--to", f"sqlite:///{tmp_path / 'copied.db'}")
    assert copied.exit_code == 0
    logs = [opener(name) for name in ("source", "imported", "copied")]
    for dataset in ("taxi", "reco"):
        contents = [content(log, dataset) for log in logs]
        assert contents[1] == contents[0]
        assert contents[2] == contents[0]


def test_a_period_of_one_dataset(store: str, tmp_path: Path) -> None:
    """`--dataset`, `--since` and `--until` choose what is exported and copied."""
    chosen = ["--dataset", "taxi", "--since", "1970-01-01T00:00:15", "--until", "30"]
    result = run("export", "--store", store, "-o", tmp_path / "out", *chosen)
    assert "taxi: 1 rows, 0 labels, 0 rounds" in result.stdout
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["taxi"]
    copied = run("copy", "--from", store, "--to", f"sqlite:///{tmp_path / 'copied.db'}", *chosen)
    assert copied.stdout.startswith("taxi: 1 rows, 0 labels, 0 rounds")


def test_passwords_stay_out_of_the_folder(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest says which log it is of, the same from any directory."""
    monkeypatch.chdir(tmp_path)
    assert run("export", "--store", "sqlite:///source.db", "-o", "out").exit_code == 0
    manifest = json.loads((tmp_path / "out" / "taxi" / "modelvane.json").read_text())
    assert manifest["source"] == store
    monkeypatch.chdir(tmp_path / "out")
    assert run("export", "--store", store, "-o", tmp_path / "out").exit_code == 0


def test_a_log_that_is_served(tmp_path: Path, file: Path) -> None:
    """Beside a service, labels are refused with what to do, and posted with --url; the log can be exported."""
    reference = save_reference(tmp_path / "taxi.mv")
    with listening(settings(reference), tmp_path) as service:
        url = f"http://127.0.0.1:{service.port}"
        store = f"sqlite:///{tmp_path / 'modelvane.db'}"
        rows = [{"id": id_, "trip_distance": 1.0} for id_ in ("1", "2")]
        requests.post(f"{url}/v1/datasets/taxi/predictions", json=rows, timeout=300).raise_for_status()
        refused = run("labels", "import", file, "--store", store)
        assert refused.exit_code == 2
        assert "Another writer has the log open" in refused.stderr
        assert "modelvane labels import --url" in refused.stderr
        posted = run("labels", "import", file, "--store", store, "--url", url)
        assert (posted.exit_code, posted.stderr) == (0, "")
        assert "taxi: 2 matched, 1 waiting" in posted.stdout
        assert "3 repeated" in run("labels", "import", file, "--url", url, "--dataset", "taxi").stdout
        series = requests.get(f"{url}/metrics", timeout=300).text
        assert 'modelvane_ingest_labels_total{dataset="taxi",outcome="matched"} 2' in series
        wrong = run("labels", "import", file, "--url", url, "--dataset", "taxy")
        assert (wrong.exit_code, "Did you mean 'taxi'" in wrong.stderr) == (2, True)
        exported = run("export", "--store", store, "-o", tmp_path / "out")
        assert "taxi: 2 rows, 3 labels" in exported.stdout


def test_a_progress_bar_is_for_terminals(store: str, file: Path) -> None:
    """On a terminal a bar is drawn on standard error; in a pipe there is none."""
    command = [
        sys.executable,
        "-m",
        "modelvane",
        "labels",
        "import",
        str(file),
        "--store",
        store,
        "--dataset",
        "taxi",
    ]
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    assert piped.stderr == ""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    shown = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=theirs, text=True, check=True, env=environment
    )
    os.close(theirs)
    drawn = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "Labels of taxi" in drawn
    assert "3 rows" in drawn
    assert "3 repeated" in shown.stdout
