"""Evidently's report of the same rows: what it is shown, and what is said where it is not there."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner, Result

from modelvane.cli import app
from modelvane.config import Config
from modelvane.engines.evidently import EvidentlyError, find_interpreter, render
from modelvane.engines.evidently.rows import write_rows
from modelvane.engines.source import TableSource, whole_batches
from modelvane.reference import Reference
from modelvane.references import load_reference
from modelvane.service.switching import switched
from modelvane.store import open_log
from modelvane.table import Table

STAND_IN = '''#!{python}
"""Stands in for a Python with Evidently: does what it is told in a file beside it."""
import json, pathlib, sys
job = json.loads(pathlib.Path(sys.argv[3]).read_text())
(pathlib.Path({folder!r}) / "job.json").write_text(json.dumps(job))
exec(pathlib.Path({folder!r}, "does.py").read_text())
'''
ANSWERS = """
pathlib.Path(job["html"]).write_text("<html>theirs</html>")
pathlib.Path(sys.argv[4]).write_text(json.dumps({"version": "0.7.0", "metrics": []}))
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of a program that takes the place of Evidently's Python, and answers."""
    program = tmp_path / "python"
    program.write_text(STAND_IN.format(python=sys.executable, folder=str(tmp_path)))
    program.chmod(0o755)
    (tmp_path / "does.py").write_text(ANSWERS)
    monkeypatch.setenv("MODELVANE_EVIDENTLY_PYTHON", str(program))
    return tmp_path


def rows(count: int, **more: object) -> list[dict[str, object]]:
    """Make up rows; numbers have decimals, so that they are not taken for categories."""
    return [
        {"time": 60.0 * i, "x": 0.37 * i, "zone": "abc"[i % 3], "prediction": 0.21 * i, "target": 0.2 * i}
        | more
        for i in range(count)
    ]


def test_rows_are_shown_as_they_are_counted(tmp_path: Path) -> None:
    """Numbers, categories and times are cast as for counting; faults and columns that are not there are missing."""
    schema = Reference.of(rows(50)).schema
    odd = [{"time": "1970-01-01T00:01:00", "x": "wrong", "zone": 74.0}, {"x": float("inf"), "zone": None}]
    known = write_rows(whole_batches(TableSource(odd), schema), schema, tmp_path / "rows.parquet")
    table = pq.read_table(tmp_path / "rows.parquet").to_pydict()
    assert table["x"] == table["prediction"] == [None, None]
    assert table["zone"] == ["74", None]
    assert [None if at is None else at.minute for at in table["time"]] == [1, None]
    assert (known["zone"], known["x"]) == (1, 0)


def test_columns_without_values_are_left_out(stand_in: Path) -> None:
    """A column that is empty on one side would end Evidently's report: it is not asked for, and named."""
    before = rows(60)
    reference = Reference.of(before)
    rendered = render(reference, TableSource(before), TableSource(rows(20, target=None, x=None)))
    assert (rendered.html, rendered.version) == ("<html>theirs</html>", "0.7.0")
    assert rendered.left_out == ("x", "target")
    job = (stand_in / "job.json").read_text()
    assert '"drift": ["zone", "prediction"]' in job
    assert '"performance": null' in job


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, {"task": "regression", "target": "target", "prediction": "prediction"}),
        (
            {"target": "yes", "prediction": "no"},
            {"target": "no", "prediction": "no"},
            {"task": "multiclass", "target": "target", "prediction_labels": "prediction"},
        ),
        (
            {"target": "yes", "prediction": 0.75},
            {"target": "no", "prediction": 0.25},
            {"task": "binary", "target": "target", "prediction_probas": "prediction", "pos_label": "yes"},
        ),
    ],
)
def test_the_task_is_told(
    stand_in: Path, before: dict[str, object], after: dict[str, object], expected: dict[str, object]
) -> None:
    """Predictions are held against targets in the way in which modelvane does."""
    data = [*rows(40, **before), *rows(40, **after)]
    render(Reference.of(data), TableSource(data), TableSource(data))
    assert json.loads((stand_in / "job.json").read_text())["performance"] == expected


def test_what_it_says_when_it_fails_is_passed_on(stand_in: Path) -> None:
    """An error of Evidently's is one sentence with its last line."""
    (stand_in / "does.py").write_text("raise ValueError('pandas is too new')")
    data = rows(40)
    with pytest.raises(EvidentlyError, match="ValueError: pandas is too new"):
        render(Reference.of(data), TableSource(data), TableSource(data))


