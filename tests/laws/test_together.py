"""Row rulers: what looks at several columns of a row at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

import modelvane.row_rulers
from modelvane import Monitor, Reference, Settings
from modelvane.block import Block
from modelvane.casting import Fault, Numbers
from modelvane.engines.count import count
from modelvane.engines.files import FileSource
from modelvane.engines.source import TableSource
from modelvane.errors import UnknownNameError
from modelvane.row_ruler import Learned
from modelvane.schema import Schema
from modelvane.settings import Window


@dataclass(frozen=True)
class _Above:
    """Rows, and those whose first column exceeds the second."""

    n: int
    above: int

    def __add__(self, other: _Above) -> _Above:
        return _Above(self.n + other.n, self.above + other.above)

    def facts(self) -> dict[str, Any]:
        return {"n": self.n, "above": self.above}

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {}


@dataclass(frozen=True)
class _AboveRuler:
    name: str
    of_truth: bool
    columns: Sequence[str]

    def count(self, block: Block) -> _Above:
        one, other = (block.columns[name] for name in self.columns)
        assert isinstance(one, Numbers)
        assert isinstance(other, Numbers)
        has_both = np.ones(block.rows, bool)
        for column in (one, other):
            has_both &= True if column.faults is None else column.faults == Fault.NONE
        above = (one.values > other.values) & has_both
        return _Above(int(has_both.sum()), int(above.sum()))

    def facts(self) -> dict[str, Any]:
        return {"of_truth": self.of_truth, "columns": list(self.columns)}

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {}

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> _Above:
        assert not arrays
        return _Above(**facts)


@dataclass(frozen=True)
class _AboveKind:
    name: str
    of_truth: bool
    columns: Sequence[str]

    def wanted(self, schema: Schema) -> Sequence[str]:
        return self.columns if set(self.columns) <= set(schema.names) else ()

    def learn(self, learned: Learned) -> _AboveRuler:  # noqa: ARG002 - nothing of the rows is needed
        return _AboveRuler(self.name, self.of_truth, self.columns)

    def read(self, *about: Any) -> _AboveRuler:
        """Read facts, which come after the schema and the rulers."""
        return _AboveRuler(self.name, about[2]["of_truth"], tuple(about[2]["columns"]))


FEATURES = _AboveKind("features", of_truth=False, columns=("a", "b"))
ERRORS = _AboveKind("errors", of_truth=True, columns=("prediction", "target"))
ROWS = 400


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modelvane.row_rulers, "DEFAULTS", ())
    monkeypatch.setattr(
        modelvane.row_rulers, "READERS", {kind.name: kind.read for kind in (FEATURES, ERRORS)}
    )
    monkeypatch.setattr(modelvane.row_rulers, "DEFAULTS", ())


def rows(seed: int, n: int = ROWS) -> dict[str, list[float | None]]:
    drawn = np.random.default_rng(seed).normal(size=(4, n))
    columns = dict(zip(("a", "b", "prediction", "target"), drawn.tolist(), strict=True))
    columns["a"][3] = None
    columns["target"][5:9] = [None] * 4
    return {"at": (1.6e9 + 60.0 * np.arange(n)).tolist(), **columns}


def reference(**more: Any) -> Reference:
    about = {"prediction": "prediction", "target": "target", "time": "at", **more}
    return Reference.of(rows(0), also=[FEATURES, ERRORS], **about)


def above(of: Mapping[str, list[float | None]], one: str, other: str) -> _Above:
    """Count by plain loops."""
    pairs = [(x, y) for x, y in zip(of[one], of[other], strict=True) if x is not None and y is not None]
    return _Above(len(pairs), sum(x > y for x, y in pairs))


def test_a_reference_counts_its_own_rows() -> None:
    """What a row ruler remembers of the reference is what plain loops count."""
    known = reference().tally.together
    assert known == {
        "features": above(rows(0), "a", "b"),
        "errors": above(rows(0), "prediction", "target"),
    }


def test_kinds_that_want_the_same_columns_learn_together() -> None:
    """What they learn alike is learned once of one set of columns; rulers stay in the order that was asked for."""
    learned: list[tuple[str, ...]] = []

    class Sharing(_AboveKind):
        def learn(self, learned: Learned) -> _AboveRuler:
            learned.once(_note)
            return super().learn(learned)

    def _note(of: Learned) -> None:
        learned.append(tuple(of.block.columns))

    names = {"first": ("a", "b"), "second": ("prediction", "target"), "third": ("a", "b")}
    kinds = [Sharing(name, of_truth=False, columns=columns) for name, columns in names.items()]
    known = Reference.of(rows(0), also=kinds, prediction="prediction", target="target", time="at")
    assert list(known.row_rulers) == list(known.tally.together) == list(names)
    assert sorted(learned) == [("a", "b"), ("prediction", "target")]


def test_a_reference_is_kept_whole() -> None:
    """Row rulers and their tallies come back from a file, which is written again byte by byte."""
    written = reference().to_bytes()
    read = Reference.from_bytes(written)
    assert read.row_rulers == reference().row_rulers
    assert read.tally.together == reference().tally.together
    assert read.to_bytes() == written


def test_a_reference_leaves_what_it_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a newer version has learned is no error."""
    written = reference().to_bytes()
    monkeypatch.setattr(modelvane.row_rulers, "READERS", {FEATURES.name: FEATURES.read})
    assert list(Reference.from_bytes(written).row_rulers) == ["features"]
    assert list(Reference.from_bytes(written).tally.together) == ["features"]


