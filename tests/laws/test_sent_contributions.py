"""Contributions that come with the rows: counted, not measured by themselves, and missed by nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelvane import Monitor, Reference, Settings
from modelvane.attribution.kinds import LinearAttribution, SentAttribution
from modelvane.attribution.ruler import NAME
from modelvane.config import Config
from modelvane.engines.count import count
from modelvane.engines.files import FileSource
from modelvane.engines.source import TableSource
from modelvane.errors import ConfigError, ModelvaneError, UnknownNameError
from modelvane.findings import Family, Verdict
from modelvane.references import load_reference
from modelvane.settings import Window

ROWS = 500
COLUMNS = {"far": "why_far", "near": "why_near"}


def trips(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    far, near = rng.normal(5, 1, ROWS), rng.normal(0, 1, ROWS)
    return {
        "far": far.tolist(),
        "near": near.tolist(),
        "why_far": (3 * (far - 5)).tolist(),
        "why_near": near.tolist(),
    }


def known() -> Reference:
    return Reference.of(trips(0), contributions=COLUMNS.values(), also=[SentAttribution(COLUMNS)])


def monitor_of(reference: Reference, *parts: Any, window: Window | None = None) -> Monitor:
    settings = Settings(window=window or Window(rows=ROWS))
    monitor = Monitor("trips", reference, settings, clock=lambda: 1e9)
    for part in parts:
        monitor.push(part)
    return monitor


def test_what_is_sent_is_what_is_counted() -> None:
    """Means are those of the columns, and the order is that of their sizes."""
    found, rows = monitor_of(known(), trips(1)).findings(), trips(1)
    mean = found.get("mean_absolute_contribution", "far")
    assert mean is not None
    assert mean.value == pytest.approx(np.abs(rows["why_far"]).mean())
    distance = found.get("rank_distance")
    assert distance is not None
    assert distance.value == 0


def test_contributions_are_no_features() -> None:
    """Their columns have no drift, no quality and no part in the scores of rows."""
    plain = {name: column for name, column in trips(0).items() if not name.startswith("why")}
    found = monitor_of(known(), trips(1)).findings()
    other = monitor_of(Reference.of(plain), {n: trips(1)[n] for n in plain}).findings()
    assert [f for f in found if f.family is not Family.ATTRIBUTION] == list(other)


def test_rows_without_contributions_are_no_fault() -> None:
    """Records may come without: the coverage says how many do, and no column is called missing."""
    lacking = {name: column for name, column in trips(1).items() if not name.startswith("why")}
    found = monitor_of(known(), {n: c[:100] for n, c in trips(1).items()}, lacking).findings()
    coverage, missing = found.get("contribution_coverage"), found.get("missing_columns")
    assert coverage is not None
    assert missing is not None
    assert (coverage.value, missing.value) == (0.0, 0.0)
    distance = found.get("rank_distance")
    assert distance is not None
    assert (distance.verdict, distance.why) == (
        Verdict.UNDEFINED,
        "no row has a contribution of far, near",
    )


@pytest.mark.parametrize("window", [Window(rows=ROWS), Window(seconds=1e6, panes=3)])
def test_live_and_batch_count_the_same(window: Window, tmp_path: Path) -> None:
    """A live window, a table, a file and a reference from bytes give one tally; some rows lack a contribution."""
    rows = trips(1)
    rows["why_far"][7] = None
    reference = Reference.from_bytes(known().to_bytes())
    live = monitor_of(reference, rows, window=window).tally().rows.together[NAME]
    assert live.complete == ROWS - 1
    pq.write_table(pa.table(rows), tmp_path / "rows.parquet")
    for source in (TableSource(rows), FileSource(str(tmp_path / "rows.parquet"))):
        assert count(source, known(), slices=0, now=0.0).window.rows.together[NAME] == live


def test_a_batch_without_contributions_has_none() -> None:
    """A table that lacks the columns is counted, with no row complete and no column missing."""
    lacking = {name: column for name, column in trips(1).items() if not name.startswith("why")}
    found = count(TableSource(lacking), known(), now=0.0)
    assert found.window.rows.together[NAME].n == ROWS
    assert found.stream.missing == ()


def test_columns_must_be_there() -> None:
    """A column that the reference lacks, or that is none of contributions, is an error with those that are."""
    with pytest.raises(UnknownNameError, match="why_far"):
        Reference.of(trips(0), contributions=["why_fra"])
    with pytest.raises(UnknownNameError, match="why_near"):
        Reference.of(trips(0), contributions=["why_near"], also=[SentAttribution(COLUMNS)])


# ---------------------------------------------------------------------- config


def config_of(folder: Path, attribution: dict[str, Any], **more: Any) -> Config:
    pq.write_table(pa.table(trips(0)), folder / "reference.parquet")
    section = {"reference_file": "reference.parquet", "attribution": attribution, **more}
    return Config.of({"datasets": {"trips": section}}, folder)


@pytest.mark.parametrize("attribution", [{"columns": COLUMNS}, {"prefix": "why_"}])
def test_a_config_names_columns_or_their_prefix(attribution: dict[str, Any], tmp_path: Path) -> None:
    """Both give the same reference."""
    assert load_reference(config_of(tmp_path, attribution), "trips").digest == known().digest


def test_weights_come_from_beside_the_reference(tmp_path: Path) -> None:
    """A file there, or a function that is told where that is, gives what the config may say itself."""
    (tmp_path / "weights_beside.py").write_text(
        "def weights(path):\n"
        "    return {column: 2.0 for column in ('far', 'near') if path.name == 'reference.parquet'}\n"
    )
    (tmp_path / "weights.json").write_text('{"far": 2.0, "near": 2.0}')
    asked = load_reference(config_of(tmp_path, {"weights": "weights_beside:weights"}), "trips")
    written = load_reference(config_of(tmp_path, {"weights": "weights.json"}), "trips")
    assert written.digest == asked.digest
    told = load_reference(config_of(tmp_path, {"weights": {"far": 2.0, "near": 2}}), "trips")
    assert asked.digest == told.digest
    assert asked.digest == Reference.of(trips(0), also=[LinearAttribution({"far": 2.0, "near": 2.0})]).digest


@pytest.mark.parametrize(
    ("attribution", "said"),
    [
        ({}, "expected one of"),
        ({"prefix": "why_", "weights": {"far": 1.0}}, "weights and prefix given"),
        ({"weights": "nowhere"}, "package.module:function"),
        ({"prefix": "wy_"}, "no column of the reference begins so"),
        ({"weights": "math:sqrt"}, "failed"),
        ({"weights": "weights.json"}, "a JSON file beside the reference"),
        ({"weights": "pathlib:PurePath"}, "gives no weights"),
        ({"weights": "nowhere_at_all:weights"}, "function 'nowhere_at_all:weights' cannot be imported"),
    ],
)
def test_a_config_that_says_nothing_is_refused(
    attribution: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """An error says what was given, and what was expected."""
    with pytest.raises(ModelvaneError, match=said):
        load_reference(config_of(tmp_path, attribution), "trips")


def test_a_saved_reference_without_contributions_is_refused(tmp_path: Path) -> None:
    """Where the config speaks of contributions, a reference that was built without has to be built again."""
    Reference.of(trips(0)).save(tmp_path / "reference.mv")
    config = config_of(tmp_path, {"prefix": "why_"}, reference_file="reference.mv")
    with pytest.raises(ConfigError, match="built without"):
        load_reference(config, "trips")
