"""Prometheus itself reads every expression."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from tests.dashboards.configs import ALL
from tests.dashboards.test_dashboards_complete import expressions

from modelvane.config import Config
from modelvane.dashboards import dashboards_of
from modelvane.dashboards.variables import filled

_GIVEN = {"dataset": "taxi", "rate_interval": "1m"}


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
def test_prometheus_parses_every_expression(config: Config, tmp_path: Path) -> None:
    """As rules, with the variables filled in, promtool takes the expressions of panels, annotations and choices."""
    found = {
        filled(expression, {each.name: ["a b", "c|d"] for each in dashboard.variables}, 3600, 60)
        for dashboard in dashboards_of(config)
        for expression in expressions(dashboard)
    }
    assert not [expression for expression in found if "$" in expression]
    rules = [{"record": f"r:{number}", "expr": expression} for number, expression in enumerate(sorted(found))]
    path = tmp_path / "rules.yml"
    # JSON is YAML
    path.write_text(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"{len(rules)} rules found", done.stdout + done.stderr)


_DISTANCE = 'dataset="taxi", column="COLUMN", method="ks", segment=""'
_RELATION = 'dataset="taxi", column="COLUMN", measure="mean_error_relation"'


@pytest.mark.parametrize(
    ("title", "series"),
    [
        (
            "Distance in units of its line",
            [f"modelvane_drift_{each}{{{_DISTANCE}}}" for each in ("distance", "noise_floor", "usual_range")],
        ),
        (
            "Change of the relation in units of its line",
            [
                'modelvane_concept_mean_error_relation{dataset="taxi", column="COLUMN"}',
                *(f"modelvane_concept_{each}{{{_RELATION}}}" for each in ("noise_floor", "usual_range")),
            ],
        ),
    ],
    ids=["drift", "concept"],
)
def test_beside_a_line_of_0_no_height_is_shown(
    title: str, series: list[str], promtool: str, tmp_path: Path
) -> None:
    """A value is divided by the higher of its lines; where that is 0 nothing is shown, infinity least of all."""
    columns = {"far": (3, 1, 2), "near": (3, 1, 0.5), "moved": (3, 0, 0), "still": (0, 0, 0)}
    panels = [each for board in dashboards_of(ALL["taxi"]) for each in board.panels() if each.title == title]
    choices = {"dataset": ["taxi"], "column": list(columns), "method": ["ks"]}
    expression = filled(panels[0].queries[0].expression, choices, 3600, 60)
    asked = {
        "expr": f"max by (column) ({expression})",
        "eval_time": "2m",
        "exp_samples": [
            {"labels": '{column="far"}', "value": 1.5},
            {"labels": '{column="near"}', "value": 3},
        ],
    }
    given = [
        {"series": each.replace("COLUMN", column), "values": f"{number}x5"}
        for column, numbers in columns.items()
        for each, number in zip(series, numbers, strict=True)
    ]
    path = tmp_path / "tests.yml"
    # JSON is YAML
    path.write_text(
        json.dumps({"tests": [{"interval": "1m", "input_series": given, "promql_expr_test": [asked]}]})
    )
    done = subprocess.run([promtool, "test", "rules", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("config", ALL.values(), ids=ALL)
def test_every_variable_is_defined_where_it_is_used(config: Config) -> None:
    """Whatever stands after a dollar sign is a choice of that dashboard, or Grafana's own."""
    for dashboard in dashboards_of(config):
        defined = {variable.name for variable in dashboard.variables}
        titles = [panel.title for panel in dashboard.panels()]
        links = [link.url for panel in dashboard.panels() for link in panel.links]
        texts = [*expressions(dashboard), *titles, *links, *(link.url for link in dashboard.links)]
        used = {name for text in texts for name in re.findall(r"\$\{?(\w+)", text) if name[:2] != "__"}
        assert used <= defined, dashboard.uid
        assert {panel.repeat for panel in dashboard.panels()} <= defined | {""}
        assert defined <= used, f"a choice of {dashboard.uid} that chooses nothing"
