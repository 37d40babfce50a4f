"""Every query has an answer from a real Prometheus, and the preview draws it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.dashboards.configs import OPEN, SHOP
from tests.dashboards.measured import SEGMENT, monitor, prediction_service
from tests.stack.prometheus import Prometheus as Running
from tests.stack.prometheus import scraping

from modelvane.cli import app
from modelvane.config import Config
from modelvane.dashboards import dashboards_of
from modelvane.dashboards.model import Colour, Kind, Panel, Part, Query, State, Step
from modelvane.dashboards.preview import Answer, Prometheus, PrometheusError, Shown, answers_of, drawing
from modelvane.dashboards.preview.prometheus import Series
from modelvane.dashboards.units import Unit

SPAN = 60.0
NEVER_HERE = {
    "Exceptions per minute",  # no route raised anything
    "Alerts that fire",  # no rules are loaded
    "Lost rows per minute",  # the services have no client
    "CPU of the machine",  # nobody scrapes it
    "Memory of the machine",  # nobody scrapes it
}
_UP, _DOWN = State(1, "up", Colour.GOOD), State(0, "down", Colour.BAD)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a Prometheus that has scraped a monitor with every measure, and two services, for some rounds."""
    with monitor() as watching, prediction_service() as one, prediction_service() as two:
        targets = {"modelvane": f"{watching}/metrics", "one": f"{one}/metrics", "second": f"{two}/metrics"}
        with scraping(targets, tmp_path_factory.mktemp("prometheus")) as prometheus:
            for job in ("one", "second"):
                prometheus.wait_for(f'rate(http_requests_total{{job="{job}"}}[4s]) > 0')
            prometheus.wait_for("rate(modelvane_service_commit_seconds_count[4s]) > 0")
            yield prometheus


@pytest.mark.parametrize("config", [OPEN, SHOP], ids=["open", "shop"])
def test_every_query_has_an_answer(running: Running, config: Config) -> None:
    """While everything is measured and services are asked, no query of a panel is without data but for a known few."""
    prometheus = Prometheus(f"http://{running.address}")
    empty: set[str] = set()
    for dashboard in dashboards_of(config):
        for _, panels in answers_of(dashboard, prometheus, time.time(), SPAN):
            for shown in panels:
                empty |= {f"{shown.title}: {each.expression}" for each in shown.answers if not each.series}
                assert not [each.expression for each in shown.answers if each.is_missing]
    assert {title.partition(":")[0] for title in empty} <= NEVER_HERE


@pytest.mark.parametrize("config", [OPEN, SHOP], ids=["open", "shop"])
def test_legends_name_labels_that_there_are(running: Running, config: Config) -> None:
    """What a legend takes from its series they have: a label that an expression loses would be an empty name."""
    prometheus = Prometheus(f"http://{running.address}")
    for dashboard in dashboards_of(config):
        for _, panels in answers_of(dashboard, prometheus, time.time(), SPAN):
            for answer in (answer for shown in panels for answer in shown.answers if answer.series):
                there = {name for series in answer.series for name in series.labels}
                assert set(re.findall(r"{{(\w+)}}", answer.query.legend)) <= there, answer.expression


def test_choices_are_the_readers(running: Running) -> None:
    """Of what was chosen the queries ask; a panel that repeats is shown once for each value."""
    (drift,) = (each for each in dashboards_of(OPEN) if each.uid == "modelvane-drift")
    prometheus = Prometheus(f"http://{running.address}")
    rows = answers_of(drift, prometheus, time.time(), SPAN, {"method": ["psi"], "column": ["fare"]})
    columns = dict(rows)["Columns"]
    assert [shown.title for shown in columns] == ["fare", "Now"]
    assert {series.labels["method"] for answer in columns[0].answers for series in answer.series} == {"psi"}


def test_segments_are_shown_apart(running: Running) -> None:
    """What is asked of segments is of those, and what is asked of all rows has none."""
    prometheus = Prometheus(f"http://{running.address}")
    for dashboard in dashboards_of(OPEN):
        if dashboard.uid in ("modelvane-segments", "modelvane-performance", "modelvane-quality"):
            wanted = SEGMENT if dashboard.uid == "modelvane-segments" else ""
            found = {
                series.labels.get("segment", "")
                for _, panels in answers_of(dashboard, prometheus, time.time(), SPAN)
                for shown in panels
                for answer in shown.answers
                for series in answer.series
            }
            assert found == {wanted}, dashboard.uid


