"""The config file: what is read, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import yaml
from docs.generate import pages
from pydantic import BaseModel

from modelvane.config import Config
from modelvane.errors import ConfigError, ModelvaneError, UnknownNameError

TAXI_2022 = """
datasets:
  taxi:
    column_mapping:
      categorical_features: [PULocationID, DOLocationID]
      numerical_features: [trip_distance]
    data_format: {header: true, separator: ','}
    monitors: [data_drift]
    reference_file: ./datasets/green_tripdata_2021-01.parquet
service:
  calculation_period_sec: 2
  min_reference_size: 30
  moving_reference: false
  datasets_path: datasets
  use_reference: true
  window_size: 5
"""


def of(dataset: dict[str, Any] | None = None, **other: Any) -> Config:
    return Config.of({"datasets": {"taxi": dataset or {}}, **other})


def test_the_file_of_2022(tmp_path: Path) -> None:
    """The taxi example's file of 2022 is read unchanged, and every setting in it is used."""
    path = tmp_path / "config.yaml"
    path.write_text(TAXI_2022)
    config = Config.load(path)
    assert config.reference_file("taxi") == tmp_path / "datasets/green_tripdata_2021-01.parquet"
    assert config.settings("taxi").window.rows == 5
    assert config.service.calculation_period_sec == 2
    assert config.compat is None


def test_defaults() -> None:
    """A dataset needs a name only: it listens on this machine alone, and the reference is where it was in 2022."""
    config = of()
    assert (config.service.host, config.service.port) == ("127.0.0.1", 8085)
    assert config.reference_file("taxi") == Path("datasets/taxi/reference.csv")
    assert config.store_file == (Path() / "modelvane.db").absolute()


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    """Relative paths start at the config's folder; absolute ones, and other stores, are what they say."""
    path = tmp_path / "config.yaml"
    path.write_text("datasets: {taxi: {reference_file: a.csv}, reco: {reference_file: /b.csv}}")
    config = Config.load(path)
    assert config.reference_file("taxi") == tmp_path / "a.csv"
    assert config.reference_file("reco") == Path("/b.csv")
    assert config.store_file == tmp_path / "modelvane.db"
    assert of(service={"store": "sqlite:////var/lib/log.db"}).store_file == Path("/var/lib/log.db")
    assert of(service={"store": "sqlite://"}).store_file is None
    assert of(service={"store": "mongodb://host/"}).store_file is None


@pytest.mark.parametrize(
    ("plain", "where", "near"),
    [
        ({"datasets": {"taxi": {}}, "servce": {}}, "servce", "service"),
        ({"datasets": {"taxi": {"refrence_file": "a"}}}, "datasets.taxi.refrence_file", "reference_file"),
        (
            {"datasets": {"taxi": {"column_mapping": {"numerical": []}}}},
            "datasets.taxi.column_mapping.numerical",
            "numerical_features",
        ),
        ({"datasets": {"taxi": {"window": {"row": 5}}}}, "datasets.taxi.window.row", "rows"),
        ({"datasets": {"taxi": {}}, "service": {"tokens": {"reed": "x"}}}, "service.tokens.reed", "read"),
    ],
)
def test_unknown_settings(plain: dict[str, Any], where: str, near: str) -> None:
    """A setting that does not exist is refused, with its place, the nearest that does, and all that do."""
    with pytest.raises(ConfigError) as caught:
        Config.of(plain)
    assert where in caught.value.what
    assert near in caught.value.remedy
    assert near in caught.value.available


@pytest.mark.parametrize(
    ("dataset", "service", "where"),
    [
        ({"budget": 1.5}, {}, "datasets.taxi.budget"),
        ({"alarm": "loud"}, {}, "datasets.taxi.alarm"),
        ({"window": {"rows": 0}}, {}, "datasets.taxi.window.rows"),
        ({"window": {"seconds": -1}}, {}, "datasets.taxi.window.seconds"),
        ({"thresholds": {"a": "much"}}, {}, "datasets.taxi.thresholds.a"),
        ({"column_mapping": {"task": "ranking"}}, {}, "datasets.taxi.column_mapping.task"),
        ({"segments": "zone"}, {}, "datasets.taxi.segments: no list"),
        (
            {"segments": [["a", "b", "c"]]},
            {},
            "segments: Segments are of one column or two; expected a column, two",
        ),
        (
            {"segments": [{"column": "a", "edges": [3, 1]}]},
            {},
            "'a' are not in order; expected finite numbers",
        ),
        ({"segments": ["a", {"column": "a", "bins": 3}]}, {}, "segments: Rows are broken down twice"),
        ({}, {"port": 70_000}, "service.port"),
        ({}, {"durability": "some"}, "service.durability"),
        ({}, {"limits": {"body_bytes": 0}}, "service.limits.body_bytes"),
        ({}, {"tokens": {"ingest": ""}}, "service.tokens.ingest"),
        ({}, {"retention": {"days": 0}}, "service.retention.days"),
        ({}, {"use_reference": False}, "service.use_reference"),
    ],
)
def test_values_out_of_range(dataset: dict[str, Any], service: dict[str, Any], where: str) -> None:
    """A value that is out of range, of another type or not supported is refused, with its place."""
    with pytest.raises(ConfigError, match=where):
        of(dataset, service=service)


