"""The catalogue is complete: it names everything that a watch finds, and nothing that no watch finds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from msgspec.structs import replace
from tests.laws.answers import answers, reference_of

from modelvane.attribution.kinds import LinearAttribution
from modelvane.catalogue import CATALOGUE, DISTANCE, measure, titles
from modelvane.concept.detectors import OWN
from modelvane.concept.detectors.river import RIVER
from modelvane.divergences import DIVERGENCES
from modelvane.errors import ConfigError, UnknownNameError
from modelvane.estimates.learning import loss_kinds
from modelvane.evaluation.thresholds import ARRIVAL, check_thresholds
from modelvane.findings import Family, Finding, Verdict
from modelvane.measure import label_of
from modelvane.methods import Methods
from modelvane.monitor import Monitor
from modelvane.multivariate.learning import RowSampleKind
from modelvane.reference import Reference
from modelvane.schema import Kind, Task
from modelvane.settings import Concept, Multivariate, Protected, Settings, Versions, Window

ROWS = 240
EVERY = Concept(detectors=(*OWN, *RIVER))
METHODS = Methods(
    columns={
        "distance": tuple(name for name, each in DIVERGENCES.items() if Kind.NUMERICAL in each.kinds),
        "zone": tuple(name for name, each in DIVERGENCES.items() if Kind.CATEGORICAL in each.kinds),
    }
)


def _trips(rng: np.random.Generator) -> dict[str, list[object]]:
    distance = rng.gamma(2.0, 2.0, ROWS).round(3)
    return {
        "id": [f"trip {i}" for i in range(ROWS)],
        "time": [1_640_995_200.0 + 60.0 * i for i in range(ROWS)],
        "distance": distance.tolist(),
        "zone": rng.choice(["north", "south"], ROWS).tolist(),
        "prediction": (3 * distance + 2).tolist(),
        "duration": (3 * distance + rng.normal(2, 1, ROWS)).tolist(),
    }


def _found(reference: Reference, rows: dict[str, list[object]], settings: Settings) -> Iterator[Finding]:
    monitor = Monitor("watched", reference, settings, clock=lambda: 1_641_010_000.0)
    monitor.push({name: values[: ROWS // 2] for name, values in rows.items()}, received=1_641_009_900.0)
    monitor.push({name: values[ROWS // 2 :] for name, values in rows.items()}, received=1_641_009_990.0)
    yield from monitor.findings()


def _regression(rng: np.random.Generator) -> Iterator[Finding]:
    trips = _trips(rng)
    # losses are learned of no fewer rows
    several = {name: values * 3 for name, values in trips.items()}
    reference = Reference.of(
        several,
        id="id",
        time="time",
        prediction="prediction",
        target="duration",
        task=Task.REGRESSION,
        segments=["zone"],
        methods=METHODS,
        also=[
            *loss_kinds(),
            LinearAttribution({"distance": 3.0, "zone": {"north": 1.0}}),
            RowSampleKind(classifier=True),
        ],
    )
    faulty = {**_trips(rng), "surprise": [1.0] * ROWS}
    faulty["distance"][:4] = [None, float("inf"), "far", 1e300]
    faulty["zone"][:3] = [None, "west", 7]
    faulty["id"][5] = faulty["id"][6]
    del faulty["prediction"]
    window = Window(rows=ROWS, seconds=7200.0, panes=4)
    thresholds = {"mean_absolute_error": 1.0, "distance.missing_share": 0.01}
    yield from _found(reference, faulty, Settings(window, methods=METHODS, thresholds=thresholds))
    fair = Settings(Window(rows=ROWS), methods=METHODS, fairness=(Protected("zone"),), concept=EVERY)
    fair = replace(fair, multivariate=Multivariate(classifier=True))
    yield from _found(reference, _trips(rng), fair)


def _labels(rng: np.random.Generator) -> Iterator[Finding]:
    def rows() -> dict[str, list[object]]:
        target = rng.choice(["cat", "dog", "owl"], ROWS)
        guess = np.where(rng.random(ROWS) < 0.8, target, "cat")
        return {
            "weight": rng.normal(5, 1, ROWS).round(2).tolist(),
            "guess": guess.tolist(),
            "animal": target.tolist(),
        }

    reference = Reference.of(rows(), prediction="guess", target="animal", segments=["animal"])
    fair = (Protected("animal", positive="cat", least_rows=1),)
    yield from _found(reference, rows(), Settings(Window(rows=ROWS), fairness=fair, concept=EVERY))


def _binary_scores(rng: np.random.Generator) -> Iterator[Finding]:
    def rows() -> dict[str, list[object]]:
        score = rng.random(ROWS)
        return {"score": score.tolist(), "bought": (rng.random(ROWS) < score).astype(int).tolist()}

    reference = Reference.of(rows(), prediction="score", target="bought", task=Task.CLASSIFICATION)
    yield from _found(reference, rows(), Settings(Window(rows=ROWS), concept=EVERY))


def _class_scores(rng: np.random.Generator) -> Iterator[Finding]:
    def rows() -> dict[str, list[object]]:
        scores = rng.dirichlet([1.0, 1.0, 1.0], ROWS)
        target = [["cat", "dog", "owl"][i] for i in scores.argmax(axis=1)]
        return {**dict(zip(("cat", "dog", "owl"), scores.T.tolist(), strict=True)), "animal": target}

    reference = Reference.of(rows(), prediction=["cat", "dog", "owl"], target="animal")
    yield from _found(reference, rows(), Settings(Window(rows=ROWS), concept=EVERY))


def _versions(rng: np.random.Generator) -> Iterator[Finding]:
    names = np.resize(["v1", "v2"], ROWS).tolist()
    regression = Reference.of(_trips(rng), prediction="prediction", target="duration", version="model")
    settings = Settings(Window(rows=ROWS), versions=Versions("v1"))
    monitor = Monitor("all", regression, settings)
    for number in range(4):
        # labels of one monitor have an id once
        monitor.push({**_trips(rng), "id": [f"{number}-{row}" for row in range(ROWS)], "model": names})
    yield from monitor.findings()
    kinds = rng.choice(["cat", "dog"], ROWS).tolist()
    rows = {"weight": rng.normal(5, 1, ROWS).tolist(), "prediction": kinds, "target": kinds}
    classes = Reference.of(rows, version="model")
    yield from _found(classes, {**rows, "model": names}, settings)


def _answers(rng: np.random.Generator) -> Iterator[Finding]:
    reference = reference_of(answers(rng, ROWS), segments=["kind"])
    rows = answers(rng, ROWS)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    limits = {"fallback_share": 0.1, "ndcg@5": 0.5}
    yield from _found(reference, columns, Settings(Window(rows=ROWS), thresholds=limits))


@pytest.fixture(scope="module")
def found() -> list[Finding]:
    """Give what six models' watches find, with segments, a time window and faults in the data."""
    rng = np.random.default_rng(7)
    watches = (_regression, _labels, _binary_scores, _class_scores, _answers, _versions)
    return [finding for watch in watches for finding in watch(rng)]


