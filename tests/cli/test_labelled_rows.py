"""Late labels of a file, joined to the rows of any source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelvane.casting import canonical
from modelvane.engines.count import count
from modelvane.engines.log import LogSource
from modelvane.engines.source import Batch, TableSource
from modelvane.errors import SchemaError
from modelvane.jobs import Labels, LabelUse
from modelvane.jobs.labels import LabelledSource, canonical_ids
from modelvane.reference import Reference
from modelvane.schema import Column, Kind, Role, Schema
from modelvane.store import open_log
from modelvane.table import Table

SCHEMA = Schema(
    (
        Column("id", Role.ID, None),
        Column("distance"),
        Column("target", Role.TARGET),
    )
)


def read(tmp_path: Path, text: str, schema: Schema = SCHEMA) -> Labels:
    (tmp_path / "labels.csv").write_text(text)
    return Labels.read(tmp_path / "labels.csv", schema)


def joined(rows: Any, labels: Labels, schema: Schema = SCHEMA) -> tuple[list[Any], LabelUse, Batch]:
    """Give the targets of rows, what became of the labels, and the one batch."""
    source = LabelledSource(TableSource(rows), labels)
    (batch,) = [batch for batch in source.batches(schema) if isinstance(batch, Batch)]
    return batch.table.values("target"), source.use, batch


@pytest.mark.parametrize(
    "ids", [[74, 75, 76], [74.0, 75.0, 76.0], ["74", "75", "76"], pa.array([74, 75, 76])]
)
def test_ids_are_joined_in_their_canonical_form(tmp_path: Path, ids: Any) -> None:
    """74, 74.0 and "74" are one id; rows whose id no label has keep what they had."""
    rows = {"id": ids, "distance": [1.0, 2.0, 3.0]}
    targets, use, _ = joined(rows, read(tmp_path, "id,target\n75,8.5\n74,7\n"))
    assert targets == [7.0, 8.5, None]
    assert use == LabelUse(matched=2)


def test_zeros_of_an_id_mean_something(tmp_path: Path) -> None:
    """007 and 7 are two ids, in a CSV file too."""
    targets, use, _ = joined({"id": ["7", "007"]}, read(tmp_path, "id,target\n007,1\n"))
    assert (targets, use) == ([None, 1.0], LabelUse(matched=1))


@pytest.mark.parametrize(
    "before", [[1.0, 2.0, None], pa.array([1.0, 2.0, None]), pa.array([1, 2, None]), ["1", 2.0, None]]
)
def test_a_label_replaces_the_target_that_was_there(tmp_path: Path, before: Any) -> None:
    """A label wins over a row's own target, which counts as changed only where it said something else."""
    rows = {"id": ["a", "b", "c"], "target": before}
    targets, use, _ = joined(rows, read(tmp_path, "id,target\na,1\nb,7.5\nc,3\nd,4\n"))
    assert targets == [1.0, 7.5, 3.0]
    assert use == LabelUse(matched=3, changed=1, unknown=1)


def test_the_last_label_of_an_id_wins(tmp_path: Path) -> None:
    """Of several labels for one id the last counts, in whatever order the rows come."""
    labels = read(tmp_path, "id,target\na,1\nb,2\na,3\nb,4\na,5\n")
    targets, use, _ = joined({"id": ["b", "a", "b"]}, labels)
    assert (targets, use) == ([4.0, 5.0, 4.0], LabelUse(matched=3, repeated=3))


def test_classes_stay_what_they_are(tmp_path: Path) -> None:
    """Labels of a classifier are text or codes, as the target's column is."""
    schema = Schema((Column("id", Role.ID, None), Column("target", Role.TARGET, Kind.CATEGORICAL, "string")))
    targets, _, _ = joined(
        {"id": [1, 2], "target": ["no", "no"]}, read(tmp_path, "id,target\n1,yes\n", schema), schema
    )
    assert targets == ["yes", "no"]


