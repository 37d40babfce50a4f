"""A log comes out and goes in again as it was."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.transfer.compare import content
from tests.transfer.conftest import Opener

from modelvane.errors import SchemaError, UnknownNameError
from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.schema import Column, Kind, Role, Schema
from modelvane.store import Log
from modelvane.table import Table
from modelvane.times import NO_TIME
from modelvane.transfer.contents import LogContents
from modelvane.transfer.export import export
from modelvane.transfer.folder import exports_in
from modelvane.transfer.pour import Poured, pour

FOUND = Finding(
    family=Family.DRIFT, measure="psi", column="zone", value=math.inf, p_value=1e-300, verdict=Verdict.ALARM
)
WHY = Finding(family=Family.QUALITY, measure="mean", segment="zone=1", verdict=Verdict.UNDEFINED, why="☃")


def fill(log: Log) -> None:
    """Log rows, labels and findings of every kind."""
    log.append(
        "taxi",
        Table.of({"trip": list("abc"), "pickup": [3e5, 1e5, None], "distance": [1, 2.5, math.nan]}),
        7.25,
    )
    log.append(
        "taxi", Table.of([{"zone": "x", "shared": 1, "tags": [1, {"b": None}]}, {"pickup": "never"}]), 8.5
    )
    log.append("taxi", Table.of({"trip": ["d"], "payment": [b"\0\xff"], "duration": [4.0]}), 9.0)
    log.append("taxi", Table.of({"trip": ["e", "f"], "payment": ["\ud800", "☃"], "zone": [10**30, 3.0]}), 9.5)
    log.label("taxi", ["early", "b", "a"], ["text", 12.0, math.nan], np.array([5, NO_TIME, -(10**14)]), 10.0)
    log.label("taxi", ["b"], [None], None, 11.0)
    for moment in (1.0, 2.0, 2.5):
        log.append_findings(Findings("taxi", moment, 5, 2, (FOUND, WHY)))
    log.append_findings(Findings("taxi", 3.0, 0, 0, ()))
    for since in (0.0, 1.0):
        log.append_findings(Findings("taxi", 4.0, 5, 2, (FOUND,), (since, 6.0)))


def through_folder(source: Log, target: Log, folder: Path, dataset: str = "taxi") -> None:
    export(LogContents(source, dataset), folder)
    for contents in exports_in(folder):
        pour(contents, target)


def test_a_folder_keeps_everything(log: Log, opener: Opener, tmp_path: Path) -> None:
    """Rows, labels and findings of a log are in another as they were, after an export and an import."""
    fill(log)
    copy = opener("copy")
    through_folder(log, copy, tmp_path / "out")
    assert content(copy) == content(log)


def test_a_copy_keeps_everything(log: Log, opener: Opener) -> None:
    """Rows, labels and findings of a log are in another as they were, without a folder between."""
    fill(log)
    copy = opener("copy")
    poured = pour(LogContents(log, "taxi"), copy)
    assert content(copy) == content(log)
    assert poured == Poured(rows=8, labels=3, rounds=6)


def test_many_pages_keep_everything(
    log: Log, opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However small the pages, rows over many days, labels and findings come in their order, each once."""
    for name, size in {"LABELS_PAGE": 7, "ROUNDS_PAGE": 2, "_MOST_ROWS": 11, "_FEWEST_ROWS": 1}.items():
        monkeypatch.setattr(f"modelvane.transfer.contents.{name}", size)
    times = np.random.default_rng(7).uniform(0, 5 * 86_400, 200)
    log.append("taxi", Table.of({"pickup": times.tolist(), "distance": times.tolist()}), 1.0)
    ids = log.head("taxi", rows=200).ids
    log.label("taxi", [*ids[::-2], *"xyz"], [*times[::-2].tolist(), 1, 2, 3], None, 2.0)
    fill(log)
    # more rounds of one moment than a page has
    for since in range(5):
        log.append_findings(Findings("taxi", 9.0, 1, 1, (WHY,), (float(since), 8.0)))
    copies = opener("copy"), opener("folder")
    pour(LogContents(log, "taxi"), copies[0])
    through_folder(log, copies[1], tmp_path / "out")
    assert content(copies[0]) == content(log)
    assert content(copies[1]) == content(log)


