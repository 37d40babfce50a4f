"""What an edit of a config would do, told before it is done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families
from tests.service.serving import Process, reference_rows, save_reference, served, settings

from modelvane import Monitor, Reference
from modelvane.cli import app
from modelvane.config import Config
from modelvane.findings import Family
from modelvane.plan import Action, Change, expected_series, plan_between
from modelvane.plan.expected import samples_of
from modelvane.plan.lines import LineKey

LIMITED = {"thresholds": {"mean_absolute_error": 3, "label_coverage": 0.1}}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a small reference."""
    return save_reference(tmp_path_factory.mktemp("reference") / "taxi.mv")


def written(folder: Path, name: str, plain: dict[str, Any]) -> str:
    """Write a config, and give its path."""
    path = folder / name
    path.write_text(yaml.safe_dump(plain))
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["plan", *arguments])


def changes(before: dict[str, Any], after: dict[str, Any], folder: Path) -> dict[tuple[str, str], Change]:
    """Give the changes of an edit by kind and name."""
    plan = plan_between(Config.of(before, folder), Config.of(after, folder))
    return {(change.kind, change.name): change for change in plan.changes}


@pytest.mark.parametrize("window", [{"rows": 400}, {"seconds": 86_400}], ids=["rows", "seconds"])
def test_what_is_expected_is_what_comes(reference: Path, tmp_path: Path, window: dict[str, int]) -> None:
    """A service that had the reference's rows and their labels exposes exactly the series that were expected."""
    plain = settings(reference, window=window, **LIMITED)
    with served(plain, tmp_path) as client:
        rows = reference_rows()
        targets = [{"id": n, "target": row.pop("target")} for n, row in enumerate(rows)]
        posted = [row | {"id": n} for n, row in enumerate(rows)]
        for part in (posted[:1], posted[1:]):
            # all at once would have no rate
            client.post("/iterate/taxi", json=part)
        client.post("/v1/datasets/taxi/labels", json=targets)
        families = list(text_string_to_metric_families(client.get("/metrics").text))
    assert samples_of(families) == expected_series(Config.of(plain, tmp_path)).samples


def test_an_edit(reference: Path, tmp_path: Path) -> None:
    """A limit adds its series and alert, another threshold changes an alert, and what goes is removed."""
    before = settings(reference, alerts={"severity": {"LabelsLate": "none"}})
    after = settings(reference, **LIMITED) | {
        "alerts": {"silence": "1h", "severity": {"QualityFault": "none"}}
    }
    found = changes(before, after, tmp_path)
    added = found["series", 'modelvane_performance_threshold{dataset="taxi"}']
    assert (added.action, added.details["samples"]) == (Action.ADD, ("0", "2"))
    assert found["alert", "PerformanceBelowLimit dataset=taxi"].action is Action.ADD
    assert found["alert", "LabelsLate dataset=taxi"].action is Action.ADD
    assert found["alert", "QualityFault dataset=taxi"].action is Action.REMOVE
    silence = found["alert", "NoPredictions dataset=taxi"]
    assert (silence.action, list(silence.details)) == (Action.CHANGE, ["expression", "description"])
    assert "> 900" in silence.details["expression"][0]
    assert "> 3600" in silence.details["expression"][1]


def test_a_service_and_segments_have_panels(reference: Path, tmp_path: Path) -> None:
    """A prediction service adds recording rules, alerts and the panels of its health."""
    service = {"prediction_services": {"taxi": {"target": "127.0.0.1:9696"}}}
    found = changes(settings(reference), settings(reference) | service, tmp_path)
    kinds = {kind for kind, _ in found}
    assert kinds == {"setting", "recording rule", "alert", "panel"}
    assert {change.action for (kind, _), change in found.items() if kind == "recording rule"} == {Action.ADD}


def test_another_column_is_a_change(tmp_path: Path) -> None:
    """Where one column takes another's place, as many series come as go, and both numbers are told."""
    rows = reference_rows()
    for name, column in (("one", "zone"), ("two", "area")):
        lines = [f"trip_distance,{column},prediction,target"]
        lines += [
            ",".join(str(row[key]) for key in ("trip_distance", "zone", "prediction", "target"))
            for row in rows
        ]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines))
    one, two = (
        settings(tmp_path / f"{name}.csv", column_mapping={"categorical_features": [column]})
        for name, column in (("one", "zone"), ("two", "area"))
    )
    found = changes(one, two, tmp_path)["series", 'modelvane_drift_distance{dataset="taxi"}']
    assert found.action is Action.CHANGE
    assert list(found.details.values()) == [("3", "3"), ("1", "1")]


