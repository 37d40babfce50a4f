"""What Prometheus is given: literal bytes, read back by the client library's own parsers."""

from __future__ import annotations

import math
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_prometheus
from tests.golden.exposed import (
    ANIMALS,
    COMPAT,
    GOLDEN,
    HOSTILE,
    TAXI,
    drift,
    full_scrape,
    performance,
    quality,
    scrape,
)

from modelvane.errors import ConfigError, UnknownNameError
from modelvane.exposition import Exposed, ModelCollector, registry_of, render
from modelvane.exposition.collector import native
from modelvane.exposition.docs import page
from modelvane.exposition.findings import MOST_LABELS
from modelvane.exposition.labels import LONGEST, bounded
from modelvane.findings import Family, Finding, Findings, Verdict

OPENMETRICS = "application/openmetrics-text"
PARSERS = {"text/plain": parse_prometheus, OPENMETRICS: parse_openmetrics}


def exposed(*findings: Finding, limit: int = 1000) -> CollectorRegistry:
    """Give a registry that exposes some findings."""
    taxi = Exposed("taxi", replace(TAXI, findings=findings))
    return registry_of(ModelCollector(lambda: [taxi], limit=limit))


def samples(families: Iterable[Metric]) -> Counter[tuple[str, tuple[tuple[str, str], ...], float]]:
    """Give what can be compared of samples."""
    return Counter(
        (sample.name, tuple(sorted(sample.labels.items())), sample.value)
        for family in families
        for sample in family.samples
    )


def lines(registry: CollectorRegistry, of: str) -> list[str]:
    """Give the written samples of series whose name begins so."""
    return [line for line in render(registry)[0].decode().splitlines() if line.startswith(of)]


@pytest.mark.parametrize("accept", GOLDEN)
def test_a_scrape_is_these_bytes(accept: str) -> None:
    """Names, labels, order and numbers stay as they are; `python -m tests.golden.exposed` writes them anew."""
    assert render(scrape(), accept)[0].decode() == GOLDEN[accept].read_bytes().decode()


@pytest.mark.parametrize("accept", GOLDEN)
def test_the_client_librarys_parser_reads_every_sample(accept: str) -> None:
    """Both formats say exactly what the collector gave: names, labels and values, hostile texts included."""
    written = PARSERS[accept](render(scrape(), accept)[0].decode())
    assert samples(written) == samples(scrape().collect())
    assert any(HOSTILE.replace("\0", r"\x00") in sample.labels.values() for (sample,) in _each(scrape()))


def _each(registry: CollectorRegistry) -> Iterable[tuple[object]]:
    return [(sample,) for family in registry.collect() for sample in family.samples]


def test_the_content_type_names_the_format() -> None:
    """Prometheus asks for OpenMetrics first and gets it; a browser and curl get plain text."""
    prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    assert render(scrape(), prometheus)[1].startswith("application/openmetrics-text; version=1.0.0")
    for plain in (None, "", "*/*", "text/html,*/*;q=0.8", f"{OPENMETRICS};q=0.2,text/plain;q=0.9"):
        assert render(scrape(), plain)[1].startswith("text/plain; version=0.0.4")


def test_promtool_has_no_complaint(promtool: str) -> None:
    """Prometheus' own linter accepts every native name, help, type and unit."""
    text = render(full_scrape())[0]
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def test_every_measure_has_a_series_with_help() -> None:
    """A finding of each measure, with lines and facts, fills every native series, and no two share a name."""
    families = [family for family in full_scrape().collect() if family.name.startswith("modelvane_")]
    assert [family.name for family in families] == [series.family for series in native()]
    assert len(families) == len({family.name for family in families})
    assert all(family.documentation.endswith(".") for family in families)


