"""The report in a real Chromium, opened as a file."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.report import samples

from modelvane.batch import Judged
from modelvane.report.document import render_report

SCHEMES = ("light", "dark")
MANY = 30
KINDS: dict[str, Callable[[], Judged]] = {
    "regression": samples.regression,
    "probabilities": samples.probabilities,
    "hostile": samples.hostile,
    "empty": samples.empty,
}
every_kind = pytest.mark.parametrize("kind", KINDS)

# the contrast of every visible text with the ground under it (WCAG 2.2, 1.4.3); a shade lets its ground through
LOW_CONTRAST = """
const parse = (color) => { const [r, g, b, a = 1] = (color.match(/[\\d.]+/g) ?? []).map(Number); return [r, g, b, a]; };
const light = ([r, g, b]) => {
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
};
const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
const ground = (node) => {
  const shades = [];
  for (; node; node = node.parentElement) {
    const color = parse(getComputedStyle(node).backgroundColor);
    if (color[3] > 0) shades.push(color);
    if (color[3] === 1) break;
  }
  return shades.reverse().reduce((under, shade) => over(shade, under), [255, 255, 255]);
};
const low = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let seen = 0;
while (walker.nextNode()) {
  const node = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !node.getClientRects().length || node.closest("script, title, desc")) continue;
  const style = getComputedStyle(node);
  const ink = parse(node.closest("svg") ? style.fill : style.color);
  const [a, b] = [light(ink), light(ground(node))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  seen += 1;
  const where = node.className.baseVal ?? node.className;
  if (ratio < 4.5) low.push([walker.currentNode.data.trim(), where, ratio.toFixed(2)]);
}
return [seen, low];
"""


class Opened:
    """A browser at reports that lie on the disk."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self.folder = folder

    def open(self, text: str, *, scheme: str = "light", width: int = 1280, media: str = "") -> None:
        """Open a report from its file."""
        path = self.folder / "report.html"
        path.write_text(text, encoding="utf-8")
        self.driver.get_log("browser")
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(path.as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a function body in the page."""
        return self.driver.execute_script(script, *arguments)

    def keys(self, *keys: str) -> None:
        """Press keys."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()


@pytest.fixture
def report(chromium: Any, tmp_path: Path) -> Iterator[Opened]:
    """Give a browser that opens reports."""
    for log in ("browser", "performance"):
        chromium.get_log(log)
    yield Opened(chromium, tmp_path)
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    chromium.get("about:blank")


@pytest.fixture(scope="module")
def wide() -> str:
    """Give a report of more columns than have full charts."""
    return render_report(samples.wide(MANY, rows=500))


@every_kind
def test_it_opens_offline_and_in_silence(report: Opened, kind: str) -> None:
    """A file from the disk asks nobody for anything, and the console has no message, least of all of its policy."""
    report.open(samples.rendered(KINDS[kind]))
    assert report.run("return document.readyState") == "complete"
    assert report.driver.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in report.driver.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    asked = {one["request"]["url"] for one in sent if not one["documentURL"].startswith("chrome:")}
    assert {url for url in asked if not url.startswith(("file:", "data:"))} == set()
    assert len([url for url in asked if url.startswith("file:")]) == 1


@pytest.mark.parametrize("scheme", SCHEMES)
@every_kind
def test_every_text_can_be_read(report: Opened, kind: str, scheme: str) -> None:
    """All text has at least AA contrast, in shaded cells and charts too, in both colour schemes."""
    report.open(samples.rendered(KINDS[kind]), scheme=scheme)
    report.run("for (const node of document.querySelectorAll('details')) node.open = true")
    seen, low = report.run(LOW_CONTRAST)
    assert seen > 60
    assert low == []


def test_every_shade_can_be_read(report: Opened) -> None:
    """Each shade of the strip and of the confusion matrix leaves its number readable, in both colour schemes."""
    shades = [
        f"{kind}-{i}" for kind, most in (("ok", 3), ("changed", 2), ("alarm", 3)) for i in range(1, most + 1)
    ]
    shades += [f"{kind}-{i}" for kind in ("right", "wrong") for i in range(1, 6)]
    for scheme in SCHEMES:
        report.open(samples.rendered(samples.regression), scheme=scheme)
        report.run(
            "const cell = document.querySelector('.strip tbody td');"
            "for (const shade of arguments[0]) {"
            " const copy = cell.cloneNode(true); copy.className = shade; cell.parentElement.append(copy); }",
            shades,
        )
        assert report.run(LOW_CONTRAST)[1] == []


@pytest.mark.parametrize("width", [390, 820])
@every_kind
def test_nothing_sticks_out(report: Opened, kind: str, width: int) -> None:
    """On a phone and on a tablet nobody has to scroll the page sideways."""
    report.open(samples.rendered(KINDS[kind]), width=width)
    report.run("for (const node of document.querySelectorAll('details')) node.open = true")
    outside = report.run(
        "return [...document.querySelectorAll('main *')].filter((node) => !node.closest('.scroll') &&"
        " node.getBoundingClientRect().right > innerWidth + 1).map((node) => node.outerHTML.slice(0, 80))"
    )
    assert outside == []
    assert report.run("return document.documentElement.scrollWidth <= innerWidth")


def test_estimates_are_read_on_a_phone_without_scrolling(report: Opened) -> None:
    """Each estimate is a block of labelled values that is no wider than the page; an empty one takes no line."""
    report.open(samples.rendered(samples.probabilities), width=390)
    table, hidden = report.run(
        "const table = document.querySelector('#estimates table'), box = table.closest('.scroll');"
        "return [box.scrollWidth - box.clientWidth,"
        " [...table.querySelectorAll('td:empty')].filter((cell) => cell.getClientRects().length).length]"
    )
    assert (table, hidden) == (0, 0)


@every_kind
def test_structure_for_screen_readers(report: Opened, kind: str) -> None:
    """Landmarks, tables with heads, and a name for every picture."""
    report.open(samples.rendered(KINDS[kind]))
    assert report.run("return document.querySelectorAll('main, body > header, body > footer').length") == 3
    assert report.run("return [...document.querySelectorAll('table')].filter((t) => !t.tHead).length") == 0
    unnamed = report.run(
        "return [...document.querySelectorAll('svg')].filter((s) => s.getAttribute('aria-hidden') !== 'true' &&"
        " !s.querySelector('title')?.textContent.trim()).length"
    )
    assert unnamed == 0
    regions = report.run(
        "return [...document.querySelectorAll('.scroll')].map((n) => [n.tabIndex, n.getAttribute('aria-label')])"
    )
    assert all(place == 0 and name for place, name in regions)


def test_the_browser_understands_every_style_rule(report: Opened) -> None:
    """A browser drops a rule that it cannot read without a word; it has read as many as the file has."""
    report.open(samples.rendered(samples.features))
    understood, written = report.run(
        "const count = (rules) => [...rules].reduce((sum, rule) => sum + 1 + count(rule.cssRules ?? []), 0);"
        "return [count(document.styleSheets[0].cssRules),"
        " document.querySelector('style').textContent.split('{').length - 1]"
    )
    assert understood == written


def test_all_columns_show_without_a_script(report: Opened, wide: str) -> None:
    """The keyboard opens the rest of the columns in both tables, with scripts switched off."""
    from selenium.webdriver.common.keys import Keys

    report.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    report.open(wide)
    report.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert report.run("return document.querySelectorAll('.sort').length") == 0
    shown = "return [...document.querySelectorAll(arguments[0])].filter((row) => row.offsetParent !== null).length"
    for table, box in ((".strip tbody tr", "all-strip"), ("#drift-table tbody tr", "all-drift")):
        assert report.run(shown, table) == 24
        report.run("document.getElementById(arguments[0]).focus()", box)
        report.keys(Keys.SPACE)
        assert report.run(shown, table) == MANY


def test_columns_are_sorted_and_found(report: Opened, wide: str) -> None:
    """A head of the table sorts all columns, not only those that show; the field finds among all of them."""
    report.open(wide)
    visible = (
        "return [...document.querySelectorAll('#drift-table tbody tr')].filter((row) => row.offsetParent !== null)"
        ".map((row) => row.cells[0].dataset.sort)"
    )
    by_name = "document.querySelector('#drift-table .sort').click()"
    report.run(by_name)
    assert (
        report.run("return document.querySelector('#drift-table th').getAttribute('aria-sort')")
        == "descending"
    )
    report.run(by_name)
    names = report.run(visible)
    assert names[:2] == ["category_001", "category_003"]
    assert len(names) == 24
    values = report.run(
        "const heads = [...document.querySelectorAll('#drift-table th[scope=col]')];"
        "const place = heads.findIndex((head) => head.textContent.startsWith('Value'));"
        "heads[place].querySelector('.sort').click();"
        "const rows = [...document.querySelectorAll('#drift-table tbody tr')];"
        "return rows.map((row) => Number(row.cells[place].textContent))"
    )
    assert values == sorted(values, reverse=True)
    report.run(
        "const find = document.getElementById('find'); find.value = 'feature_02';"
        "find.dispatchEvent(new Event('input'))"
    )
    assert sorted(report.run(visible)) == [f"feature_{i:03d}" for i in range(20, 30, 2)]
    assert report.run("return document.getElementById('found').textContent") == f"5 of {MANY}"


def test_few_columns_need_no_field_to_find_them(report: Opened) -> None:
    """The field shows from ten columns on."""
    report.open(samples.rendered(samples.regression))
    assert report.run("return document.querySelector('.tools').offsetParent") is None


def test_on_paper_all_is_opened_and_light(report: Opened, wide: str) -> None:
    """Print has white paper whatever the scheme, every column, and what is folded away on a screen."""
    report.open(wide, scheme="dark", media="print")
    assert report.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert report.run("return getComputedStyle(document.body).color") == "rgb(26, 32, 41)"
    hidden = report.run(
        "const rows = [...document.querySelectorAll('tbody tr')];"
        "return rows.filter((row) => !row.checkVisibility() || !row.offsetHeight).length"
    )
    assert hidden == 0
    assert report.run("return document.querySelector('.contents').offsetParent") is None
    lost = "return [...document.querySelectorAll('svg rect')].filter((r) => r.getBBox().width && !r.checkVisibility())"
    assert report.run(f"{lost}.length") == 0
    # Chromium leaves a button out where a page repeats the head of a table
    assert report.run("return getComputedStyle(document.querySelector('.sort')).display") == "contents"


def test_it_prints_to_pages(report: Opened) -> None:
    """Chromium makes a PDF of a few pages of it."""
    report.open(samples.rendered(samples.regression))
    printed = report.driver.execute_cdp_cmd(
        "Page.printToPDF", {"printBackground": True, "preferCSSPageSize": True}
    )
    content = base64.b64decode(printed["data"])
    assert content.startswith(b"%PDF")
    assert 3 <= content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") <= 8