def test_protected_columns_are_segments_once() -> None:
    """A protected column adds a breakdown, unless it is one: then its groups are what that says."""
    section = of({"segments": [["zone", "hour"], {"column": "age", "edges": [18, 65]}]}).dataset("taxi")
    assert [each.plain() for each in section.broken_down_by] == section.model_dump(mode="json")["segments"]
    asked = {"segments": [["zone", "hour"], {"column": "age", "bins": 3}]}
    fair = of({**asked, "fairness": [{"column": "age"}, {"column": "zone"}]})
    assert [each.plain() for each in fair.dataset("taxi").broken_down_by] == [
        ["zone", "hour"],
        {"column": "age", "bins": 3},
        "zone",
    ]


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ({"drift": {"numerical": "kolmogorov"}}, "kolmogorov_smirnov"),
        ({"drift": {"categorical": "wasserstein"}}, "categorical divergence"),
        ({"monitors": ["data_drif"]}, "data_drift"),
        (
            {"monitors": ["prob_classification_performance"], "column_mapping": {"prediction": "p"}},
            "probability columns",
        ),
    ],
)
def test_names_that_are_not_there(dataset: dict[str, Any], said: str) -> None:
    """A divergence or 2022 monitor that does not exist, or does not fit, is refused when the file is read."""
    with pytest.raises((ConfigError, UnknownNameError), match=said):
        of(dataset)


@pytest.mark.parametrize("name", ["", "a/b", "/"])
def test_names_of_datasets(name: str) -> None:
    """A dataset's name has to fit into a URL."""
    with pytest.raises(ConfigError, match="part of URLs"):
        Config.of({"datasets": {name: {}}})


@pytest.mark.parametrize(
    "text", ["", "[]", "datasets: {}", "datasets: [a]", "a: b: c", "datasets: {taxi: 7}"]
)
def test_files_that_are_no_config(tmp_path: Path, text: str) -> None:
    """A file that is empty, no YAML, or no config is refused as that."""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"config\.yaml"):
        Config.load(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "datasets: {taxi: {}}\nservice: {port: 1}\ndatasets: {reco: {}}",
            "'datasets' in line 1 and again in line 3",
        ),
        (
            "datasets:\n  taxi:\n    attribution:\n      weights:\n        zone: {74: 1, 75: 2, 74: 3}",
            "74 in line 5",
        ),
    ],
)
def test_keys_that_come_twice(tmp_path: Path, text: str, said: str) -> None:
    """A mapping that has a key twice is refused: which of the two was meant is not for us to say."""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        Config.load(path)


def test_merged_mappings_may_be_overridden(tmp_path: Path) -> None:
    """A key beside `<<` replaces the one that is merged, in YAML's own way."""
    path = tmp_path / "config.yaml"
    path.write_text(
        "datasets:\n  <<: {a: &small {window: {rows: 100}, budget: 0.1}}\n"
        "  b: &same {<<: *small, budget: 0.2}\n  c: {<<: *same, budget: 0.3}"
    )
    loaded = Config.load(path)
    assert [loaded.settings(name).budget for name in "abc"] == [0.1, 0.2, 0.3]
    assert loaded.settings("c").window.rows == 100


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that cannot be read says why."""
    with pytest.raises(ModelvaneError, match="No such file"):
        Config.load(tmp_path / "absent.yaml")


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    """A value may be the text of a file, from the config's folder; one that is not there is named."""
    (tmp_path / "token").write_text("s3cret\n")
    path = tmp_path / "config.yaml"
    path.write_text("datasets: {taxi: {}}\nservice: {tokens: {read: !file token}}")
    assert Config.load(path).service.tokens.read == "s3cret"
    (tmp_path / "token").unlink()
    with pytest.raises(ConfigError, match=r"!file token: No such file"):
        Config.load(path)