def test_when_a_label_was_known(tmp_path: Path) -> None:
    """A label's own time is when its target was known; where it has none the source may know."""
    labels = read(tmp_path, "id,target,time\na,1,1970-01-01T00:01:00\nb,2,\n")
    source = LabelledSource(TableSource({"id": ["a", "b", "c"]}), labels)
    (batch,) = [batch for batch in source.batches(SCHEMA) if isinstance(batch, Batch)]
    assert batch.labelled is not None
    np.testing.assert_array_equal(batch.labelled, [60.0, np.nan, np.nan])


def test_a_log_knows_when_its_own_labels_came(tmp_path: Path) -> None:
    """A label of a file has its own time; where it has none the row's own label keeps the time it came at."""
    reference = Reference.of({"id": ["x", "y"], "distance": [1.0, 2.0], "target": [1.0, 2.0]})
    labels = read(tmp_path, "id,target,time\na,5,90\nb,6,\n", reference.schema)
    with open_log("sqlite://") as log:
        log.open("taxi", reference.schema)
        log.append(
            "taxi",
            Table.of({"id": ["a", "b", "c"], "distance": [1.0, 2.0, 3.0], "time": [10.0, 20.0, 30.0]}),
            30.0,
        )
        log.label("taxi", ["a", "b", "c"], [1.0, 2.0, 3.0], None, 60.0)
        source = LabelledSource(LogSource(log, "taxi"), labels)
        (batch,) = [batch for batch in source.batches(reference.schema) if isinstance(batch, Batch)]
    assert batch.table.values("target") == [5.0, 6.0, 3.0]
    assert batch.labelled is not None
    np.testing.assert_array_equal(batch.labelled, [90.0, 60.0, 60.0])
    assert source.use == LabelUse(matched=2, changed=2)


def test_a_source_may_be_read_twice(tmp_path: Path) -> None:
    """What became of the labels is that of the last reading, not of both."""
    source = LabelledSource(TableSource({"id": ["a", "b"]}), read(tmp_path, "id,target\na,1\n"))
    for _ in range(2):
        assert len(list(source.batches(SCHEMA))) == 1
        assert source.use == LabelUse(matched=1)


def test_no_label_at_all(tmp_path: Path) -> None:
    """A file without a label leaves all rows as they were."""
    targets, use, _ = joined({"id": ["a"], "target": [2.0]}, read(tmp_path, "id,target\n"))
    assert (targets, use) == ([2.0], LabelUse())


def test_a_reference_without_a_target(tmp_path: Path) -> None:
    """Labels of a reference that has no target cannot be judged, and that is said."""
    with pytest.raises(SchemaError, match="no target"):
        read(tmp_path, "id,target\na,1\n", Schema((Column("distance"),)))


def test_labels_of_a_file_are_those_of_the_rows(tmp_path: Path) -> None:
    """Rows that are labelled by a file are counted as rows that came with their targets."""
    rows = [
        {"id": f"{i}", "distance": float(i % 7), "prediction": 1.5 * (i % 7), "target": 2.0 * (i % 5)}
        for i in range(300)
    ]
    reference = Reference.of(rows)
    bare = [{key: value for key, value in row.items() if key != "target"} for row in rows]
    text = "id,target\n" + "".join(f"{row['id']},{row['target']}\n" for row in reversed(rows))
    labelled = LabelledSource(TableSource(bare), read(tmp_path, text, reference.schema))
    found, beside = (count(source, reference, now=0.0) for source in (labelled, TableSource(rows)))
    assert found.window == beside.window
    assert found.provenance.digest == beside.provenance.digest


values = st.one_of(st.none(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=4), st.booleans())


@given(st.lists(values, max_size=8))
def test_ids_of_any_type(found: Sequence[Any]) -> None:
    """The quick ways to the canonical form give what the one by one does."""
    slow = [canonical(value) for value in found]
    assert canonical_ids(list(found)).to_pylist() == slow
    for kind in (pa.int64(), pa.float64(), pa.string(), pa.large_string(), pa.uint8()):
        try:
            column = pa.chunked_array([pa.array(found, kind)])
        except (pa.ArrowException, OverflowError, TypeError):
            continue
        assert canonical_ids(column).to_pylist() == [canonical(value) for value in column.to_pylist()]
        assert Table.of({"id": column}).rows == len(found)
