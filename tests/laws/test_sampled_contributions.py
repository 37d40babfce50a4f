"""Contributions by a function: of a sample that adds up, asked for by findings alone, and about new rows only."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelvane import Monitor, Reference, Settings
from modelvane.attribution.asked import AskedRows, table_of
from modelvane.attribution.functions import as_matrix, of_trees
from modelvane.attribution.kinds import LinearAttribution, SampledAttribution
from modelvane.attribution.sampled import NAME, SampledRuler
from modelvane.attribution.tally import ContributionTally
from modelvane.config import Config
from modelvane.engines.count import count
from modelvane.engines.source import TableSource
from modelvane.errors import ConfigError
from modelvane.extras import MissingExtraError
from modelvane.findings import Family, Finding, Verdict
from modelvane.functions import ModelError
from modelvane.references import load_reference
from modelvane.settings import Window

HERE = f"{__name__}:"
ROWS = 400
WEIGHTS = {"far": 3.0, "near": 1.0}
ASKED: list[int] = []
"""Rows of each call."""
FAILING: list[bool] = []
MEANWHILE: list[Callable[[], Any]] = []


def explain(rows: pa.Table) -> dict[str, Any]:
    """Contributions of a linear model whose mean is known."""
    ASKED.append(rows.num_rows)
    return {
        "far": WEIGHTS["far"] * (rows["far"].to_numpy() - 5.0),
        "near": WEIGHTS["near"] * rows["near"].to_numpy(),
        "zone": [1.0 if zone == "a" else -1.0 for zone in rows["zone"].to_pylist()],
    }


def as_rows(rows: pa.Table) -> Any:
    found = explain(rows)
    return np.column_stack([found[name] for name in rows.column_names])


def fails(rows: pa.Table) -> Any:
    """Explain the reference, and nothing after it."""
    if FAILING:
        raise RuntimeError("out of order")
    return explain(rows)


def interrupted(rows: pa.Table) -> Any:
    """Explain, once something else was done."""
    while MEANWHILE:
        MEANWHILE.pop()()
    return explain(rows)


def too_few(rows: pa.Table) -> Any:
    return np.zeros((rows.num_rows, 1))


def trips(seed: int, near: float = 1.0, rows: int = ROWS) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "far": rng.normal(5, 1, rows).tolist(),
        "near": rng.normal(0, near, rows).tolist(),
        "zone": rng.choice(["a", "b"], rows).tolist(),
    }


def known(function: str = "explain", rows: int = ROWS, **more: Any) -> Reference:
    return Reference.of(trips(0, rows=1000), also=[SampledAttribution(HERE + function, rows=rows, **more)])


def monitor_of(reference: Reference, *parts: Any) -> Monitor:
    monitor = Monitor("trips", reference, Settings(window=Window(rows=ROWS)))
    for part in parts:
        monitor.push(part)
    return monitor


def told(monitor: Monitor) -> dict[Any, Finding]:
    found = (each for each in monitor.findings() if each.family is Family.ATTRIBUTION)
    return {each.measure if each.column is None else (each.measure, each.column): each for each in found}


# --------------------------------------------------------------------- sample

cells = st.lists(
    st.tuples(st.sampled_from([0.0, -0.0, 1.5, None]), st.sampled_from(["a", "b", "c", None])), max_size=30
)
SMALL = Reference.of({"x": [0.0, 1.5, 2.5] * 9, "y": ["a", "b", "a"] * 9}, numerical=["x"], categorical=["y"])


@given(cells, st.lists(st.integers(0, 30), max_size=3), st.integers(1, 12))
def test_samples_of_parts_add_up_to_that_of_the_whole(rows: Any, cuts: list[int], most: int) -> None:
    """In any grouping the same rows are taken, each with its exact count."""

    def sample(part: Any) -> AskedRows:
        columns = {"x": [x for x, _ in part], "y": [y for _, y in part]}
        return AskedRows.of(SMALL.encode(columns), SMALL.rulers, most)

    limits = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    parts = [sample(rows[start:end]) for start, end in pairwise(limits)]
    whole = sample(rows)
    assert reduce(add, parts, sample([])) == whole
    distinct = {(x and float(x), y) for x, y in rows}
    assert len(whole.rows) == min(most, len(distinct))
    for count_of, row in whole.rows.values():
        assert count_of == sum((x, y) == row for x, y in rows)


def test_rows_are_told_in_the_references_types() -> None:
    """Numbers and codes come back as what they are in the reference; what does not fit comes as it is."""
    rows = [(1.0, "74", "true"), (None, None, "false")]
    table = table_of(rows, {"n": "int64", "code": "int64", "flag": "bool"})
    assert table.to_pydict() == {"n": [1, None], "code": [74, None], "flag": [True, False]}
    assert table_of([(1.5, "x")], {"n": "double", "code": "int64"}).to_pydict() == {"n": [1.5], "code": ["x"]}


# ------------------------------------------------------------------- findings


def test_where_every_row_is_taken_a_function_finds_what_weights_find() -> None:
    """A function of a linear model gives the means and the distance that its weights give."""
    by_function = told(monitor_of(known(rows=10_000), trips(1)))
    weights = {**WEIGHTS, "zone": {"a": 1.0, "b": -1.0}}
    by_weights = told(
        monitor_of(Reference.of(trips(0, rows=1000), also=[LinearAttribution(weights)]), trips(1))
    )
    for name, finding in by_weights.items():
        assert by_function[name].value == pytest.approx(finding.value, abs=0.2), name


@pytest.mark.parametrize("function", ["explain", "as_rows"])
def test_an_array_and_a_mapping_say_the_same(function: str) -> None:
    """Rows x features, or an array for each feature."""
    assert told(monitor_of(known(function), trips(1))) == told(monitor_of(known(), trips(1)))


def test_another_order_alarms() -> None:
    """A sample is enough to see that another feature comes first."""
    found = told(monitor_of(known(rows=100), trips(1, near=9.0)))["rank_distance"]
    assert found.verdict is Verdict.ALARM
    assert found.cause.startswith("near is number 1, was ")
    assert "sampled" in found.why


def test_only_findings_ask_and_only_about_new_rows() -> None:
    """Pushing rows asks nothing; the same window is not asked about twice, a moved one only about what came."""
    reference = known(rows=50)
    asked = len(ASKED)
    monitor = monitor_of(reference, trips(1), trips(2))
    assert len(ASKED) == asked
    told(monitor)
    assert ASKED[asked:] == [50]
    told(monitor)
    assert ASKED[asked:] == [50]
    monitor.push({name: column[:40] for name, column in trips(3).items()})
    told(monitor)
    assert sum(ASKED[asked + 1 :]) < 25


def test_several_may_ask_at_once() -> None:
    """While a scrape waits for the function, a report may ask it about so many others that all before are forgotten."""
    reference = known("interrupted", rows=50)
    ruler = reference.row_rulers[NAME]
    assert isinstance(ruler, SampledRuler)
    scraped, *reported = (ruler.count(reference.encode(trips(seed, rows=60))) for seed in range(12))
    before = {name: column[:30] for name, column in trips(0, rows=60).items()}
    first = ruler.contributions_of(ruler.count(reference.encode(before)))
    MEANWHILE.append(lambda: [ruler.contributions_of(each) for each in reported])
    found = ruler.contributions_of(scraped)
    assert not MEANWHILE
    assert isinstance(first, ContributionTally)
    assert isinstance(found, ContributionTally)
    assert (first.complete, found.complete) == (30, 50)


def test_a_function_that_fails_loses_its_own_findings() -> None:
    """The round goes on, and the finding says why."""
    reference = known("fails")
    FAILING.append(True)
    try:
        found = told(monitor_of(reference, trips(1)))
    finally:
        FAILING.clear()
    assert set(found) == {"contribution_coverage", "rank_distance"}
    assert all("RuntimeError: out of order" in each.why for each in found.values())
    assert all(each.value is None for each in found.values())


def test_live_batch_and_restarts_agree() -> None:
    """A live window, a batch in slices and a reference from its bytes give one sample and one set of findings."""
    reference = known(rows=60)
    read = Reference.from_bytes(reference.to_bytes())
    assert read.to_bytes() == reference.to_bytes()
    parts = [
        {name: column[at] for name, column in trips(1).items()} for at in (slice(0, 33), slice(33, ROWS))
    ]
    live = monitor_of(read, *parts)
    batch = count(TableSource(trips(1)), reference, slices=0, now=0.0)
    assert live.tally().rows.together[NAME] == batch.window.rows.together[NAME]
    assert told(live) == told(monitor_of(reference, trips(1)))


def test_no_row_of_the_reference_is_in_its_file() -> None:
    """What is kept of the reference's sample are sums."""
    kept = Reference.from_bytes(known().to_bytes()).tally.together[NAME]
    assert isinstance(kept, AskedRows)
    assert (kept.n, kept.rows) == (1000, {})