def test_every_finding_is_of_the_catalogue(found: list[Finding]) -> None:
    """A finding's family, measure and unit are those of an entry."""
    for finding in found:
        assert CATALOGUE[finding.family, finding.measure].unit == finding.unit, finding


def test_every_entry_is_found_somewhere(found: list[Finding]) -> None:
    """An entry that no watch finds would be documentation of nothing."""
    assert CATALOGUE.keys() - {(finding.family, finding.measure) for finding in found} == set()


def test_the_series_of_an_entry_tells_its_findings_apart(found: list[Finding]) -> None:
    """Whatever a finding says of column, segment or label has a label of the series to go to."""
    for finding in found:
        entry = CATALOGUE[finding.family, finding.measure]
        assert finding.column is None or "column" in entry.labels, finding
        assert finding.segment is None or "segment" in entry.labels, finding
        assert (finding.label is not None) == (entry.by is not None), finding
        assert entry.by is None or entry.labels[-1] == label_of(entry.by), finding


def test_series_are_one_to_one_with_measures() -> None:
    """Only the divergences share a series, in which the method tells them apart."""
    series = [entry.series for entry in CATALOGUE.values() if entry.series != DISTANCE]
    assert len(series) == len(set(series))
    assert {entry.family for entry in CATALOGUE.values() if entry.series == DISTANCE} == {Family.DRIFT}


