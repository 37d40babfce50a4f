"""What the page's HTML says, without a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from tests.browser import extremes, sample

from modelvane import Monitor, Reference, Settings, Window
from modelvane.attribution.kinds import LinearAttribution
from modelvane.errors import UnknownNameError
from modelvane.estimates.learning import loss_kinds
from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.report.wording import drift_sentence, verdict_sentences
from modelvane.service.page import DatasetView, render_dataset, render_overview, shown_columns, static
from modelvane.settings import Versions


class Tags(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.mark.parametrize(
    "view", [extremes.hostile(), sample.taxi(rounds=4), sample.waiting()], ids=lambda v: v.name[:4]
)
def test_nothing_in_the_page_runs_or_styles_inline(view: DatasetView) -> None:
    """One script, by address; no style, event handler or address of another host, whatever the names are."""
    for text in (render_dataset(view), render_overview([view])):
        tags = Tags(text)
        assert tags.all("script") == [{"src": "/static/page.js", "defer": None}]
        assert tags.all("style") == []
        attributes = [(name, value or "") for _, found in tags.found for name, value in found.items()]
        assert [name for name, _ in attributes if name.startswith("on") or name == "style"] == []
        links = [value for name, value in attributes if name in ("href", "src", "xlink:href")]
        assert [link for link in links if not link.startswith(("/", "#", "?columns="))] == []


def test_hostile_names_are_escaped_everywhere() -> None:
    """Neither HTML, SVG nor an address holds a name that could be markup, and the text can be sent."""
    for text in (render_dataset(extremes.hostile()), render_overview([extremes.hostile()])):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
        assert "%3Cscript%3E" in text
        assert "\x00" not in text
        text.encode()


def test_a_fragment_is_what_the_page_holds() -> None:
    """The fragment is the inside of the page's main element, and nothing else."""
    view = sample.taxi(rounds=4)
    for page, fragment in (
        (render_dataset(view), render_dataset(view, fragment=True)),
        (render_overview([view]), render_overview([view], fragment=True)),
    ):
        assert "<html" not in fragment
        assert fragment.strip() in page


def test_the_page_names_addresses_under_its_root() -> None:
    """Behind a path prefix every address of the page starts with it."""
    text = render_dataset(sample.taxi(rounds=2), root="/monitor")
    links = [tag["href"] for name in ("a", "link") for tag in Tags(text).all(name)]
    assert "/monitor/static/page.css" in links
    assert "/monitor/datasets/taxi" in links
    assert [link for link in links if link and not link.startswith(("/monitor/", "#"))] == []


def test_many_columns_are_drawn_on_request_only() -> None:
    """Of many columns the page shows the most drifted; all of them when asked."""
    view = extremes.wide(40)
    some, every = render_dataset(view), render_dataset(view, all_columns=True)
    assert (some.count('class="column"'), every.count('class="column"')) == (24, 40)
    assert 'href="?columns=all#columns"' in some
    assert shown_columns(view.findings)[0] in some
    last = shown_columns(view.findings, None)[-1]
    assert (last in some, last in every) == (False, True)


def test_shown_columns_put_alarms_first() -> None:
    """Columns come in order of verdict, then of distance over their line."""
    assert shown_columns(sample.taxi(1.0).findings, 4) == (
        "trip_distance",
        "prediction",
        "PULocationID",
        "fare_amount",
    )
    assert shown_columns(None) == ()


def test_the_overview_puts_what_is_worst_on_top() -> None:
    """Alarms come before datasets without a verdict, and those before quiet ones; the first sentence counts."""
    text = render_overview([sample.credit(), sample.waiting(), sample.taxi()], titles=sample.TITLES)
    places = [text.index(f'href="/datasets/{name}"') for name in ("taxi", "reco", "credit-scoring")]
    assert places == sorted(places)
    assert "1 of 3 datasets raises an alarm." in text
    assert "Mean absolute error, 62.3\u202f% labelled" in text


def test_no_dataset_and_no_findings_are_said() -> None:
    """A service without datasets and a dataset without a round each have a page that says so."""
    assert "No dataset is configured." in render_overview([])
    assert "Nothing has been evaluated yet." in render_dataset(DatasetView(name="new"))
    assert "Nothing has been evaluated yet." in render_overview([DatasetView(name="new")])


def test_why_there_is_no_value_is_said() -> None:
    """An undefined finding shows a dash and its reason."""
    text = render_dataset(sample.waiting())
    assert "one class only in the window" in text
    assert "No verdict yet: fewer than 30 rows in the window." in text
    assert text.count("ewer than 30 rows in the window") == 2


