"""The live page in a real Chromium."""

from __future__ import annotations

import itertools
import json
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.browser import extremes, sample

from modelvane.service.page import DatasetView, render_dataset, render_overview, static

if TYPE_CHECKING:
    from tests.browser.conftest import Browser

PATHS = ("/", "/datasets/taxi", "/datasets/reco", "/datasets/hostile")
SCHEMES = ("light", "dark")

# the contrast of every visible text with the ground under it (WCAG 2.2, success criterion 1.4.3)
LOW_CONTRAST = """
const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
const light = (rgb) => {
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = rgb.slice(0, 3).map((c) => linear(c / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (node) => {
  for (; node; node = node.parentElement) {
    const color = parse(getComputedStyle(node).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  throw new Error("no ground");
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
  if (ratio < 4.5) low.push([walker.currentNode.data.trim(), ratio.toFixed(2)]);
}
return [seen, low];
"""


@pytest.fixture
def pages(browser: Browser) -> Browser:
    """Put the sample views on the site."""
    views = {view.name: view for view in (sample.taxi(), sample.credit(), sample.waiting())}
    overview = partial(render_overview, tuple(views.values()), titles=sample.TITLES)
    browser.site.pages["/"] = lambda fragment: overview(fragment=fragment)
    for view in (*views.values(), extremes.hostile()):
        name = "hostile" if view.name == extremes.HOSTILE else view.name
        render = partial(render_dataset, view, titles=sample.TITLES)
        browser.site.pages[f"/datasets/{name}"] = lambda fragment, render=render: render(fragment=fragment)
    return browser


def put(browser: Browser, progress: float) -> None:
    """Let the taxi dataset stand at some drift, on a page that refreshes quickly."""
    render = partial(
        render_dataset, sample.taxi(progress, rounds=20), titles=sample.TITLES, refresh_seconds=0.1
    )
    texts = {fragment: render(fragment=fragment) for fragment in (False, True)}
    browser.site.pages["/datasets/taxi"] = texts.__getitem__


@pytest.mark.parametrize("path", PATHS)
def test_the_page_is_quiet_and_asks_nobody_else(pages: Browser, path: str) -> None:
    """No message in the console, no script error, and every request goes to the service itself."""
    pages.open(path)
    assert pages.run("return document.readyState") == "complete"
    assert pages.driver.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in pages.driver.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    # the browser's own start page may still be in the log
    asked = [one["request"]["url"] for one in sent if not one["documentURL"].startswith("chrome:")]
    assert len(asked) >= 4
    assert [url for url in asked if not url.startswith(pages.site.address + "/")] == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("path", PATHS)
def test_every_text_can_be_read(pages: Browser, path: str, scheme: str) -> None:
    """All text has at least AA contrast, in charts too, in both colour schemes."""
    pages.open(path, scheme=scheme)
    pages.run("for (const node of document.querySelectorAll('details')) node.open = true")
    seen, low = pages.run(LOW_CONTRAST)
    assert seen > 20
    assert low == []


def test_dark_is_dark_and_light_is_light(pages: Browser) -> None:
    """The page follows the colour scheme of the system, charts included."""
    colours = {}
    for scheme in SCHEMES:
        pages.open("/datasets/taxi", scheme=scheme)
        colours[scheme] = pages.run(
            "return [getComputedStyle(document.body).backgroundColor,"
            " getComputedStyle(document.querySelector('.over-time .serie-0 .line')).stroke]"
        )
    assert colours["light"] == ["rgb(245, 246, 248)", "rgb(36, 86, 200)"]
    assert colours["dark"] == ["rgb(16, 19, 24)", "rgb(122, 165, 255)"]


@pytest.mark.parametrize("name", ["base.css", "page.css", "charts.css"])
def test_the_browser_understands_every_style_rule(pages: Browser, name: str) -> None:
    """A browser drops a rule that it cannot read without a word; it has read as many as the file has."""
    pages.open("/")
    understood = pages.run(
        "const count = (rules) => [...rules].reduce((sum, rule) => sum + 1 + count(rule.cssRules ?? []), 0);"
        "return count([...document.styleSheets].find((sheet) => sheet.href.endsWith(arguments[0])).cssRules)",
        name,
    )
    assert understood == static(name).content.count(b"{")