def test_the_unit_is_in_the_name() -> None:
    """Ratios and seconds end in their unit, as Prometheus asks, and nothing else does."""
    for entry in CATALOGUE.values():
        if entry.series != DISTANCE:
            assert entry.series.endswith("_ratio") == (entry.unit == "ratio"), entry
            assert (entry.series.endswith("_seconds")) == (entry.unit == "seconds"), entry
        assert "_share" not in entry.series


def test_measures_of_one_name_have_one_title() -> None:
    """A page can show a title by the measure's name alone."""
    for entry in CATALOGUE.values():
        assert titles()[entry.name] == entry.title


def test_an_unknown_measure_is_answered_with_the_nearest() -> None:
    """A misspelt name in a config is answered with what it could have meant, within its family."""
    with pytest.raises(UnknownNameError, match="Did you mean 'mean_absolute_error'"):
        measure("mean_absolut_error", Family.PERFORMANCE)
    with pytest.raises(UnknownNameError) as raised:
        measure("missing_share", Family.DRIFT)
    assert "kolmogorov_smirnov" in raised.value.available
    assert "mean" not in raised.value.available


def test_a_value_between_bounds_carries_its_bound() -> None:
    """Four in ten rows stuck between the edges are within the error bound of the most common value's share."""
    rng = np.random.default_rng(3)
    reference = Reference.of({"x": rng.normal(size=4000)})
    rows = np.concatenate([rng.normal(size=600), np.full(400, 0.123456789)])
    monitor = Monitor("watched", reference, Settings(Window(rows=1000)))
    monitor.push({"x": rows})
    found = monitor.findings().get("most_common_share", "x")
    assert found is not None
    assert found.value is not None
    assert found.error_bound is not None
    assert found.value <= 0.4 <= found.value + found.error_bound


@pytest.mark.parametrize(
    ("rows", "rate", "age"),
    [
        (0, "no rows in the window", "no rows in the window"),
        (1, "one row in the window; it takes two", ""),
        (1000, "all rows of the window came at once", ""),
    ],
)
def test_what_the_arrival_of_rows_lacks_is_said_of_each_measure(rows: int, rate: str, age: str) -> None:
    """Rows that were pushed at once have no rate, a window without rows has no last one, and each says so."""
    monitor = Monitor("watched", Reference.of({"x": list(range(2000))}), Settings(Window(rows=1000)))
    if rows:
        monitor.push({"x": list(range(rows))})
    found = {each.measure: each.why for each in monitor.findings()}
    assert (found["rows_per_second"], found["last_row_age"]) == (rate, age)


def test_values_out_of_range_have_a_usual_range() -> None:
    """Where the reference has a time column, what its own windows have beyond the rest is learned."""
    trips = _trips(np.random.default_rng(5))
    monitor = Monitor("watched", Reference.of(trips, id="id", time="time"), Settings(Window(rows=ROWS)))
    monitor.push(trips)
    found = monitor.findings().get("out_of_range_share", "distance")
    assert found is not None
    assert found.usual_range is not None
    assert found.why == ""


def _judged(thresholds: dict[str, float], rng: np.random.Generator) -> tuple[Reference, list[Finding]]:
    roles = {"id": "id", "time": "time", "prediction": "prediction", "target": "duration"}
    reference = Reference.of(_trips(rng), **roles, task=Task.REGRESSION)
    settings = Settings(Window(rows=ROWS), thresholds=thresholds)
    return reference, list(_found(reference, _trips(rng), settings))


def test_every_threshold_that_is_taken_judges() -> None:
    """Whatever key passes the check makes its finding judged; every other measure's key is refused."""
    rng = np.random.default_rng(11)
    reference, found = _judged({}, rng)
    keys = {f.measure if f.column is None else f"{f.column}.{f.measure}" for f in found} | {
        "distance",
        "zone",
    }
    taken = set()
    for key in keys:
        try:
            check_thresholds([key], reference)
        except UnknownNameError:
            continue
        taken.add(key)
    assert {"distance", "zone.missing_share", "distance.constant", "label_coverage", *ARRIVAL} <= taken
    _, limited = _judged(dict.fromkeys(taken, -1e300), rng)
    judged = {
        f.column if f.family is Family.DRIFT else f.measure if f.column is None else f"{f.column}.{f.measure}"
        for f in limited
        if f.threshold == -1e300 and f.verdict in (Verdict.ALARM, Verdict.OK)
    }
    undefined = {f.measure for f in limited if f.value is None}
    assert taken - judged <= undefined