def test_quality_shows_what_is_off_on_top() -> None:
    """A share of missing values stands above the fold, a share of zero only among everything measured."""
    top = render_dataset(sample.taxi(rounds=2), titles=sample.TITLES).split('id="quality-all"')[0]
    shown = top.split('class="faults"')[1]
    assert "<strong>passenger_count</strong>" in shown
    assert "3.1\u202f%" in shown
    assert "tip_amount" not in shown


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        ([], "Drift is not measured yet."),
        ([sample.drift("a", 0.1, 0.2, 0.3)], "No drift: every column looks like the reference."),
        (
            [sample.drift("a", 0.25, 0.2, 0.3), sample.drift("b", 0.1, 0.2, 0.3)],
            "1 of 2 columns changed beyond sampling noise, within this stream's habit: a.",
        ),
        (
            [sample.drift("a", 0.4, 0.2, 0.3), sample.drift("a", 0.1, 0.2, 0.3, "other")],
            "1 of 1 column changed beyond this stream's habit: a.",
        ),
        ([sample.drift("a", 0.4, 0.2, None)], "1 of 1 column changed beyond sampling noise: a."),
    ],
)
def test_the_verdict_in_plain_words(findings: list[Finding], sentence: str) -> None:
    """The sentence counts columns, not findings, and names the line that was crossed."""
    assert drift_sentence(findings) == sentence


def test_what_alarms_is_said_first() -> None:
    """Beside the badge of an alarm stands what raised it, not that nothing drifted; on the overview, too."""
    quiet = sample.drift("a", 0.1, 0.2, 0.3)
    missing = structs.replace(sample.quality("missing_columns", None, 2.0), verdict=Verdict.ALARM)
    said = verdict_sentences(Findings("d", 0.0, 1, 0, (quiet, missing)), {})
    assert said == ["Alarm: Missing columns.", "No drift: every column looks like the reference."]
    part = structs.replace(sample.drift("a", 0.9, 0.2, 0.3), segment="borough=Queens")
    found = Findings("d", 0.0, 9, 0, (quiet, part))
    assert verdict_sentences(found, {})[0] == "Alarm in 1 segment: borough=Queens."
    assert "Alarm in 1 segment: borough=Queens." in render_overview([DatasetView(name="d", findings=found)])


def test_many_estimates_are_counted_and_not_listed() -> None:
    """Twelve measures of one expected confusion matrix do not drown what else is off."""
    names = ["estimate_error_accuracy", "estimate_error_recall_macro", "estimated_roc_auc"]
    off = [Finding(family=Family.ESTIMATE, measure=name, verdict=Verdict.ALARM) for name in names]
    missing = structs.replace(sample.quality("missing_columns", None, 2.0), verdict=Verdict.ALARM)
    said = verdict_sentences(Findings("d", 0.0, 1, 0, (*off, missing)), {})
    assert said[0] == "Alarm: Missing columns, 2 errors of estimates and 1 estimate before labels."


def test_a_window_without_rows_is_said_to_have_none() -> None:
    """What no row has come to is not called unusable."""
    nothing = Finding(
        family=Family.DRIFT, measure="psi", column="a", verdict=Verdict.UNDEFINED, why="no values"
    )
    coverage = sample.performance("label_coverage", None, "ratio")
    error = sample.performance("mean_absolute_error", None, "column")
    found = Findings("d", 0.0, 0, 0, (nothing, error, coverage))
    assert verdict_sentences(found, {}) == ["No rows in the window."]
    assert "Mean absolute error, no labels yet" in render_overview([DatasetView(name="d", findings=found)])


def test_a_segment_says_what_is_off() -> None:
    """The line of a segment names the columns that drift and the faults that give it its verdict."""
    drifts = structs.replace(sample.drift("fare", 0.9, 0.2, 0.3), segment="borough=Queens")
    missing = structs.replace(
        sample.quality("missing_share", "tip", 0.5), verdict=Verdict.ALARM, segment="borough=Queens"
    )
    fine = structs.replace(sample.drift("fare", 0.1, 0.2, 0.3), segment="borough=Bronx")
    found = Findings("d", 0.0, 9, 0, (sample.drift("fare", 0.1, 0.2, 0.3), missing, drifts, fine))
    text = render_dataset(DatasetView(name="d", findings=found), titles=sample.TITLES)
    assert re.findall(r'<td role="cell" class="note">([^<]*)</td></tr>', text.split('id="segments"')[1]) == [
        "drift of fare and Missing (tip)",
        "",
    ]