def test_an_undefined_finding_has_no_sample() -> None:
    """Neither 0 nor NaN stands for a value that does not exist, nor for a line that is infinite."""
    undefined = drift("tip", None, verdict=Verdict.UNDEFINED, why="no usable values in the window")
    absurd = [drift("fare", value, verdict=Verdict.OK) for value in (math.nan, math.inf)]
    assert lines(exposed(undefined, *absurd), "modelvane_drift") == []
    assert lines(exposed(drift("fare", 0.5, noise_floor=math.inf)), "modelvane_drift") == [
        'modelvane_drift_distance{dataset="taxi",column="fare",method="kolmogorov_smirnov",segment=""} 0.5',
        'modelvane_drift_changed{dataset="taxi",column="fare",method="kolmogorov_smirnov",segment=""} 0.0',
    ]


def test_only_a_judged_finding_has_an_alarm() -> None:
    """A divergence that is computed beside the deciding one is no reason to be called at night, nor not to be."""
    judged = {verdict: quality("missing_share", 0.5, "fare", verdict=verdict) for verdict in Verdict}
    alarms = {verdict: lines(exposed(one), "modelvane_quality_alarm") for verdict, one in judged.items()}
    assert alarms.pop(Verdict.INFO) == []
    assert [line[-3:] for line in alarms.pop(Verdict.ALARM)] == ["1.0"]
    assert [line[-3:] for line in alarms.pop(Verdict.CHANGED) + alarms.pop(Verdict.OK)] == ["0.0", "0.0"]


def test_the_series_of_a_vanished_class_is_gone_in_the_next_scrape() -> None:
    """What is no longer in the findings is not exposed with its last value."""
    rounds = [ANIMALS, replace(ANIMALS, findings=ANIMALS.findings[:2])]
    registry = registry_of(ModelCollector(lambda: [Exposed("animals", rounds.pop(0))]))
    assert len(lines(registry, "modelvane_performance_class_recall_ratio{")) == 2
    assert len(lines(registry, "modelvane_performance_class_recall_ratio{")) == 1


def test_a_budget_leaves_out_labels_then_segments_then_quality_and_drift_last() -> None:
    """As the limit falls, findings go whole and in the stated order, and three series say how many."""
    ordered = {
        "drift": drift("fare", 0.5, verdict=Verdict.OK),
        "performance": performance("mean_error", 1.0),
        "prediction": Finding(family=Family.PREDICTION, measure="mean", column="p", value=1.0),
        "quality": quality("constant", 0.0, "fare"),
        "drift by segment": drift("fare", 0.5, segment="zone=north", verdict=Verdict.OK),
        "performance by segment": performance("mean_error", 1.0, segment="zone=north"),
        "quality by segment": quality("constant", 0.0, "fare", segment="zone=north"),
        "label": quality("quantile", 1.0, "fare", label="0.5"),
        "label by segment": quality("quantile", 1.0, "fare", label="0.5", segment="zone=north"),
    }
    needed = [2, 1, 1, 1, 2, 1, 1, 1, 1]
    findings = tuple(reversed(ordered.values()))
    for kept in range(len(needed) + 1):
        limit = 3 + sum(needed[:kept])
        registry = exposed(*findings, limit=limit)
        allowed = exposed(*list(ordered.values())[:kept], limit=1000)
        assert sorted(lines(registry, "modelvane_d")) == sorted(lines(allowed, "modelvane_d"))
        assert sorted(lines(registry, "modelvane_q")) == sorted(lines(allowed, "modelvane_q"))
        assert lines(registry, "modelvane_series") == [
            f"modelvane_series {float(limit)}",
            f"modelvane_series_dropped {float(sum(needed[kept:]))}",
            f"modelvane_series_limit {float(limit)}",
        ]


def test_a_finding_is_never_exposed_in_part() -> None:
    """A distance without its alarm would look like one that nothing judges."""
    both = drift("fare", 0.5, verdict=Verdict.OK)
    assert lines(exposed(both, limit=4), "modelvane_drift") == []
    assert len(lines(exposed(both, limit=5), "modelvane_drift")) == 2


