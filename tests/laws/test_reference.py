"""The reference file: the same findings from it, and no rows in it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from modelvane import Monitor, Reference
from modelvane.errors import ReferenceFileError, UnknownNameError
from modelvane.evaluation.together import NOT_LEARNED
from modelvane.findings import Verdict
from modelvane.methods import Methods
from modelvane.multivariate.learning import RowSampleKind
from modelvane.multivariate.sample import MOST_ROWS
from modelvane.reference import KIND
from modelvane.ruler import EDGE_BUDGET
from modelvane.settings import Settings, Window
from modelvane.tallies import codec

Columns = dict[str, list[Any]]


def _columns(count: int = 600, seed: int = 3) -> Columns:
    rng = np.random.default_rng(seed)
    distance = rng.lognormal(size=count)
    return {
        "distance": distance.tolist(),
        "zone": rng.choice(["74", "75", "41", "é"], count).tolist(),
        "passengers": [None if p == 6 else int(p) for p in rng.integers(1, 7, count)],
    }


def _full(count: int = 600, seed: int = 3) -> Columns:
    columns = _columns(count, seed)
    columns["prediction"] = [4 * d for d in columns["distance"]]
    columns["target"] = [4 * d + i % 5 for i, d in enumerate(columns["distance"])]
    columns["time"] = [60.0 * i for i in range(count)]
    return columns


@pytest.mark.parametrize("settings", [Settings(), Settings(window=Window(seconds=3600.0, panes=6))])
def test_a_saved_reference_gives_the_same_findings(tmp_path: Path, settings: Settings) -> None:
    """Findings do not tell whether the reference was built here or loaded from a file."""
    built = Reference.of(_full(), segments=["zone"], extras={"facts": b"abc"})
    path = tmp_path / "taxi.reference"
    built.save(path)
    loaded = Reference.load(path)
    found = []
    for reference in (built, loaded):
        monitor = Monitor("taxi", reference, settings, clock=lambda: 0.0)
        monitor.push(_full(400, seed=4))
        found.append(monitor.findings())
    assert found[0] == found[1]
    assert loaded.tally == built.tally
    assert loaded.digest == built.digest
    assert loaded.extras == {"facts": b"abc"}
    assert [file.name for file in tmp_path.iterdir()] == ["taxi.reference"]


def _content(reference: Reference) -> bytes:
    return zlib.decompress(reference.to_bytes()[6:])


def test_rows_cannot_be_put_together_from_the_file() -> None:
    """Columns shuffled apart give the same file to the byte, but for scores of outliers and how columns correlate."""
    columns, rng = _columns(), np.random.default_rng(0)
    apart = {name: [values[i] for i in rng.permutation(len(values))] for name, values in columns.items()}
    assert apart != columns
    files = set()
    for reference in map(Reference.of, (apart, columns)):
        outliers = reference.tally.outliers
        assert outliers is not None
        assert not outliers.top
        alone = structs.replace(reference.tally, outliers=None, together={})
        files.add(replace(reference, tally=alone, row_rulers={}).to_bytes())
    assert len(files) == 1


def test_nothing_of_single_rows_is_in_the_file() -> None:
    """No array of a file is as long as the rows or their sample, but where the domain classifier was asked for."""
    rows = MOST_ROWS + 600
    columns = _full(rows)
    asked, plain, without = (
        Reference.of(columns, also=[RowSampleKind(classifier=True)]),
        Reference.of(columns),
        Reference.of(columns, leave_out=["row_sample"]),
    )
    kept, *others = (
        {len(part) for part in codec.loads(reference.to_bytes(), KIND)[1].values()}
        for reference in (asked, plain, without)
    )
    of_rows = {rows, rows // 2, MOST_ROWS}
    assert kept & of_rows
    assert not any(lengths & of_rows for lengths in others)
    monitor = Monitor("taxi", Reference.from_bytes(without.to_bytes()), window=400)
    monitor.push(_full(400, seed=4))
    found = monitor.findings()
    assert found.get("correlation_change") is not None
    discrepancy = found.get("maximum_mean_discrepancy")
    assert discrepancy is not None
    assert (discrepancy.value, discrepancy.why) == (None, NOT_LEARNED)
    with pytest.raises(UnknownNameError, match="Did you mean 'row_sample'"):
        Reference.of(columns, leave_out=["row_samples"])


def test_few_of_many_values_are_in_the_file() -> None:
    """Of a column with more distinct values than edges, no value but the edges is written anywhere."""
    values = np.random.default_rng(1).lognormal(size=5000)
    content = _content(Reference.of({"x": values}))
    written = sum(struct.pack("<d", value) in content for value in values.tolist())
    assert 0 < written <= EDGE_BUDGET


def test_ids_are_not_in_the_file() -> None:
    """Identifiers are not measured, so none of them is kept."""
    columns = {**_columns(50), "id": [f"trip-{i}-of-alice" for i in range(50)]}
    content = _content(Reference.of(columns))
    assert b"alice" not in content
    assert b"zone" in content


def test_the_order_of_rows_matters_to_the_habit_alone() -> None:
    """Rows in any order give one file; a time column puts them in its own order first."""
    columns = _full()
    order = np.random.default_rng(5).permutation(600)
    shuffled = {name: [values[i] for i in order] for name, values in columns.items()}
    assert Reference.of(shuffled).to_bytes() == Reference.of(columns).to_bytes()


def test_without_a_time_column_there_is_no_usual_range_and_the_finding_says_so() -> None:
    """Each judged finding has a usual range, or says why it has none."""
    timed, timeless = _full(), {name: values for name, values in _full().items() if name != "time"}
    for columns, has_time in ((timed, True), (timeless, False)):
        monitor = Monitor("taxi", Reference.of(columns), window=100)
        monitor.push({name: values[:100] for name, values in timeless.items()})
        for measure, column in (
            ("kolmogorov_smirnov", "distance"),
            ("g_test", "zone"),
            ("missing_share", "zone"),
        ):
            found = monitor.findings().get(measure, column)
            assert found is not None
            assert found.noise_floor is not None
            assert (found.usual_range is not None) is has_time
            assert ("no time column" in found.why) is not has_time


@pytest.mark.parametrize(
    ("write", "what"),
    [
        (lambda path: None, "There is no reference file.*reference build"),  # noqa: ARG005 - writes nothing
        (lambda path: path.write_bytes(b"PK\x03\x04"), "not written by modelvane"),
        (lambda path: path.write_bytes(Reference.of({"x": [0.5, 1.5]}).to_bytes()[:-20]), "damaged"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, write: Callable[[Path], object], what: str) -> None:
    """A missing, foreign or damaged file says which it is."""
    path = tmp_path / "a.reference"
    write(path)
    with pytest.raises(ReferenceFileError, match=what):
        Reference.load(path)


def test_a_reference_of_hostile_values_is_built() -> None:
    """A reference with broken values, huge ones and empty columns is built, saved and watched."""
    rng = np.random.default_rng(6)
    wild: list[Any] = [
        1e300,
        -1.7e308,
        1.7e308,
        float("nan"),
        float("inf"),
        None,
        "broken",
        True,
        5e-324,
        10**400,
    ]
    columns = {
        "x": [*rng.normal(size=2000).tolist(), *wild],
        "empty": [None] * 2010,
        "zone": [*rng.integers(1, 5, 2000).tolist(), *wild],
        "time": [*range(2000), *wild],
    }
    reference = Reference.of(columns, numerical=["x", "empty"], categorical=["zone"])
    read = Reference.from_bytes(reference.to_bytes())
    assert read.tally == reference.tally
    monitor = Monitor("taxi", read, window=500)
    monitor.push(columns)
    found = monitor.findings().get("kolmogorov_smirnov", "empty")
    assert found is not None
    assert found.value is None
    assert "no usable values" in found.why


def test_unknown_names_are_refused() -> None:
    """A segment that the reference lacks is an error that names the nearest column."""
    with pytest.raises(UnknownNameError, match="Did you mean 'zone'"):
        Reference.of(_columns(20), segments=["zones"])


def test_a_divergence_that_the_reference_was_not_built_for_is_calibrated_from_its_tally() -> None:
    """Its noise floor is the one of a reference built for it; its usual range is missing, and the finding says why."""
    rows = {"x": [float(i % 97) for i in range(2000)], "time": [float(60 * i) for i in range(2000)]}
    methods = Methods(numerical=("jensen_shannon",))
    built_for, built_without = (
        Reference.of(rows, methods=methods, time="time"),
        Reference.of(rows, time="time"),
    )
    settings = Settings(window=Window(rows=500), methods=methods)
    found = []
    for reference in (built_for, built_without):
        monitor = Monitor("m", Reference.from_bytes(reference.to_bytes()), settings)
        monitor.push({"x": [500.0] * 500})
        found.append(monitor.findings())
    one, other = (round_.get("jensen_shannon", "x") for round_ in found)
    assert one is not None
    assert other is not None
    assert one.noise_floor == other.noise_floor
    assert other.usual_range is None
    assert "built without one for jensen_shannon" in other.why
    drifted = [round_.get("dataset_drift") for round_ in found]
    assert [each and each.verdict for each in drifted] == [Verdict.ALARM] * 2


def test_a_limit_of_a_column_is_for_the_divergence_that_decides() -> None:
    """Divergences computed beside it keep the lines that were learned for them."""
    methods = Methods(numerical=("kolmogorov_smirnov", "wasserstein"))
    reference = Reference.of({"x": [float(i % 97) for i in range(2000)]}, methods=methods)
    monitor = Monitor(
        "m", reference, Settings(window=Window(rows=500), methods=methods, thresholds={"x": 0.2})
    )
    monitor.push({"x": [float(i % 97) for i in range(500)]})
    deciding, beside = (monitor.findings().get(name, "x") for name in methods.numerical)
    assert deciding is not None
    assert beside is not None
    assert (deciding.threshold, deciding.noise_floor) == (0.2, None)
    assert beside.threshold is None
    assert beside.noise_floor is not None