def test_segments_stay_out_of_the_whole() -> None:
    """What is found in a segment is in the table of segments, not among the dataset's own findings."""
    whole = sample.drift("a", 0.1, 0.2, 0.3)
    part = structs.replace(sample.drift("a", 0.9, 0.2, 0.3), segment="borough=Queens")
    view = DatasetView(name="d", findings=Findings("d", 0.0, 9, 0, (whole, part)))
    drift, segments = render_dataset(view).split('id="segments"')
    assert "0.900" not in drift.split('id="drift"')[1]
    assert "borough=Queens" in segments


def test_titles_come_from_the_caller() -> None:
    """A measure without a title shows its own name, made readable."""
    finding = Finding(family=Family.PERFORMANCE, measure="brier_score", value=0.1)
    view = DatasetView(name="d", findings=Findings("d", 0.0, 9, 9, (finding,)))
    assert "Brier score" in render_dataset(view)
    assert "Brier (1950)" in render_dataset(view, titles={"brier_score": "Brier (1950)"})


@pytest.mark.parametrize("name", ["base.css", "page.css", "charts.css", "page.js", "vane.svg"])
def test_static_files_have_type_and_tag(name: str) -> None:
    """Each file comes with its type and a quoted tag of its content."""
    asset = static(name)
    assert asset.content
    assert asset.etag.startswith('"')
    assert asset.content_type.split(";")[0] in ("text/css", "text/javascript", "image/svg+xml")
    assert b"http://" not in asset.content.replace(b"http://www.w3.org/2000/svg", b"")


@pytest.mark.parametrize("name", ["../view.py", "/etc/passwd", "page.css/..", ""])
def test_no_other_file_leaves(name: str) -> None:
    """Any other name is refused, whatever path it spells."""
    with pytest.raises(UnknownNameError):
        static(name)


def test_what_happened_is_a_timeline_and_marks() -> None:
    """Events stand with the newest first, those that repeat once with their number; charts have a line at each mark."""
    with_events = sample.taxi(rounds=8)
    text = render_dataset(with_events)
    order = ["alert resolved", "reference switched", "model promoted", "retrain started", "alert firing"]
    places = [text.index(kind) for kind in order]
    assert places == sorted(places)
    assert "× 3" in text
    assert with_events.marks
    plain = render_dataset(replace(with_events, events=()))
    assert "No alert came" in plain
    assert text.count("serie-4") > plain.count("serie-4") == 0


def watched() -> DatasetView:
    """Give a regression whose window has every part that follows from its rows alone."""
    rng = np.random.default_rng(0)

    def rows(n: int, broken: float) -> dict[str, Any]:
        zone, distance = rng.choice(["a", "b"], n), rng.gamma(2, 2, n)
        truth = 3 * distance + broken * distance + rng.normal(0, 1 + (zone == "b"), n)
        return {"zone": zone, "distance": distance, "prediction": 3 * distance, "target": truth}

    kinds = [*loss_kinds(), LinearAttribution({"distance": 3.0})]
    reference = Reference.of(rows(2000, 0.0), also=kinds, segments=["zone"], version="model")
    monitor = Monitor("trips", reference, Settings(Window(rows=800), versions=Versions("v1")))
    monitor.push(rows(800, 0.5) | {"model": rng.choice(["v1", "v2"], 800)})
    return DatasetView(name="trips", findings=monitor.findings())


def test_every_section_is_in_the_contents() -> None:
    """Who looks for a part finds it on top of the page, in the order in which the parts come."""
    tags = Tags(render_dataset(watched()))
    titles = [each["id"] for each in tags.all("section") if each.get("id")]
    linked = [str(each["href"]).removeprefix("#") for each in tags.all("a") if str(each["href"])[0] == "#"]
    assert {"concept", "estimates", "versions", "attribution", "segments"} <= set(titles)
    assert [each for each in linked if each in titles] == titles


def test_versions_and_changes_say_of_what_they_are() -> None:
    """Each loss of each version is a line with its interval and decision; each change names its breakdown."""
    text = render_dataset(watched())
    lines = re.findall(r"<tr[^>]*><th[^>]*>(v[12])</th>(.*?)</tr>", text, re.DOTALL)
    assert [name for name, _ in lines] == ["v1", "v2", "v1", "v2"]
    assert [(">champion<" in line, "not decided yet" in line) for _, line in lines] == 2 * [
        (True, False),
        (False, True),
    ]
    assert all(line.count("–") == (3 if ">champion<" in line else 0) for _, line in lines)
    changes = text[text.index("What made values change") :]
    assert "Broken down by" in changes
    assert ">zone</td>" in changes
