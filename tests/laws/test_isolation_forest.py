"""Outliers by an isolation forest: the same interface as by surprisal, and rows that are odd only together."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import IsolationForest

from modelvane import Monitor, Reference, Settings
from modelvane.calibration.lines import Alarm
from modelvane.config import Config
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.errors import ConfigError
from modelvane.evaluation.scoring import score
from modelvane.extras import MissingExtraError
from modelvane.findings import Finding, Verdict
from modelvane.outliers.forest import NAME, ForestRuler, IsolationForestOutliers
from modelvane.outliers.isolation import Forest
from modelvane.references import load_reference
from modelvane.settings import Outliers, Window
from modelvane.tallies.outliers import OutlierTally

ROWS = 3000


def trips(seed: int, rows: int = ROWS, joint: int = 0) -> dict[str, Any]:
    """Give trips whose fare follows from the distance, but for the first ``joint``: near, and dear."""
    rng = np.random.default_rng(seed)
    distance = rng.gamma(4, 1, rows)
    fare = 3 * distance + rng.normal(0, 0.3, rows)
    distance[:joint], fare[:joint] = 1.0, 28.0
    zones = np.array(["a", "b", "c"])[np.minimum(rng.geometric(0.6, rows), 3) - 1]
    return {
        "at": (1.6e9 + 60.0 * np.arange(rows)).tolist(),
        "distance": distance.tolist(),
        "fare": fare.tolist(),
        "zone": zones.tolist(),
    }


@pytest.fixture(scope="module")
def known() -> Reference:
    return Reference.of(trips(0), time="at", also=[IsolationForestOutliers()])


def ruler_of(reference: Reference) -> ForestRuler:
    assert reference.forest is not None
    return reference.forest


def share(reference: Reference, rows: Any, **how: Any) -> Finding:
    monitor = Monitor("trips", reference, Settings(window=Window(rows=ROWS), **how))
    if rows:
        monitor.push(rows)
    found = monitor.findings().get("outlier_share")
    assert found is not None
    return found


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 400))
@settings(max_examples=10)
def test_scores_are_those_of_scikit_learn(seed: int, features: int, rows: int) -> None:
    """Before they are rounded they are scikit-learn's, of rows like the fitted ones and far from them."""
    rng = np.random.default_rng(seed)
    fitted = IsolationForest(n_estimators=10, max_samples=min(64, rows), random_state=seed).fit(
        rng.normal(size=(rows, features))
    )
    asked = rng.normal(scale=3, size=(50, features))
    forest = Forest.of(fitted)
    assert forest.exact_scores(asked.T) == pytest.approx(-fitted.score_samples(asked), abs=1e-12)
    kept = Forest.read(forest.facts(), forest.arrays())
    assert np.array_equal(kept.scores(asked.T), forest.scores(asked.T))