def test_arrival_is_all_of_quality_that_is_of_no_column() -> None:
    """The measures of rows as a whole that can be limited are those of the catalogue."""
    of_rows = {
        name for (family, name), each in CATALOGUE.items() if family is Family.QUALITY and not each.kinds
    }
    assert of_rows == set(ARRIVAL)


@pytest.mark.parametrize(
    ("thresholds", "verdict"),
    [({"label_coverage": 0.999}, Verdict.OK), ({"label_coverage": 1.5}, Verdict.ALARM)],
)
def test_label_coverage_is_limited_from_below(thresholds: dict[str, float], verdict: Verdict) -> None:
    """Too few labels are the fault, never too many."""
    _, found = _judged(thresholds, np.random.default_rng(12))
    assert next(f.verdict for f in found if f.measure == "label_coverage") is verdict


def test_label_lag_is_limited_from_above() -> None:
    """Labels that take longer than the limit are the fault."""
    rng = np.random.default_rng(13)
    assert [
        next(f.verdict for f in _judged({"label_lag": limit}, rng)[1] if f.measure == "label_lag")
        for limit in (1e12, -1.0)
    ] == [Verdict.OK, Verdict.ALARM]


@pytest.mark.parametrize("limit", [float("nan"), float("inf")])
def test_a_limit_that_no_value_can_exceed_is_refused(limit: float) -> None:
    """NaN and infinity judge nothing."""
    with pytest.raises(ConfigError, match="finite"):
        Settings(thresholds={"x": limit})


def test_sparse_categories_give_a_finding_without_a_p_value() -> None:
    """Where chi-square's probability is none, the finding has its value and no p-value."""
    reference = Reference.of({"zone": ["a"] * 200 + ["b"] * 200 + ["c"]})
    monitor = Monitor("watched", reference, Settings(methods=Methods(categorical=("g_test",))))
    monitor.push({"zone": ["a", "b"] * 50})
    sparse = monitor.findings().get("g_test", "zone")
    assert sparse is not None
    assert sparse.value is not None
    assert sparse.p_value is None


def test_quantiles_and_ranking_carry_their_bounds() -> None:
    """What a tally knows only roughly says in its finding how roughly, and the raw rows' value is that near."""
    rng = np.random.default_rng(4)

    def rows(count: int) -> dict[str, np.ndarray]:
        score = rng.beta(2, 3, count)
        return {"x": rng.normal(size=count), "prediction": score, "target": rng.random(count) < score}

    monitor = Monitor("watched", Reference.of(rows(4000)), window=1000)
    window = rows(1000)
    monitor.push(window)
    findings = monitor.findings()
    positive, negative = (window["prediction"][window["target"] == side] for side in (True, False))
    exact = {
        ("median", "x", None): np.median(window["x"]),
        ("quantile", "x", "0.95"): np.quantile(window["x"], 0.95),
        ("median", "prediction", None): np.median(window["prediction"]),
        ("roc_auc", None, None): (positive[:, None] > negative).mean(),
    }
    for (name, column, label), value in exact.items():
        found = findings.get(name, column, None, label)
        assert found is not None
        assert found.value is not None
        assert found.error_bound is not None, name
        assert abs(found.value - value) <= found.error_bound + 1e-9, name
        assert found.error_bound < 0.01, name


def test_unseen_categories_are_named_however_few() -> None:
    """One new category among a thousand rows is no fault, and its finding says which it is."""
    zones = ["a", "b", "once", *["a", "b"] * 1000]
    monitor = Monitor(
        "watched", Reference.of({"zone": zones, "x": [float(i) for i in range(2003)]}), window=1000
    )
    monitor.push({"zone": ["a", "b"] * 499 + ["a", "new"], "x": [float(i) for i in range(1000)]})
    found = monitor.findings().get("unseen_share", "zone")
    assert found is not None
    assert (found.value, found.verdict, found.cause) == (0.001, Verdict.OK, "new (1)")