def test_nothing_to_compare_is_said(stand_in: Path) -> None:
    """Without a value in any column there is a sentence, and Evidently is not started."""
    data = rows(40)
    with pytest.raises(EvidentlyError, match="nothing that Evidently could compare"):
        render(Reference.of(data), TableSource(data), TableSource([]))
    assert not (stand_in / "job.json").exists()


def test_a_python_without_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed, here or in the Python that was named, the message says how to install it."""
    monkeypatch.setenv("MODELVANE_EVIDENTLY_PYTHON", sys.executable)
    data = rows(40)
    with pytest.raises(EvidentlyError, match=r"pip install 'modelvane\[evidently\]'"):
        render(Reference.of(data), TableSource(data), TableSource(data))
    with pytest.raises(EvidentlyError, match="pandas<3"):
        find_interpreter(environ={})
    with pytest.raises(EvidentlyError, match=r"is not there\. Received: '/no/such/python'"):
        find_interpreter(environ={"MODELVANE_EVIDENTLY_PYTHON": "/no/such/python"})


def test_the_command_writes_its_report(stand_in: Path) -> None:
    """`modelvane report --engine evidently` writes its HTML and values; a saved reference has no rows for it."""
    data = rows(80)
    names = list(data[0])
    text = "\n".join([",".join(names), *(",".join(str(row[name]) for name in names) for row in data)])
    reference, current, saved = (stand_in / name for name in ("reference.csv", "current.csv", "reference.mv"))
    reference.write_text(text)
    current.write_text(text)
    Reference.of(data).save(saved)
    command = [
        "report",
        f"--current={current}",
        "--engine=evidently",
        f"--output={stand_in / 'theirs.html'}",
        "--json=-",
    ]
    done = CliRunner().invoke(app, [*command, f"--reference={reference}"])
    assert done.exit_code == 0, done.stderr
    assert (stand_in / "theirs.html").read_text() == "<html>theirs</html>"
    assert json.loads(done.stdout) == {"engine": "evidently", "version": "0.7.0", "metrics": []}
    refused = CliRunner().invoke(app, [*command, f"--reference={saved}"])
    assert refused.exit_code == 2
    assert "a saved reference has none" in refused.stderr


def promoted(folder: Path, reference: Path) -> Path:
    """Write a config with a reference of 60 rows, and a log whose second hour has another one; give the config."""
    configured, path = folder / "configured.parquet", folder / "config.yaml"
    pq.write_table(pa.Table.from_pylist(rows(60)), configured)
    plain = {"datasets": {"x": {"reference_file": str(configured)}}, "service": {"store": "sqlite:///log.db"}}
    path.write_text(yaml.safe_dump(plain))
    config = Config.load(path)
    before = load_reference(config, "x")
    taken = switched(
        "x",
        reference,
        before=before,
        after=before,
        configured=configured,
        champion=None,
        keeps_rows=False,
        at=3600.0,
    )
    with closing(open_log(config.store_url)) as log:
        log.open("x", before.schema)
        log.append("x", Table.of([row | {"id": str(at)} for at, row in enumerate(rows(120))]), 0.0)
        log.append_events([taken(60)])
    return path


def report(config: Path, hour: int) -> Result:
    """Ask Evidently about an hour of the log."""
    since, until = (f"1970-01-01T{each:02}:00:00" for each in (hour, hour + 1))
    command = ["report", f"--config={config}", "--engine=evidently", f"--since={since}", f"--until={until}"]
    return CliRunner().invoke(app, [*command, "--json=-"])


def test_a_promoted_reference_is_compared_with(stand_in: Path) -> None:
    """Evidently is shown the rows of the reference that held when the period ended, as every other report is."""
    seen = stand_in / "seen.parquet"
    (stand_in / "does.py").write_text(
        f"import shutil\nshutil.copy(job['reference'], {str(seen)!r})\n{ANSWERS}"
    )
    pq.write_table(pa.Table.from_pylist(rows(90)), stand_in / "taken.parquet")
    config = promoted(stand_in, stand_in / "taken.parquet")
    counts = []
    for hour in (0, 1):
        done = report(config, hour)
        assert done.exit_code == 0, done.stderr
        counts.append(pq.read_metadata(seen).num_rows)
    assert counts == [60, 90]


def test_a_promoted_reference_without_rows_is_told(stand_in: Path) -> None:
    """A promoted reference without rows is an error that says what to do; the one before it is not taken instead."""
    Reference.of(rows(90)).save(stand_in / "taken.mv")
    config = promoted(stand_in, stand_in / "taken.mv")
    assert report(config, 0).exit_code == 0
    refused = report(config, 1)
    assert (refused.exit_code, "taken.mv" in refused.stderr) == (2, True)
    assert "let the retrain name data as `reference`" in refused.stderr