@pytest.mark.parametrize("window", [Window(rows=ROWS), Window(seconds=1e6, panes=7)])
def test_a_monitor_counts_its_window(window: Window) -> None:
    """A live window, of rows or of time, has what plain loops count, of all rows and of the labelled ones."""
    monitor = Monitor("trips", reference(), Settings(window=window))
    for part in (slice(0, 90), slice(90, 91), slice(91, ROWS)):
        monitor.push({name: column[part] for name, column in rows(1).items()})
    tally = monitor.tally()
    assert tally.rows.together == {"features": above(rows(1), "a", "b")}
    assert tally.labelled.together == {"errors": above(rows(1), "prediction", "target")}


@pytest.mark.parametrize("slices", [0, 5])
def test_a_batch_counts_its_rows(slices: int) -> None:
    """A batch, and the sum of its slices, have what plain loops count."""
    found = count(TableSource(rows(1)), reference(), slices=slices, now=0.0)
    expected = {"features": above(rows(1), "a", "b")}
    of_truth = {"errors": above(rows(1), "prediction", "target")}
    assert (found.window.rows.together, found.window.labelled.together) == (expected, of_truth)
    for names, parts in (
        (expected, [one.rows.together for one in found.slices]),
        (of_truth, [one.labelled.together for one in found.slices]),
    ):
        for name, total in names.items():
            assert len(parts) == slices
            if slices:
                assert sum((part[name] for part in parts), start=_Above(0, 0)) == total


def test_a_batch_is_counted_when_its_columns_come_in_bands(tmp_path: Path) -> None:
    """A wide file, read a few columns at a time, has what plain loops count."""
    wide = rows(1, 3000)
    more: dict[str, list[float | None]] = {f"more {i}": [float(i)] * 3000 for i in range(40)}
    pq.write_table(
        pa.table({"a": wide["a"], **more, **{n: wide[n] for n in wide if n != "a"}}),
        tmp_path / "wide.parquet",
    )
    known = Reference.of(
        {**rows(0), **{name: column[:ROWS] for name, column in more.items()}},
        also=[FEATURES, ERRORS],
        prediction="prediction",
        target="target",
        time="at",
    )
    found = count(FileSource(str(tmp_path / "wide.parquet")), known, now=0.0)
    assert found.window.rows.together == {"features": above(wide, "a", "b")}
    assert found.window.labelled.together == {"errors": above(wide, "prediction", "target")}


def test_no_labels_are_no_rows() -> None:
    """A batch without targets has a tally of no labelled rows."""
    unlabelled = {name: column for name, column in rows(1).items() if name != "target"}
    found = count(TableSource(unlabelled), reference(), now=0.0)
    assert found.window.labelled.together == {"errors": _Above(0, 0)}


def test_what_is_left_out_is_not_counted() -> None:
    """A reference that leaves something out counts, tells and scores none of it; the rest is as before."""
    whole = Monitor("trips", reference(), Settings(window=Window(rows=ROWS)))
    lean = Monitor(
        "trips", reference().leaving_out(["features", "outliers"]), Settings(window=Window(rows=ROWS))
    )
    for monitor in (whole, lean):
        monitor.push(rows(1))
    assert set(lean.tally().rows.together) == set()
    assert set(lean.tally().labelled.together) == {"errors"}
    assert lean.tally().rows.outliers is None
    told = {finding.measure for finding in whole.findings()} - {
        finding.measure for finding in lean.findings()
    }
    assert told == {"outlier_share"}


def test_what_is_left_out_must_be_known() -> None:
    """A name that nothing has is an error with the nearest one."""
    with pytest.raises(UnknownNameError, match="outliers"):
        reference().leaving_out(["outlier"])


def test_parts_add_up_to_the_whole() -> None:
    """Tallies of parts of the rows add up to that of all."""
    known = reference()
    block = known.encode(rows(1))
    limits = [0, 1, 77, 77, ROWS]
    parts = [known.counter.rows(block.take(slice(*each))) for each in pairwise(limits)]
    total = parts[0]
    for part in parts[1:]:
        total += part
    assert total == known.counter.rows(block)