def test_lines_are_those_of_a_full_window(reference: Path, tmp_path: Path) -> None:
    """The expected lines are, to the last bit, those that findings have in a window of as many rows."""
    plain = settings(reference, window={"rows": 120}, thresholds={"zone": 0.4})
    config = Config.of(plain, tmp_path)
    expected = expected_series(config).lines
    monitor = Monitor("taxi", Reference.load(reference), config.settings("taxi"))
    monitor.push([row | {"time": 60.0 * n} for n, row in enumerate(reference_rows(120))])
    drift = [each for each in monitor.findings() if each.family is Family.DRIFT and each.column != "target"]
    assert {each.column for each in drift} == {"trip_distance", "zone", "prediction"}
    for found in drift:
        assert found.column is not None
        lines = expected[LineKey("taxi", found.measure, found.column)]
        told = (lines.noise_floor, lines.usual_range, lines.threshold)
        assert told == (found.noise_floor, found.usual_range, found.threshold)
        assert told != (None, None, None)


def test_a_budget_moves_lines(reference: Path, tmp_path: Path) -> None:
    """Another budget changes no series, rule or panel: it and the lines are told, from what to what."""
    found = changes(settings(reference), settings(reference, budget=0.05), tmp_path)
    assert {kind for kind, _ in found} == {"setting", "line"}
    budget = found["setting", "datasets.taxi.budget"]
    assert (budget.action, budget.details) == (Action.CHANGE, {"value": ("0.001", "0.05")})
    assert found["line", 'kolmogorov_smirnov{dataset="taxi"}'].details["columns"] == ("3", "3")
    was, will = (
        [float(end) for end in side.split(" to ")] for side in found_line(found, "kolmogorov_smirnov")
    )
    assert max(will) < min(was)
    # one column of its kind is named
    assert ("line", 'g_test{dataset="taxi",column="zone"}') in found


def found_line(found: dict[tuple[str, str], Change], divergence: str) -> tuple[str, str]:
    return found["line", f'{divergence}{{dataset="taxi"}}'].details["noise floor"]


def test_a_window_moves_lines(reference: Path, tmp_path: Path) -> None:
    """A smaller window has wider lines, be it of rows, by the service's size, or of seconds."""
    base = settings(reference)
    del base["datasets"]["taxi"]["window"]
    larger, smaller = ({**base, "service": {"window_size": rows}} for rows in (200, 50))
    found = changes(larger, smaller, tmp_path)
    assert found["setting", "datasets.taxi.window.rows"].details["value"] == ("200", "50")
    was, will = found_line(found, "kolmogorov_smirnov")
    assert float(was.split()[0]) < float(will.split()[0])


def test_an_alarm_at_noise_asks_for_one_line(tmp_path: Path) -> None:
    """Where an alarm no longer takes the usual range, that line goes, and the noise floor stays."""
    rows = [row | {"time": 60.0 * n} for n, row in enumerate(reference_rows(1500))]
    Reference.of(rows, categorical=["zone"], numerical=["trip_distance"], time="time").save(tmp_path / "a.mv")
    usual, noise = (settings(tmp_path / "a.mv", alarm=alarm) for alarm in ("usual", "noise"))
    found = changes(usual, noise, tmp_path)
    assert found["setting", "datasets.taxi.alarm"].details["value"] == ("usual", "noise")
    details = found["line", 'kolmogorov_smirnov{dataset="taxi"}'].details
    assert "noise floor" not in details
    assert details["usual range"][0]
    assert not details["usual range"][1]