def test_the_2022_series_give_way_before_the_native_ones_of_all_rows() -> None:
    """They come after drift and quality of all rows, and a 2022 series that does not fit is left out whole."""
    findings = (
        quality("constant", 0.0, "fare"),
        drift("fare", 0.5),
        drift("fare", 0.5, segment="zone=north"),
    )
    taxi = Exposed("taxi", replace(TAXI, findings=findings), COMPAT)
    for limit, is_shown in ((5, False), (6, True), (7, True)):
        registry = registry_of(ModelCollector(lambda: [taxi], limit=limit))
        assert len(lines(registry, "modelvane_drift_distance")) == 1
        assert len(lines(registry, "modelvane_quality_constant")) == 1
        assert len(lines(registry, "evidently:data_drift:dataset_drift")) == is_shown
        assert lines(registry, "evidently:data_drift:p_value") == []


def test_self_observation_is_never_left_out() -> None:
    """When nothing else fits, the series that say so are still there."""
    taxi = Exposed("taxi", TAXI)
    registry = registry_of(ModelCollector(lambda: [taxi], limit=1))
    assert lines(registry, "modelvane_") == [
        "modelvane_series 3.0",
        f"modelvane_series_dropped {float(_count(TAXI))}",
        "modelvane_series_limit 1.0",
    ]


def _count(findings: Findings) -> int:
    registry = registry_of(ModelCollector(lambda: [Exposed("taxi", findings)]))
    return samples(registry.collect()).total() - 3


def test_categories_become_labels_up_to_a_bound() -> None:
    """Of a thousand categories the reference's commonest are exposed, the rest are counted as dropped."""
    shares = [
        Finding(
            family=Family.PREDICTION,
            measure="category_share",
            column="product",
            label=f"product {i}",
            value=0.001,
            reference=i / 1000,
        )
        for i in range(1000)
    ]
    registry = exposed(*shares, limit=20_000)
    written = lines(registry, "modelvane_prediction_category_ratio{")
    assert len(written) == MOST_LABELS
    assert 'class="product 999"' in written[0]
    assert lines(registry, "modelvane_series_dropped") == [f"modelvane_series_dropped {1000.0 - MOST_LABELS}"]


def test_label_values_are_bounded_and_stay_different() -> None:
    """A novel in a category neither fills the scrape nor collides with its neighbour; surrogates are spelt out."""
    long = [bounded("x" * 1000 + tail) for tail in "ab"]
    assert [len(text) for text in long] == [LONGEST, LONGEST]
    assert long[0] != long[1]
    assert bounded("\ud800") == r"\ud800"
    assert bounded("x" * LONGEST) == "x" * LONGEST
    render(exposed(drift("\ud800" * 500, 0.5)))


def test_a_measure_outside_the_catalogue_is_refused() -> None:
    """A finding without a documented series is a fault of ours, and is not passed over."""
    with pytest.raises(UnknownNameError, match="Did you mean 'missing_share'"):
        render(exposed(quality("missing_shares", 0.5, "fare")))


def test_a_limit_below_one_is_refused() -> None:
    """A scrape without any series could not even say that it is empty."""
    with pytest.raises(ConfigError, match="limit of series"):
        ModelCollector(list, limit=0)


def test_the_global_registry_is_left_alone() -> None:
    """Another user of the client library in the same process sees nothing of ours."""
    before = {family.name for family in REGISTRY.collect()}
    render(scrape())
    assert {family.name for family in REGISTRY.collect()} == before


def test_the_reference_page_is_the_catalogues() -> None:
    """docs/series.md is written by `python -m modelvane.exposition.docs` and names every native series."""
    path = Path(__file__).parents[2] / "docs" / "series.md"
    written = path.read_text()
    assert written == page()
    for series in native():
        assert f"| `{series.name}` |" in written