def test_a_dataset_without_id_time_and_target(opener: Opener, tmp_path: Path) -> None:
    """Ids that the log assigned and times of arrival are kept where no column is theirs, or one of that name is not."""
    for number, schema in enumerate(
        [Schema((Column("a"),)), Schema((Column("id"), Column("time"), Column("date")))]
    ):
        source, copy = opener(f"source{number}"), opener(f"copy{number}")
        source.open("odd/name .", schema)
        source.append(
            "odd/name .", Table.of({"a": [1.0, 2.0], "id": [3, 3], "date": [1.5, None]}), 123456.789012
        )
        source.label("odd/name .", source.head("odd/name .", rows=1).ids, [True], None, 3.0)
        through_folder(source, copy, tmp_path / str(number), "odd/name .")
        assert content(copy, "odd/name .") == content(source, "odd/name .")


NAMES = [
    '"quoted"', "a b", "date", "modelvane_seq", "modelvane_other", "modelvane_x", "a.b", "événement", "A", "a", "",
    "nul\0", "\ud800", "id",
]  # fmt: skip


def test_any_name_of_a_column_is_kept(opener: Opener, tmp_path: Path) -> None:
    """Columns may be called whatever they are called, like ours too; an id and a time as well."""
    columns = tuple(Column(name) for name in NAMES)
    own = (Column("modelvane_id", Role.ID, None, "string"), Column("", Role.TIME, None, "timestamp[us]"))
    for number, schema in enumerate([Schema(columns), Schema((*own, *columns[:10]))]):
        source, copy = opener(f"source{number}"), opener(f"copy{number}")
        source.open("taxi", schema)
        table = {column.name: [float(i)] for i, column in enumerate(schema)} | {"modelvane_new": ["x"]}
        source.append("taxi", Table(table, 1), 5.0)
        through_folder(source, copy, tmp_path / str(number))
        assert content(copy) == content(source)
        assert source.head("taxi", rows=1).table.values("modelvane_new") == ["x"]


def test_columns_that_left_the_schema_are_kept(opener: Opener, schema: Schema, tmp_path: Path) -> None:
    """Values of columns that the dataset no longer has are kept with those that it has."""
    source, copy = opener("source"), opener("copy")
    source.open("taxi", Schema((Column("fare"), Column("gone", kind=Kind.CATEGORICAL, dtype="string"))))
    source.append("taxi", Table.of({"fare": [1.0, 2.0], "gone": ["x", b"y"]}), 1.0)
    source.open("taxi", schema)
    source.append("taxi", Table.of({"trip": ["1"], "distance": [2.0]}), 2.0)
    through_folder(source, copy, tmp_path / "out")
    assert content(copy) == content(source)
    assert content(copy)["scan"][0]["table"]["gone"][1] == ("bytes", b"y")


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters()), st.binary(max_size=8)
)
TAGS = st.sampled_from(["$bytes", "$object", "a"])
NESTED = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TAGS, inner, max_size=2),
    max_leaves=6,
)
MOMENTS = st.integers(-(10**15), 10**15)
ROW = st.fixed_dictionaries(
    {
        "pickup": st.one_of(st.none(), st.floats(-1e11, 1e11), st.text(max_size=3)),
        "distance": SCALARS,
        "payment": SCALARS,
        "zone": SCALARS | NESTED,
        "shared": st.booleans() | SCALARS,
        "prediction": st.floats() | st.integers(),
        "duration": SCALARS,
        "unexpected": NESTED,
    }
)
LABEL = st.tuples(st.integers(0, 12), SCALARS | NESTED, st.none() | MOMENTS)


@pytest.fixture
def logs(opener: Opener) -> tuple[Log, Log, Log]:
    """Open logs for all examples, each of which has a dataset of its own: opening takes longer than all the rest."""
    return opener("source"), opener("copied"), opener("imported")