# --------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("function", "said"), [("too_few", "shape"), ("nobody", "not there"), ("HERE", "not callable")]
)
def test_a_function_that_says_nothing_is_refused(function: str, said: str) -> None:
    """What it returned, or that it is none, is said when the reference is built."""
    with pytest.raises(ModelError, match=said):
        known(function)


def test_a_mapping_has_every_feature() -> None:
    """One that was there in the reference must be there now."""
    with pytest.raises(ValueError, match="no contributions of b"):
        as_matrix({"a": [1.0]}, ["a", "b"], 1)


def test_trees_need_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without shap the error names the extra."""
    monkeypatch.setattr("modelvane.extras.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"modelvane\[shap\]"):
        known("grown", kind="trees")


def test_a_config_checks_the_function_at_the_start(tmp_path: Path) -> None:
    """A function that is gone is told of when the reference is loaded, not at the first finding."""
    pq.write_table(pa.table(trips(0)), tmp_path / "reference.parquet")
    (tmp_path / "explains.py").write_text("def explain(rows):\n    return {'far': rows['far'].to_numpy()}\n")
    section = {
        "reference_file": "reference.parquet",
        "attribution": {"function": "explains:explain", "rows": 20},
    }
    config = Config.of({"datasets": {"trips": section}}, tmp_path)
    ruler = load_reference(config, "trips").row_rulers[NAME]
    assert isinstance(ruler, SampledRuler)
    assert (ruler.most, ruler.scale.features) == (20, ("far",))
    load_reference(config, "trips").save(tmp_path / "reference.mv")
    section = {"reference_file": "reference.mv", "attribution": {"function": "explains:other"}}
    with pytest.raises((ModelError, ConfigError), match="other"):
        load_reference(Config.of({"datasets": {"trips": section}}, tmp_path), "trips")


# ---------------------------------------------------------------------- trees


def grown() -> Any:
    """Give a forest that looks at two columns."""
    from sklearn.ensemble import RandomForestRegressor

    rows = trips(0, rows=300)
    matrix = np.column_stack([rows["far"], rows["near"]])
    return RandomForestRegressor(5, max_depth=4, random_state=0).fit(matrix, 3 * matrix[:, 0] + matrix[:, 1])


def test_contributions_of_trees_add_up_to_their_predictions() -> None:
    """SHAP values of a row differ from its prediction by the same number for every row."""
    model, rows = grown(), trips(1, rows=50)
    table = pa.table({name: rows[name] for name in ("far", "near")})
    found = of_trees(model)(table)
    total = sum(found.values())
    rest = model.predict(np.column_stack([rows["far"], rows["near"]])) - total
    assert np.ptp(rest) == pytest.approx(0, abs=1e-9)


def test_trees_are_watched_by_the_name_of_their_model() -> None:
    """The feature that the forest rests on comes first."""
    numbers = {name: column for name, column in trips(0, rows=1000).items() if name != "zone"}
    reference = Reference.of(numbers, also=[SampledAttribution(HERE + "grown", "trees", rows=50)])
    found = told(monitor_of(reference, trips(1)))
    assert (
        found["mean_absolute_contribution", "far"].value > found["mean_absolute_contribution", "near"].value
    )
