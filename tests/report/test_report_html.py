"""The report's HTML, without a browser."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise

import pyarrow as pa
import pytest
from tests.report import samples

from modelvane.report.contents import contents_of
from modelvane.report.document import content_security_policy, render_report

KINDS = (
    samples.regression,
    samples.binary,
    samples.probabilities,
    samples.classes,
    samples.features,
    samples.empty,
    samples.null_column,
    samples.hostile,
)

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


class Outline(HTMLParser):
    """Elements with their attributes, headings with their text, and what style and script hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag in ("h1", "h2", "h3", "script", "style", "th", "title"):
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@every_kind
def test_nothing_comes_from_elsewhere(kind) -> None:
    """Every address is within the file, and only what was written into it may run or style, by its hash."""
    outline = Outline(samples.rendered(kind))
    addresses = [
        value or ""
        for _, attributes in outline.found
        for name, value in attributes.items()
        if name in ("href", "src", "xlink:href", "action", "data", "srcset")
    ]
    assert addresses
    assert [address for address in addresses if not address.startswith(("#", "data:image/svg+xml,"))] == []
    names = [name for _, attributes in outline.found for name in attributes]
    assert [name for name in names if name.startswith("on") or name == "style"] == []
    policy = next(
        m["content"] for m in outline.all("meta") if m.get("http-equiv") == "content-security-policy"
    )
    assert policy == content_security_policy()
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (text,) = outline.texts[tag]
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


@every_kind
def test_ids_are_unique_and_links_lead_somewhere(kind) -> None:
    """Each id stands once, and each link within the page leads to one."""
    outline = Outline(samples.rendered(kind))
    ids = [attributes["id"] for _, attributes in outline.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {str(link["href"])[1:] for link in outline.all("a")} <= set(ids)


@every_kind
def test_headings_have_no_gaps(kind) -> None:
    """One h1, and below a heading of one level none but of the next."""
    levels = [int(tag[1]) for tag, _ in Outline(samples.rendered(kind)).found if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_hostile_names_are_text() -> None:
    """A name that is markup is shown as what it is, and the document can be written to any file."""
    text = samples.rendered(samples.hostile)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert "\x00" not in text
    text.encode()


@pytest.mark.parametrize(
    ("kind", "sections"),
    [
        (
            samples.regression,
            [
                "When",
                "What drifted",
                "Columns",
                "Performance",
                "Concept drift",
                "Segments",
                "Predictions",
                "Quality",
                "Outliers",
                "Columns together",
            ],
        ),
        (
            samples.binary,
            [
                "When",
                "What drifted",
                "Columns",
                "Performance",
                "Concept drift",
                "Performance before labels",
                "Predictions",
                "Quality",
                "Outliers",
                "Columns together",
            ],
        ),
        (
            samples.classes,
            [
                "What drifted",
                "Columns",
                "Performance",
                "Concept drift",
                "Predictions",
                "Quality",
                "Outliers",
                "Columns together",
            ],
        ),
        (samples.features, ["What drifted", "Columns", "Quality", "Outliers", "Columns together"]),
        (samples.empty, ["What drifted", "Performance", "Predictions", "Quality"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_report_has_the_sections_that_its_data_has(kind, sections) -> None:
    """No time column, no strip; no target, no performance; no rows, no charts of columns."""
    assert Outline(samples.rendered(kind)).texts["h2"] == [*sections, "What was computed"]


@pytest.mark.parametrize("kind", [samples.regression, samples.classes, samples.features, samples.empty])
def test_every_section_is_in_the_contents(kind) -> None:
    """The list on top leads to each section, in their order, and to nothing else."""
    text = samples.rendered(kind)
    listed = text[
        text.index('<nav class="contents"') : text.index("</nav>", text.index('<nav class="contents"'))
    ]
    assert re.findall(r'href="#([^"]+)"', listed) == re.findall(r'<section class="panel" id="([^"]+)"', text)


def test_every_slice_has_its_number() -> None:
    """The strip can be read without colour: a cell has its value in units of the line, and its whole time as title."""
    text = samples.rendered(samples.regression)
    strip = text[text.index('class="strip"') : text.index("</table>", text.index('class="strip"'))]
    row = next(row for row in strip.split("<tr>") if ">zone<" in row)
    cells = re.findall(r'<td class="([a-z0-9-]+)" title="([^"]+)">([^<]+)</td>', row)
    assert len(cells) == 12
    assert [float(number) > 1 for _, _, number in cells] == [False] * 6 + [True] * 6
    assert cells[6][1].startswith("6 Jan 2022, 00:00 to 20:00 UTC: Alarm, ")
    assert cells[0][0].startswith("ok-")
    assert cells[6][0].startswith("alarm-")


def test_only_the_worst_of_many_columns_have_full_charts() -> None:
    """All columns have a row in every table, the most drifted ones a card."""
    judged = samples.wide(30, rows=500)
    text = render_report(judged, shown=5)
    assert text.count('<article class="card"') == 5
    assert text.count('class="chart mini"') == 30
    for name in (f"feature_{i:03d}" for i in range(0, 30, 2)):
        assert text.count(f'<th scope="row">{name}</th>') >= 1
    assert text.count("Show all 30 columns") == 2
    assert "Show all" not in render_report(judged, shown=30)


def test_the_size_follows_from_columns_not_from_rows() -> None:
    """Ten times the rows make a report of the same size."""
    few, many = (
        render_report(
            samples.judged(
                samples.regression_rows(400, 1, drifts=False),
                samples.regression_rows(rows, 2, drifts=True),
                name="trips",
                categorical=["zone"],
                numerical=["distance", "fare", "passengers"],
            )
        )
        for rows in (1000, 10_000)
    )
    assert len(many) < 1.1 * len(few)


def test_many_faults_are_folded() -> None:
    """The worst are in sight, the others one click away, and none is left out."""
    names = [f"c{i:02d}" for i in range(30)]
    judged = samples.judged(
        pa.table({name: [float(i % 7) for i in range(300)] for name in names}),
        pa.table({name: pa.nulls(300, pa.float64()) for name in names}),
        name="broken",
    )
    text = render_report(judged, shown=10)
    listed, folded = text.split("All others that are off (21)")
    assert listed.count("300 of 300 rows") == 10
    assert folded.partition('id="outliers"')[0].count("300 of 300 rows") == 20


def test_long_names_do_not_fill_the_page() -> None:
    """Free text that was taken for categories is cut wherever a category is named."""
    texts = [f"{i} " + "word " * 2000 for i in range(4)]
    tables = [
        pa.table(
            {
                column: [texts[first + i % 3] for i in range(600)]
                for column in ("comment", "prediction", "target")
            }
        )
        for first in (0, 1)
    ]
    judged = samples.judged(
        *tables, name="comments", task="classification", segments=["comment"], categorical=["comment"]
    )
    text = render_report(judged)
    assert "word " * 15 in text
    assert "word " * 61 not in text
    assert all(len(one.label) <= 80 for one in contents_of(judged).columns[0].contributions)


def test_a_report_of_what_could_not_be_read_says_so_at_the_top() -> None:
    """The reason stands before any number that it has made incomplete."""
    from msgspec.structs import replace

    from modelvane.engines.counted import Unread

    judged = samples.features()
    counted = replace(judged.counted, unread=(Unread("part-3.parquet", "it ends before its footer"),))
    text = render_report(replace(judged, counted=counted))
    assert text.index("it ends before its footer") < text.index('id="drift"')