@pytest.mark.parametrize("page", sorted(pages()))
def test_documentation_is_current(page: str) -> None:
    """The generated pages are those that ``make docs`` writes now."""
    assert (Path(__file__).parent.parent / "docs" / page).read_text() == pages()[page]


def _settings(model: type[BaseModel], within: str = "") -> Iterator[str]:
    """Name every setting below a section, as `datasets.<name>.window.rows`."""
    for name, info in model.model_fields.items():
        if info.exclude:
            continue
        below = list(_sections(info.annotation, f"{within}{name}"))
        for section, path in below:
            yield from _settings(section, f"{path}.")
        if not below:
            yield f"{within}{name}"


def _sections(annotation: Any, path: str) -> Iterator[tuple[type[BaseModel], str]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, path
    by_name = ".<name>" if get_origin(annotation) is dict else ""
    for part in get_args(annotation):
        yield from _sections(part, f"{path}{by_name}")


def _described(page: str) -> Iterator[str]:
    """Name every setting that a table has with a description, below the sections that its heading names."""
    sections = [""]
    for line in page.splitlines():
        if line.startswith("## "):
            sections = [f"{path}." for path in re.findall("`([^`]+)`", line)] or [""]
        elif line.startswith("| `") and not line.endswith("|  |"):
            yield from (f"{section}{line.split('`')[1]}" for section in sections)


def test_every_setting_is_documented() -> None:
    """The page has every setting of every section with a description, and its example is a config."""
    page = pages()["configuration.md"]
    assert not set(_settings(Config)) - set(_described(page))
    example = page.partition("```yaml\n")[2].partition("```")[0]
    assert Config.of(yaml.safe_load(example)).settings("taxi").window.rows == 5000


def test_prediction_services() -> None:
    """A service has its own name for a job, and logs to the dataset of its name, unless it says otherwise."""
    config = Config.of(
        {
            "datasets": {"taxi": {}, "trips": {}},
            "prediction_services": {
                "taxi": {"target": "127.0.0.1:9696"},
                "both": {
                    "target": "[::1]:80",
                    "job": "b",
                    "datasets": ["trips", "taxi"],
                    "model": "Duration",
                },
                "other": {"target": "other:1", "slow_seconds": 0.25},
            },
        }
    )
    taxi, both, other = config.services()
    assert (taxi.job, taxi.datasets, taxi.slow_seconds, taxi.model) == ("taxi", ("taxi",), 0.1, "taxi")
    assert (both.job, both.datasets, both.model) == ("b", ("trips", "taxi"), "Duration")
    assert (other.datasets, other.slow_seconds) == ((), 0.25)


@pytest.mark.parametrize(
    ("services", "said"),
    [
        ({"taxi": {"target": "http://127.0.0.1:9696"}}, "prediction_services.taxi.target: no target"),
        ({"taxi": {"target": "127.0.0.1"}}, "no target"),
        ({"taxi": {"target": "a:0"}}, "no target"),
        ({"taxi": {}}, "prediction_services.taxi.target"),
        ({"taxi": {"target": "a:1", "slow_seconds": 0}}, "prediction_services.taxi.slow_seconds"),
        ({"taxi": {"target": "a:1", "slow_second": 1}}, "Did you mean 'slow_seconds'"),
        ({"taxi": {"target": "a:1", "datasets": ["taxy"]}}, "prediction_services.taxi.*Did you mean 'taxi'"),
        ({"modelvane": {"target": "a:1"}}, "job is taken by the monitor"),
        (
            {"a": {"target": "a:1", "job": "x"}, "b": {"target": "b:1", "job": "x"}},
            "by prediction_services.a",
        ),
    ],
)
def test_prediction_services_that_cannot_be(services: dict[str, Any], said: str) -> None:
    """A target that is none, a dataset that is not there, and a job that is taken are refused with their place."""
    with pytest.raises((ConfigError, UnknownNameError), match=said):
        of(prediction_services=services)


def test_links() -> None:
    """The monitor is where it listens unless a link says otherwise; what is no URL is refused."""
    assert of(service={"port": 9}).monitor_url == "http://127.0.0.1:9"
    assert of(links={"monitor": "https://vane.example/"}).monitor_url == "https://vane.example"
    with pytest.raises(ConfigError, match=r"links\.grafana: no URL"):
        of(links={"grafana": "localhost:3000"})