def test_a_limit_takes_the_place_of_lines(reference: Path, tmp_path: Path) -> None:
    """A limit of one column names it: its learned line goes, and the limit comes; so does another divergence."""
    after = settings(reference, thresholds={"trip_distance": 0.3}, drift={"categorical": "psi"})
    found = changes(settings(reference), after, tmp_path)
    limit = found["setting", "datasets.taxi.thresholds.trip_distance"]
    assert (limit.action, limit.details["value"]) == (Action.ADD, ("", "0.3"))
    details = found["line", 'kolmogorov_smirnov{dataset="taxi",column="trip_distance"}'].details
    assert details["noise floor"][1] == ""
    assert details["threshold"] == ("", "0.3")
    gone, come = (found["line", f'{name}{{dataset="taxi",column="zone"}}'] for name in ("g_test", "psi"))
    assert not gone.details["noise floor"][1]
    assert not come.details["noise floor"][0]


def test_settings_are_told_without_secrets(reference: Path, tmp_path: Path) -> None:
    """That a token or a password is another one is told, and neither of them; of a new dataset that it comes."""
    stores = [f"mongodb://me:{word}@host/db" for word in ("before", "behind")]
    before, after = (
        settings(reference, {"tokens": {"read": word}, "store": store})
        for word, store in zip(("earlier", "later"), stores, strict=True)
    )
    after["datasets"]["shop"] = after["datasets"]["taxi"]
    found = changes(before, after, tmp_path)
    settled = {name: change for (kind, name), change in found.items() if kind == "setting"}
    assert set(settled) == {"datasets.shop", "service.store", "service.tokens.read"}
    assert settled["datasets.shop"].action is Action.ADD
    assert settled["service.tokens.read"].details["value"] == ("***", "***")
    assert settled["service.store"].details["value"] == ("mongodb://me:***@host/db",) * 2
    assert not any(kind == "line" for kind, _ in found)


def test_the_budget_is_told(reference: Path, tmp_path: Path) -> None:
    """How many series each dataset has, of how many, and how many would be left out."""
    plain = settings(reference, {"limits": {"series": 60}})
    answer = run("--config", written(tmp_path, "new.yaml", plain), "--format", "json")
    series = json.loads(answer.output)["series"]
    assert series["limit"] == 60
    assert sum(series["by_dataset"].values()) == series["after"] > 60
    assert 0 < series["left_out"] < series["after"]
    text = run("--config", written(tmp_path, "new.yaml", plain)).output
    assert f"{series['left_out']} of them would be left out" in text


def test_exit_codes(reference: Path, tmp_path: Path) -> None:
    """0 is no change, 1 is changes, 2 is a config with which the service would not start."""
    old = written(tmp_path, "old.yaml", settings(reference))
    new = written(tmp_path, "new.yaml", settings(reference, **LIMITED))
    bad = written(tmp_path, "bad.yaml", settings(reference, thresholds={"acuracy": 1}))
    same = run("--config", old, "--against", old)
    assert (same.exit_code, same.output.splitlines()[0]) == (0, "Nothing changes.")
    looser = run(
        "--config", written(tmp_path, "looser.yaml", settings(reference, budget=0.05)), "--against", old
    )
    assert looser.exit_code == 1
    budget = next(line for line in looser.output.splitlines() if "datasets.taxi.budget" in line)
    assert budget.split() == ["change", "setting", "datasets.taxi.budget", "0.001", "0.05"]
    assert "noise floor" in looser.output
    changed = run("--config", new, "--against", old)
    assert changed.exit_code == 1
    assert "PerformanceBelowLimit dataset=taxi" in changed.output
    assert run("--config", bad, "--against", old).exit_code == 2
    assert run("--config", old, "--against", old, "--url", "http://127.0.0.1:1").exit_code == 2
    assert run("--config", old, "--url", "http://127.0.0.1:1").exit_code == 2
    assert run("--config", old, "--url", "127.0.0.1:1").exit_code == 2


def test_beside_a_running_monitor(reference: Path, tmp_path: Path) -> None:
    """Of a running monitor the series are compared: what the same config lacks are those that have no value yet."""
    plain = settings(reference)
    with Process(plain, tmp_path) as process:
        answer = run(
            "--config", written(tmp_path, "new.yaml", plain), "--url", process.ready(), "--format", "json"
        )
    found = json.loads(answer.output)
    assert answer.exit_code == 1
    assert {change["kind"] for change in found["changes"]} == {"series"}
    assert "remove" not in {change["action"] for change in found["changes"]}
    assert 0 < found["series"]["before"] < found["series"]["after"]