# few, for each example writes a folder and three datasets
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(ROW, max_size=8), st.lists(LABEL, max_size=8), st.floats(0, 1e10))
def test_any_log_comes_back(
    logs: tuple[Log, Log, Log],
    schema: Schema,
    rows: list[dict[str, Any]],
    labels: list[tuple[int, Any, int | None]],
    received: float,
) -> None:
    """Whatever rows and labels a log has, a scan of its copy is the scan of the source, bit for bit."""
    log, copy, imported = logs
    dataset = f"taxi {len(log.datasets())}"
    log.open(dataset, schema)
    for number, row in enumerate(rows):
        log.append(dataset, Table.of([row | {"trip": number}]), received + number / 7)
    for number, target, time in labels:
        log.label(dataset, [number], [target], None if time is None else np.array([time]), received + 0.1)
    pour(LogContents(log, dataset), copy)
    with tempfile.TemporaryDirectory() as folder:
        through_folder(log, imported, Path(folder), dataset)
    source = content(log, dataset)
    assert content(copy, dataset) == source
    assert content(imported, dataset) == source


def test_a_period_is_its_rows_labels_and_findings(log: Log, opener: Opener, tmp_path: Path) -> None:
    """Of a period, the rows of that time are there, their labels, and the findings computed in it."""
    fill(log)
    copy = opener("copy")
    export(LogContents(log, "taxi", since=7.0, until=2e5), tmp_path)
    [contents] = exports_in(tmp_path)
    pour(contents, copy)
    assert [rows.ids for rows in copy.scan("taxi")] == [r.ids for r in log.scan("taxi", 7.0, 2e5)]
    assert copy.labels_head("taxi", rows=9).ids == ["b"]
    assert copy.read_findings("taxi") == []
    pour(LogContents(log, "taxi", since=2.0, until=3.0), copy)
    assert [found.computed_at for found in copy.read_findings("taxi")] == [2.0, 2.5]


def test_filling_again_changes_nothing(log: Log, opener: Opener, tmp_path: Path) -> None:
    """A second import, or a copy after it, finds everything there."""
    fill(log)
    copy = opener("copy")
    through_folder(log, copy, tmp_path / "out")
    for contents in (*exports_in(tmp_path / "out"), LogContents(log, "taxi")):
        poured = pour(contents, copy)
        assert (poured.rows, poured.labels, poured.known_rows, poured.known_labels) == (0, 0, 8, 3)
    assert content(copy) == content(log)


def test_what_is_there_stays(log: Log, opener: Opener, schema: Schema) -> None:
    """Rows that the filled log has win over those of the same id, and its schema keeps its columns."""
    copy = opener("copy")
    own = Schema((*schema.columns, Column("tip")))
    copy.open("taxi", own)
    copy.append("taxi", Table.of({"trip": ["a", "z"], "distance": [77.0, 78.0], "tip": [1.0, 2.0]}), 1.0)
    fill(log)
    poured = pour(LogContents(log, "taxi"), copy)
    assert (poured.rows, poured.known_rows) == (7, 1)
    assert copy.find("taxi", ["a", "z"]).table.values("distance") == [77.0, 78.0]
    assert copy.datasets()["taxi"] == own


@pytest.mark.parametrize("role", [Role.ID, Role.TIME, Role.TARGET])
def test_another_meaning_is_refused(log: Log, opener: Opener, schema: Schema, role: Role) -> None:
    """A dataset with another id, time or target than the one that is there is not mixed with it."""
    copy = opener("copy")
    renamed = [replace(c, name="other") if c.role is role else c for c in schema]
    copy.open("taxi", Schema(tuple(renamed)))
    with pytest.raises(SchemaError, match=f"another {role} column.*other"):
        pour(LogContents(log, "taxi"), copy)


def test_an_unknown_dataset_is_told_with_the_nearest(log: Log) -> None:
    """A dataset that the log does not hold is an error that names the nearest."""
    with pytest.raises(UnknownNameError, match="Did you mean 'taxi'"):
        LogContents(log, "taxy")
