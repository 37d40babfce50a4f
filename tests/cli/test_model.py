"""A model over the reference: asked where the reference has no predictions, and what is wrong with one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.cli.trips import labelled, modelvane, trips, watched, write
from tests.service.serving import served, watch_of

from modelvane.config import Config
from modelvane.errors import ConfigError
from modelvane.model import ModelError
from modelvane.reference import Reference
from modelvane.references import load_reference
from modelvane.table import Table

MODELS = """
import numpy as np
import pyarrow as pa

asked = []

def linear(rows):
    asked.append(rows)
    return [4 * miles + 3 for miles in rows["distance"].to_pylist()]

def matrix(rows):
    return np.asarray(linear(rows))[:, None]

def series(rows):
    return pa.array(linear(rows))

def shares(rows):
    far = np.asarray(rows["distance"]) > 1
    return {"near": 1.0 - far, "far": far * 1.0}

def both(rows):
    return np.stack(list(shares(rows).values()), axis=1)

def fails(rows):
    return rows["distence"]

class Kept:
    @staticmethod
    def predict(rows):
        return linear(rows)

short = lambda rows: [1.0]
text = lambda rows: "12.5"
number = lambda rows: 12.5
unnamed = lambda rows: {"nearer": [0.0] * len(rows)}
none = None
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a reference without predictions, and models beside it, of a name that no other test has."""
    rows = [{k: v for k, v in row.items() if k != "prediction"} for row in labelled(300, 1)]
    write(tmp_path / "reference.parquet", rows)
    (tmp_path / f"{_module(tmp_path)}.py").write_text(MODELS)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def _module(folder: Path) -> str:
    return f"models_{folder.name}"


def config(folder: Path, model: str | None, **dataset: Any) -> Config:
    """Give a config that names a model of this folder."""
    named = {} if model is None else {"model": f"{_module(folder)}:{model}"}
    return Config.load(watched(folder, folder / "reference.parquet", **named, **dataset))


@pytest.mark.parametrize("model", ["linear", "matrix", "series", "Kept.predict"])
def test_a_model_says_what_the_reference_lacks(folder: Path, model: str) -> None:
    """The reference is that of data which has the model's predictions, whether it returns a list or an array."""
    found = load_reference(config(folder, model), "taxi")
    table = Table.of(folder / "reference.parquet")
    predictions = [4 * miles + 3 for miles in table.values("distance")]
    beside = Reference.of(table.with_column("prediction", predictions))
    assert found.tally.columns["prediction"] == beside.tally.columns["prediction"]
    assert found.performance is not None


@pytest.mark.parametrize("model", ["shares", "both"])
def test_a_model_of_probabilities(folder: Path, model: str) -> None:
    """A classifier gives a column for each class: by its name, or in the order of the config."""
    mapping = {"prediction": ["near", "far"], "target": None}
    found = load_reference(config(folder, model, column_mapping=mapping), "taxi")
    near = [float(miles <= 1) for miles in Table.of(folder / "reference.parquet").values("distance")]
    beside = Reference.of({"near": near, "far": [1 - share for share in near]}, prediction=["near", "far"])
    assert found.tally.columns["near"] == beside.tally.columns["near"]
    assert found.tally.columns["far"] == beside.tally.columns["far"]
    assert [column.name for column in found.schema.predictions] == ["near", "far"]


def test_a_reference_with_predictions_needs_no_model(folder: Path) -> None:
    """Predictions that are there stay: the model is not so much as imported."""
    write(folder / "reference.parquet", labelled(300, 1))
    assert load_reference(config(folder, "absent"), "taxi").performance is not None


def test_a_saved_reference_has_no_rows_to_ask_about(folder: Path) -> None:
    """A reference built without predictions is refused beside a model; one built by the config has them."""
    Reference.of(folder / "reference.parquet").save(folder / "reference.mv")
    named = f"{_module(folder)}:linear"
    with pytest.raises(ConfigError, match="without predictions"):
        load_reference(Config.load(watched(folder, folder / "reference.mv", model=named)), "taxi")
    by_data = watched(folder, folder / "reference.parquet", model=named)
    assert modelvane("reference", "build", "--config", by_data, "-o", folder / "reference.mv").exit_code == 0
    loaded = load_reference(Config.load(watched(folder, folder / "reference.mv", model=named)), "taxi")
    assert loaded.schema.predictions[0].name == "prediction"


def test_the_live_service_asks_the_model_too(folder: Path) -> None:
    """The service builds the same reference as a report does."""
    settings = {"reference_file": "reference.parquet", "model": f"{_module(folder)}:linear"}
    plain = {"datasets": {"taxi": settings}, "service": {"port": 0}}
    with served(plain, folder) as client:
        assert watch_of(client).monitor.reference.schema.predictions[0].name == "prediction"


def test_another_model_builds_another_reference(folder: Path) -> None:
    """A reference is kept until the model's name or its module's file changes."""
    first = load_reference(config(folder, "linear"), "taxi")
    kept = {file.name for file in (folder / "log.db.references").iterdir()}
    assert load_reference(config(folder, "linear"), "taxi").digest == first.digest
    assert {file.name for file in (folder / "log.db.references").iterdir()} == kept
    module = folder / f"{_module(folder)}.py"
    state = module.stat()
    os.utime(module, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))
    load_reference(config(folder, "linear"), "taxi")
    assert {file.name for file in (folder / "log.db.references").iterdir()} != kept


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("absent", "is not there. Received: 'absent'. Available: .*linear"),
        ("none", "is not callable. Received: 'NoneType'"),
        ("short", "one prediction per row of the reference. Received: '1 predictions'"),
        ("text", "one prediction per row of the reference. Received: 'str'"),
        ("number", "one prediction per row of the reference. Received: 'float'"),
        ("unnamed", "one prediction per row of the reference. Received: 'dict'"),
        (
            "fails",
            "failed over the reference: KeyError: .*distence.* a pyarrow table with the columns .*distance",
        ),
    ],
)
def test_a_model_that_cannot_be_used(folder: Path, model: str, said: str) -> None:
    """A model that is not there, no function, raises, or returns anything but one prediction per row says so."""
    with pytest.raises(ModelError, match=said):
        load_reference(config(folder, model), "taxi")


def test_a_model_that_cannot_be_imported(folder: Path) -> None:
    """A module that is not there, or fails, is an error with what Python said of it."""
    (folder / "broken_model.py").write_text("import absent_package")
    for name, said in (("absent_module:f", "absent_module"), ("broken_model:f", "absent_package")):
        path = watched(folder, folder / "reference.parquet", model=name)
        with pytest.raises(ModelError, match=f"cannot be imported: ModuleNotFoundError.*{said}"):
            load_reference(Config.load(path), "taxi")


@pytest.mark.parametrize("name", ["model", "model:", ":predict", ""])
def test_a_name_that_is_none(folder: Path, name: str) -> None:
    """A model without a module or a function is refused as the config is read."""
    with pytest.raises(ConfigError, match=r"datasets\.taxi\.model.*package\.module:function"):
        Config.load(watched(folder, folder / "reference.parquet", model=name))


def test_a_report_of_a_model(folder: Path) -> None:
    """A report judges logged predictions against those that the model made of the reference."""
    current = write(folder / "current.parquet", trips(300, 2))
    path = watched(folder, folder / "reference.parquet", model=f"{_module(folder)}:linear")
    result = modelvane("check", "--config", path, "--current", current, "--format", "text")
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if "prediction" in line and "Kolmogorov" in line]
    assert line.startswith("Alarm")
