"""The generated files, as Prometheus' and Alertmanager's own programs read them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.rules.configs import CONFIGS, config

from modelvane.rules import rules_of, write_rules
from modelvane.rules.files import ALERTMANAGER, RULES, TESTS
from modelvane.rules.kinds import KINDS

every_config = pytest.mark.parametrize("name", CONFIGS)


def run(*command: str | Path) -> tuple[int, str]:
    """Run a program, and give its exit code and what it said."""
    # promtool makes a database for each scenario: that is much to collect, and less work if seldom
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "GOGC": "400"}
    )
    return done.returncode, done.stdout + done.stderr


@every_config
def test_rules_are_what_they_claim(name: str, promtool: str, amtool: str, tmp_path: Path) -> None:
    """Prometheus takes the rules, their own tests pass, and Alertmanager takes its configuration."""
    write_rules(config(name), rules_of(config(name)), tmp_path)
    for command in (
        (promtool, "check", "rules", "--lint-fatal", tmp_path / RULES),
        (promtool, "test", "rules", tmp_path / TESTS),
        (amtool, "check-config", tmp_path / ALERTMANAGER),
    ):
        code, said = run(*command)
        assert code == 0, said


@pytest.mark.parametrize("expression", ["vector(0) > 0", "vector(1)"], ids=["never", "always"])
def test_the_tests_see_a_broken_rule(expression: str, promtool: str, tmp_path: Path) -> None:
    """The generated tests fail for every alert whose expression never fires, or always does."""
    write_rules(config("taxi"), rules_of(config("taxi")), tmp_path)
    rules = yaml.safe_load((tmp_path / RULES).read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule):
        rule["expr"] = expression
    (tmp_path / RULES).write_text(yaml.safe_dump(rules))
    code, said = run(promtool, "test", "rules", tmp_path / TESTS)
    assert code != 0
    assert set(re.findall(r"alertname: (\w+),", said)) == set(KINDS)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"alertname": "DatasetDrift", "dataset": "taxi", "severity": "ticket"}, "modelvane,ticket"),
        ({"alertname": "ServiceDown", "service": "taxi", "severity": "page"}, "page"),
        ({"alertname": "SeriesBudget", "severity": "info"}, "info"),
        ({"alertname": "SomethingElse"}, "info"),
    ],
)
def test_routes(labels: dict[str, str], receivers: str, amtool: str, tmp_path: Path) -> None:
    """Alerts go to who hears of their severity; those of datasets to the monitor too."""
    write_rules(config("taxi"), rules_of(config("taxi")), tmp_path)
    pairs = [f"{name}={value}" for name, value in labels.items()]
    code, said = run(amtool, "config", "routes", "test", f"--config.file={tmp_path / ALERTMANAGER}", *pairs)
    assert (code, said.splitlines()[0]) == (0, receivers)
