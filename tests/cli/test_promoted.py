"""Batches of a log whose model was promoted: they are judged by what held when their period ended."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.cli.trips import DAY, MONDAY, labelled, modelvane, trips, watched, write

from modelvane.config import Config
from modelvane.errors import ReferenceFileError
from modelvane.jobs import Job, load, run
from modelvane.reference import Reference
from modelvane.service.switching import Champion, switched
from modelvane.store import open_log
from modelvane.table import Table

PROMOTED = MONDAY + 1.5 * DAY


def versioned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Let two versions predict in turns, with all targets."""
    return [row | {"model": f"v{1 + at % 2}", "target": row["target"] or 10.0} for at, row in enumerate(rows)]


def saved(path: Path, seed: int) -> Path:
    """Save a reference of one version."""
    Reference.of(
        versioned(labelled(400, seed)), categorical=["zone"], numerical=["distance"], version="model"
    ).save(path)
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a config of which v1 is the champion, and a log of two days; on the second v2 was promoted."""
    one, two = saved(tmp_path / "one.mv", 1), saved(tmp_path / "two.mv", 2)
    path = watched(tmp_path, one, versions={"column": "model", "champion": "v1"})
    before, after = Reference.load(one), Reference.load(two)
    event = switched(
        "taxi",
        two,
        before=before,
        after=after,
        configured=one,
        champion=Champion("v2", "v1"),
        keeps_rows=False,
        at=PROMOTED,
    )
    with closing(open_log(Config.load(path).store_url)) as log:
        log.open("taxi", before.schema)
        for day in (0, 1):
            rows = versioned(trips(200, 10 + day, first=MONDAY + day * DAY))
            log.append("taxi", Table.of(rows), MONDAY + day * DAY)
        log.append_events([event(300)])
    return path


def day_of(config: Path, day: int) -> Job:
    """Give the job of one day of the log."""
    since = MONDAY + day * DAY
    return Job.of_config(Config.load(config), since=since, until=since + DAY)


@pytest.mark.parametrize(("day", "name", "challenger"), [(0, "one.mv", "v2"), (1, "two.mv", "v1")])
def test_a_batch_is_judged_by_what_held_when_its_period_ended(
    config: Path, day: int, name: str, challenger: str
) -> None:
    """Before a promotion versions are held against the config's champion, after it against the promoted one."""
    judged, _ = run(day_of(config, day))
    decided = {each.label for each in judged.findings if each.measure.endswith("error_decision")}
    assert decided == {challenger}
    assert judged.reference.digest == Reference.load(config.parent / name).digest


def test_rows_of_a_file_are_judged_by_the_config(config: Path, tmp_path: Path) -> None:
    """What did not come from the log has nothing to do with what happened to it."""
    current = write(tmp_path / "rows.parquet", versioned(trips(200, 12)))
    judged, _ = run(Job.of_config(Config.load(config), current=str(current)))
    assert judged.settings.versions is not None
    assert judged.settings.versions.champion == "v1"
    assert judged.reference.digest == Reference.load(tmp_path / "one.mv").digest


def test_another_champion_in_the_config_is_the_newer_decision(config: Path) -> None:
    """Who names another champion since the promotion is heard."""
    config.write_text(config.read_text().replace("champion: v1", "champion: v3"))
    judged, _ = run(day_of(config, 1))
    decided = {each.label for each in judged.findings if each.measure.endswith("error_decision")}
    assert decided == {"v1", "v2"}


def test_a_promoted_reference_that_is_gone_is_told(config: Path) -> None:
    """Nothing is judged by another reference than the one that the log names, of which the error says the name."""
    (config.parent / "two.mv").unlink()
    with pytest.raises(ReferenceFileError, match=r"is gone: .*two.mv"):
        load(day_of(config, 1))
    said = modelvane("check", "--config", config, "--since", "2020-09-15", "--until", "2020-09-16")
    assert (said.exit_code, "two.mv" in said.stderr) == (2, True)