def test_a_number_beyond_any_float_of_32_bits_harms_no_other_row() -> None:
    """It is fitted as the largest there is: rows without such numbers score as they do in a forest without them."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(1000, 3))
    plain = Forest.fit(rows).exact_scores(rows[2:].T)
    rows[0, 1], rows[1, 1] = 1e300, -1e300
    found = Forest.fit(rows)
    assert found.exact_scores(rows[2:].T) == pytest.approx(plain, abs=0.08)
    assert np.isfinite(found.threshold[found.left != np.arange(len(found.left))]).all()
    assert found.exact_scores(rows[:2].T).min() > np.quantile(plain, 0.9)


def test_parts_of_features_add_up_to_all() -> None:
    """What sets a row apart is shared out among its features; the one that is far out has most."""
    rng = np.random.default_rng(2)
    forest = Forest.fit(rng.normal(size=(2000, 6)))
    rows = rng.normal(size=(6, 30))
    rows[4] = 12.0
    parts = forest.parts(rows)
    assert parts.sum(axis=0) == pytest.approx(1)
    assert (parts.argmax(axis=0) == 4).all()


def test_live_batch_parts_and_files_agree(known: Reference) -> None:
    """A live window, panes of time, a batch in slices and a reference from its file give one tally."""
    rows = trips(1, joint=4)
    read = Reference.from_bytes(known.to_bytes())
    assert read.to_bytes() == known.to_bytes()
    tallies = []
    for window in (Window(rows=ROWS), Window(seconds=1e7, panes=9)):
        monitor = Monitor("trips", read, Settings(window=window))
        for part in (slice(0, 11), slice(11, 1000), slice(1000, ROWS)):
            monitor.push({name: column[part] for name, column in rows.items()})
        tallies.append(monitor.tally().rows.together[NAME])
    batch = count(TableSource(rows), known, slices=5, now=0.0)
    tallies += [
        batch.window.rows.together[NAME],
        reduce(add, (each.rows.together[NAME] for each in batch.slices)),
    ]
    assert all(tally == tallies[0] for tally in tallies)
    assert isinstance(tallies[0], OutlierTally)
    assert tallies[0].rows == ROWS


def test_rows_that_are_odd_together_are_found(known: Reference) -> None:
    """A distance and a fare that do not belong together are all outliers here, and by surprisal less than half."""
    alike, odd, at = trips(1), trips(1, joint=300), Outliers(quantile=0.95)
    by_forest = [share(known, rows, outliers=at).value or 0.0 for rows in (alike, odd)]
    by_cells = [share(known.leaving_out([NAME]), rows, outliers=at).value for rows in (alike, odd)]
    assert by_forest[1] == pytest.approx(by_forest[0] + 0.1, abs=0.01)
    assert (by_cells[1] or 0.0) - (by_cells[0] or 0.0) < 0.05
    found = share(known, odd, outliers=at)
    assert found.verdict is Verdict.ALARM
    assert found.cause.startswith("what sets apart the ")
    assert "fare (" in found.cause


def test_held_out_rows_do_not_alarm() -> None:
    """Of windows of rows like the reference's no more alarm than the budget allows."""
    reference = Reference.of(trips(0), also=[IsolationForestOutliers()])
    limits = Settings(
        window=Window(rows=500), alarm=Alarm.NOISE, outliers=Outliers(quantile=0.99), budget=0.01
    )
    monitor = Monitor("trips", reference, limits)
    verdicts = []
    for seed in range(40):
        monitor.push(trips(100 + seed, rows=500))
        found = monitor.findings().get("outlier_share")
        verdicts.append(found and found.verdict)
    assert verdicts.count(Verdict.ALARM) == 0


def test_lines_are_those_of_a_share(known: Reference) -> None:
    """With times there is a usual range; no rows have no share; a limit of the config replaces the lines."""
    found = share(known, trips(1))
    assert found.usual_range is not None
    assert found.noise_floor is not None
    assert share(known, {}).verdict is Verdict.UNDEFINED
    assert share(known, trips(1), thresholds={"outlier_share": 0.5}).threshold == 0.5


def test_one_row_has_the_score_that_it_has_in_a_window(known: Reference) -> None:
    """Whoever asks for the score of a record gets the forest's, with the cells that set it apart."""
    row = {"distance": 60.0, "fare": 300.0, "zone": "elsewhere"}
    (found,) = score(known, Outliers(hidden=frozenset({"zone"})), [row])
    block = known.encode([row])
    assert found.score == ruler_of(known).scores(block)[0][0]
    assert found.outlier
    cells = {cell.column: cell for cell in found.cells}
    assert cells["fare"].value == 300.0
    assert cells["fare"].beyond is not None
    assert cells["zone"].fault == "hidden"


@pytest.mark.parametrize("value", [None, float("inf"), float("-inf"), "far"])
def test_a_fault_is_further_out_than_any_number(known: Reference, value: Any) -> None:
    """A value that is none scores like one outside of the reference's range."""
    usual = {"distance": 4.0, "fare": 12.0, "zone": "a"}
    plain, faulty = score(known, Outliers(), [usual, {**usual, "distance": value}])
    assert faulty.score > plain.score


def test_without_scikit_learn_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, known: Reference
) -> None:
    """It is needed to fit, not to score."""
    written = known.to_bytes()
    monkeypatch.setattr("modelvane.extras.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"modelvane\[scikit-learn\]"):
        Reference.of(trips(0), also=[IsolationForestOutliers()])
    assert share(Reference.from_bytes(written), trips(1)).value is not None


def test_a_config_chooses_the_method(tmp_path: Path) -> None:
    """`outliers: {method: isolation_forest}` fits one; a saved reference without is refused."""
    pq.write_table(pa.table(trips(0)), tmp_path / "reference.parquet")
    section = {"reference_file": "reference.parquet", "outliers": {"method": "isolation_forest"}}
    config = Config.of({"datasets": {"trips": section}}, tmp_path)
    assert load_reference(config, "trips").forest is not None
    Reference.of(trips(0)).save(tmp_path / "plain.mv")
    config = Config.of({"datasets": {"trips": {**section, "reference_file": "plain.mv"}}}, tmp_path)
    with pytest.raises(ConfigError, match="built without `outliers"):
        load_reference(config, "trips")
