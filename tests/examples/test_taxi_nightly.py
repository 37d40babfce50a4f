"""The nightly flow's config, period and model, without the flow."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
import yaml
from examples.taxi import demo, nightly
from examples.taxi.model import build_reference_table

from modelvane.config import Config
from modelvane.references import load_reference
from modelvane.store import open_log
from modelvane.table import Table

if TYPE_CHECKING:
    import pyarrow as pa
    from examples.taxi.model import DurationModel


@pytest.fixture
def folder(tmp_path: Path, trips: pa.Table, model: DurationModel) -> Path:
    """Give what the demo leaves in its folder."""
    model.save(tmp_path / "model.skops")
    pq.write_table(build_reference_table(trips), tmp_path / "reference.parquet")
    config = yaml.safe_load(Path(demo.__file__).with_name("config.yaml").read_text())
    config["service"]["store"] = f"sqlite:///{tmp_path / 'log' / 'taxi.db'}"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "log").mkdir()
    return tmp_path


def test_the_model_over_january_is_the_demos_reference(folder: Path) -> None:
    """The flow's reference, from January without predictions and the model, counts what the live monitor's does."""
    live, batch = (Config.load(path) for path in (folder / "config.yaml", nightly.write_config(folder)))
    assert "prediction" not in pq.read_schema(batch.reference_file("taxi")).names
    assert load_reference(batch, "taxi").tally.columns == load_reference(live, "taxi").tally.columns


def test_the_period_is_of_whole_days(folder: Path) -> None:
    """From the midnight before the first logged trip to the one after the last."""
    config = nightly.write_config(folder)
    settings = Config.load(config)
    log = open_log(settings.store_url)
    log.open("taxi", load_reference(settings, "taxi").schema)
    times = ["2022-01-03T05:00:00", "2022-01-05T23:59:00"]
    log.append("taxi", Table.of({"lpep_pickup_datetime": times, "trip_distance": [1.0, 2.0]}), 0.0)
    log.close()
    since, until = nightly.logged_days(config)
    assert (since, until) == (datetime(2022, 1, 3, tzinfo=UTC), datetime(2022, 1, 6, tzinfo=UTC))


def test_no_log_and_a_replay_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is logged the demo replays some trips first; if that fails, its exit code is the answer."""
    asked: list[list[str]] = []
    monkeypatch.setattr(demo, "main", lambda arguments: asked.append(arguments) or 7)
    assert nightly.main([f"--folder={tmp_path}"]) == 7
    assert asked == [["--once", f"--folder={tmp_path}"]]