@pytest.mark.parametrize("path", PATHS)
def test_a_phone_need_not_scroll_sideways(pages: Browser, path: str) -> None:
    """At a width of 390 nothing sticks out of the page."""
    pages.open(path, width=390, height=844)
    pages.run("for (const node of document.querySelectorAll('details')) node.open = true")
    assert pages.run("return document.documentElement.scrollWidth") == 390
    assert pages.run("return document.querySelectorAll('main section').length") >= 2


@pytest.mark.parametrize("path", PATHS)
def test_structure_for_screen_readers(pages: Browser, path: str) -> None:
    """One h1, headings without gaps, landmarks, unique ids, cells with headers, and a name for every picture."""
    pages.open(path)
    levels = pages.run(
        "return [...document.querySelectorAll('h1,h2,h3,h4')].map((node) => Number(node.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert pages.run("return document.querySelectorAll('main, body > header, body > footer').length") == 3
    ids = pages.run("return [...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids))
    assert pages.run("return [...document.querySelectorAll('table')].filter((t) => !t.tHead).length") == 0
    tree = pages.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    pictures = [node for node in tree if node.get("role", {}).get("value") in ("image", "img")]
    shown = pages.run("return document.querySelectorAll('svg[role=img]').length")
    assert len(pictures) == shown
    assert [node for node in pictures if not node.get("name", {}).get("value", "").strip()] == []


def test_tables_stay_tables_on_a_phone(pages: Browser) -> None:
    """Rows that are drawn as blocks are still rows and cells with headers to a screen reader."""
    pages.open("/datasets/taxi", width=390, height=844)
    tree = pages.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    roles = [node.get("role", {}).get("value") for node in tree]
    assert roles.count("columnheader") >= 8
    assert roles.count("rowheader") >= 8


def test_the_keyboard_reaches_everything_visibly(pages: Browser) -> None:
    """The skip link comes first, and whatever has the focus has an outline."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    pages.open("/datasets/taxi")
    stops = []
    for _ in range(12):
        ActionChains(pages.driver).send_keys(Keys.TAB).perform()
        text, outline = pages.run(
            "const node = document.activeElement, style = getComputedStyle(node);"
            "return [node.textContent.trim(), style.outlineStyle + ' ' + style.outlineWidth]"
        )
        stops.append(text)
        assert outline == "solid 2px", text
    assert stops[:3] == ["Skip to content", "modelvane", "taxi"]
    assert "Drift" in stops


def test_the_page_updates_itself_in_place(browser: Browser) -> None:
    """New findings appear and are announced; focus, opened details and what is in view stay where they are."""
    put(browser, 0.0)
    browser.open("/datasets/taxi")
    assert "within this stream's habit" in browser.run(
        "return document.querySelector('.verdict-line').textContent"
    )
    browser.run(
        "document.getElementById('quality-all').open = true;"
        "document.querySelector('#quality-all summary').focus();"
        "window.scrollTo({top: 700, behavior: 'instant'});"
        "window.place = () => document.getElementById('columns').getBoundingClientRect().top;"
        "window.before = window.place()"
    )
    put(browser, 1.0)
    browser.until("return document.querySelector('.verdict-line').dataset.verdict === 'alarm'")
    assert "3 of 8 columns changed" in browser.run(
        "return document.getElementById('announcement').textContent"
    )
    assert browser.run("return document.getElementById('quality-all').open")
    assert browser.run("return document.activeElement.textContent") == "Everything measured"
    before, after, scrolled = browser.run("return [window.before, window.place(), window.scrollY]")
    assert after == pytest.approx(before, abs=1)
    assert scrolled > 0
    assert browser.driver.get_log("browser") == []


def test_parts_that_did_not_change_are_left_alone(browser: Browser) -> None:
    """A refresh with equal content replaces no element."""
    put(browser, 1.0)
    browser.open("/datasets/taxi")
    browser.run("document.querySelector('#drift table').dataset.mark = 'same'")
    served = browser.site.fragments_served
    browser.until(
        "return performance.getEntriesByType('resource').filter((e) => e.name.includes('fragment')).length > 3"
    )
    assert browser.site.fragments_served > served
    assert browser.run("return document.querySelector('#drift table').dataset.mark") == "same"


def test_sections_come_and_go(browser: Browser) -> None:
    """A page that was opened before the first round grows its sections without a reload, and keeps the focus."""
    put(browser, 1.0)
    full = browser.site.pages["/datasets/taxi"]
    empty = partial(render_dataset, DatasetView(name="taxi"), refresh_seconds=0.1)
    browser.site.pages["/datasets/taxi"] = lambda fragment: empty(fragment=fragment)
    browser.open("/datasets/taxi")
    names = "return [...document.querySelectorAll('main > [data-part]')].map((part) => part.dataset.part)"
    assert browser.run(names) == ["verdict", "waiting", "events", "service"]
    browser.run(
        "window.stays = document.getElementById('service'); document.querySelector('.trail a').focus()"
    )
    browser.site.pages["/datasets/taxi"] = full
    browser.until("return document.getElementById('drift') !== null")
    assert browser.run(names) == [
        "verdict",
        "contents",
        "drift",
        "columns",
        "performance",
        "predictions",
        "quality",
        "segments",
        "events",
        "service",
    ]
    assert browser.run("return document.getElementById('service') === window.stays")
    assert browser.run("return document.activeElement.textContent") == "taxi"


def test_a_lost_connection_is_said_and_found_again(browser: Browser) -> None:
    """While the service is away the page says so in words, and goes on when it is back."""
    put(browser, 1.0)
    browser.open("/datasets/taxi")
    browser.site.down = True
    browser.until("return document.getElementById('connection').textContent.startsWith('Connection lost at')")
    assert browser.run("return document.getElementById('connection').getAttribute('role')") == "status"
    browser.site.down = False
    browser.until("return document.getElementById('connection').textContent === 'Live'")


def test_a_hidden_page_asks_for_nothing(browser: Browser) -> None:
    """Refreshing stops while the page is hidden and goes on at once when it is seen again."""
    put(browser, 1.0)
    browser.open("/datasets/taxi")
    browser.until("return performance.getEntriesByType('resource').some((e) => e.name.includes('fragment'))")
    show = (
        "Object.defineProperty(document, 'hidden', {get: () => arguments[0], configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    browser.run(show.replace("arguments[0]", "true"))
    # one request may be on its way; after one more pause there is none, after ten more there is still none
    browser.driver.execute_async_script("setTimeout(arguments[0], 100)")
    served = browser.site.fragments_served
    browser.driver.execute_async_script("setTimeout(arguments[0], 1000)")
    assert browser.site.fragments_served == served
    browser.run(show.replace("arguments[0]", "false"))
    browser.until("return document.getElementById('connection').textContent === 'Live'")
    browser.until("performance.clearResourceTimings(); return true")
    browser.until("return performance.getEntriesByType('resource').some((e) => e.name.includes('fragment'))")
    assert browser.site.fragments_served > served


def test_hostile_names_stay_text(pages: Browser) -> None:
    """A dataset, column, category or reason that looks like markup is shown, never run."""
    pages.open("/datasets/hostile")
    pages.run("for (const node of document.querySelectorAll('details')) node.open = true")
    assert pages.run("return document.querySelector('h1').textContent") == extremes.HOSTILE
    assert pages.run("return document.querySelectorAll('script').length") == 1
    assert pages.run("return document.querySelectorAll('main script, svg script').length") == 0
    link = pages.run("return document.querySelector('.trail a').pathname")
    assert link == "/datasets/%3Cscript%3Ealert%28%27x%27%29%3C%2Fscript%3E%26%22%2F..%2F%3F%23%C3%A9"
    assert pages.driver.get_log("browser") == []


def test_less_motion_on_request(pages: Browser) -> None:
    """Whoever asks for less motion gets no smooth scrolling, and nothing else moves."""
    smooth = "return getComputedStyle(document.documentElement).scrollBehavior"
    pages.open("/datasets/taxi")
    assert pages.run(smooth) == "smooth"
    pages.media(("prefers-reduced-motion", "reduce"))
    assert pages.run(smooth) == "auto"
    assert pages.run("return document.getAnimations().length") == 0