class _Page(HTMLParser):
    """The headings of a page, its classes, and its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.classes: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        known = dict(attrs)
        self.classes += (known.get("class") or "").split()
        self.links += [link for name in ("href", "src") if (link := known.get(name))]


def test_the_page_has_every_panel(running: Running, tmp_path: Path) -> None:
    """The command draws every dashboard of the config on one page, with no script and no address but its own."""
    config, page = tmp_path / "config.yaml", tmp_path / "page.html"
    config.write_text("datasets: {every: {}}\nprediction_services: {one: {target: 'a:1'}}")
    arguments = ["dashboards", "--config", str(config), "-o", str(page), "--last", "1min"]
    done = CliRunner().invoke(app, [*arguments, "--preview", f"http://{running.address}"])
    assert (done.exit_code, done.stdout.strip(), done.stderr) == (0, str(page), "")
    text = page.read_text(encoding="utf-8")
    read = _Page(text)
    shown = dashboards_of(Config.load(config))
    assert read.classes.count("dashboard") == len(shown) == 6
    once = [panel for each in shown for panel in each.panels() if not panel.repeat]
    assert read.tags.count("h4") >= len(once)
    assert read.tags.count("svg") > 60
    assert "script" not in read.tags
    assert all(link.startswith("#") for link in read.links)
    assert "bad" not in set(re.findall(r'class="nothing( bad)?"', text))


def test_no_prometheus(tmp_path: Path) -> None:
    """Where no Prometheus answers, and where it refuses, the error says so."""
    config = tmp_path / "config.yaml"
    config.write_text("datasets: {a: {}}")
    arguments = ["dashboards", "--config", str(config), "--preview"]
    done = CliRunner().invoke(app, [*arguments, "http://127.0.0.1:1"])
    assert done.exit_code == 2
    assert "There is no Prometheus at http://127.0.0.1:1" in done.stderr
    done = CliRunner().invoke(app, [*arguments, "file:///etc/passwd"])
    assert done.exit_code == 2
    assert "This is no address of a Prometheus" in done.stderr


def test_a_refused_query(running: Running) -> None:
    """A query that is none is refused with Prometheus' own words."""
    with pytest.raises(PrometheusError, match="parse error"):
        Prometheus(f"http://{running.address}").at("up{", time.time())


def shown(kind: Kind, *points: tuple[float, float], **more: object) -> Shown:
    """Give a panel of one series."""
    query = Query(expression="x", legend="{{job}} {{absent}}")
    panel = Panel(title="x", description="x.", queries=(query,), kind=kind, **more)
    return Shown(panel, "x", (Answer(query, "x", (Series({"job": "taxi"}, points),)),))


def test_states_are_pieces_of_the_time() -> None:
    """Neighbours of one state are one piece, and what was not measured is a gap."""
    points = tuple((float(at), float(at < 3)) for at in (0, 1, 2, 3, 4, 8, 9))
    (band,) = drawing.bands_of(shown(Kind.STATES, *points, states=(_UP, _DOWN)), 0.0, 10.0)
    assert band.name == "taxi"
    assert band.pieces == ((0.0, 0.3, _UP), (0.3, 0.2, _DOWN), (0.8, 0.2, _DOWN))


def test_a_line_breaks_where_nothing_was_measured() -> None:
    """A chart draws no line across steps that are missing, and none through what is no number."""
    whole = tuple((float(at), 1.0 + at) for at in range(6))
    for points, pieces in ((whole, 1), ((*whole[:2], *whole[4:]), 2)):
        panel = shown(Kind.LINES, *points, (7.0, float("nan")))
        drawn = drawing.chart(panel.panel, drawing.lines_of(panel), 0.0, 10.0)
        assert drawn.partition('class="series colour-0"')[2].count("<path") == pieces


@pytest.mark.parametrize(
    ("unit", "highest", "texts"),
    [
        (Unit.BYTES, 2.8e8, ["0 B", "128 MiB", "256 MiB"]),
        (Unit.PER_MINUTE, 1.0, ["0/min", "0.4/min", "0.8/min"]),
        (Unit.RATIO, 0.9, ["0 %", "40 %", "80 %"]),
    ],
)
def test_axes_have_round_marks(unit: Unit, highest: float, texts: list[str]) -> None:
    """Bytes are round in the unit that they are written in, and no mark has idle zeros."""
    panel = shown(Kind.LINES, (0.0, 0.0), (1.0, highest), unit=unit, minimum=0.0)
    drawn = drawing.chart(panel.panel, drawing.lines_of(panel), 0.0, 1.0)
    marks = re.findall(r"<text[^>]*>([^<]*)</text>", drawn.partition('class="axis y')[2])
    assert [mark.replace("\u202f", " ") for mark in marks if mark][: len(texts)] == texts


def test_numbers_have_the_colour_of_their_step() -> None:
    """A value has the colour of the last step that it reaches, or its state's word."""
    steps = (Step(None, Colour.GOOD), Step(1.0, Colour.BAD))
    colours = [
        drawing.numbers_of(shown(Kind.NUMBER, (0.0, value), steps=steps))[0].colour for value in (0.9, 1.0)
    ]
    assert colours == ["good", "bad"]
    (number,) = drawing.numbers_of(shown(Kind.NUMBER, (0.0, 0.0), states=(_UP, _DOWN)))
    assert (number.name, number.text, number.colour) == ("taxi", "down", "bad")


def test_lines_to_hold_against_come_last() -> None:
    """Values are drawn before what they are held against, whatever the order of the queries."""
    queries = (Query(expression="a", legend="limit", part=Part.LINE), Query(expression="b", legend="value"))
    panel = Panel(title="x", description="x.", queries=queries)
    answers = tuple(Answer(query, query.expression, (Series({}, ((0.0, 1.0),)),)) for query in queries)
    assert [line.name for line in drawing.lines_of(Shown(panel, "x", answers))] == ["value", "limit"]


def test_series_are_in_the_order_of_their_numbers() -> None:
    """Lists of 5 come before those of 10, which Prometheus puts first."""
    query = Query(expression="x", legend="{{k}}")
    panel = Panel(title="x", description="x.", queries=(query,))
    found = tuple(Series({"k": k}, ((0.0, 1.0),)) for k in ("1", "10", "5"))
    lines = drawing.lines_of(Shown(panel, "x", (Answer(query, "x", found),)))
    assert [line.name for line in lines] == ["1", "5", "10"]
