"""Charts and the data behind them."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from msgspec import structs
from tests.browser import sample

from modelvane.errors import TallyMismatchError
from modelvane.findings import Family, Findings
from modelvane.report import Distribution, Point, Series, distribution, series_of, sparkline, value_text
from modelvane.report.charts import bullet, grouped_bars, over_time
from modelvane.report.history import thin
from modelvane.ruler import CategoricalRuler, NumericalRuler
from modelvane.schema import Kind
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.numerical import NumericalTally

SVG = "{http://www.w3.org/2000/svg}"
LINES = Series(
    "kolmogorov_smirnov",
    "a",
    "",
    tuple(Point(1000.0 + 60 * i, None if i == 3 else i / 10, 0.2, 0.3 if i > 4 else 0.25) for i in range(10)),
)
BARS = sample.categorical("zone", ["a"] * 6 + ["b"] * 4, ["a"] * 3 + ["b"] * 6 + ["new"])
CHARTS = {
    "over_time": over_time(LINES, "a <b> over time"),
    "one_point": over_time(replace(LINES, points=LINES.points[:1]), "a <b> over time"),
    "no_point": over_time(replace(LINES, points=()), "a <b> over time"),
    "bars": grouped_bars(replace(BARS, column="a <b>")),
    "upright": grouped_bars(sample.numerical("a <b>", np.arange(100.0), np.arange(50.0))),
    "sparkline": sparkline((1.0, None, 2.0, 3.0), "a <b>", 1.0),
    "empty_sparkline": sparkline((), "a <b>"),
    "bullet": bullet(1.4, 0.5, "a <b>"),
    "bullet_beyond": bullet(9.0, None, "a <b>"),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_small_clean_and_named(name: str) -> None:
    """Well-formed, no script, style, id or address, a role, a name first, and at most 8 kB."""
    text = CHARTS[name]
    root = ET.fromstring(text)  # noqa: S314 # our own text
    assert root.get("role") == "img"
    assert root[0].tag == SVG + "title"
    assert (root[0].text or "").startswith("a <b>")
    kinds = {node.tag.removeprefix(SVG) for node in root.iter()}
    assert kinds <= {"svg", "title", "desc", "g", "path", "rect", "circle", "text"}
    names = {attribute for node in root.iter() for attribute in node.attrib}
    assert names.isdisjoint({"id", "style", "href", "onload", "onclick"})
    assert text.replace(SVG[1:-1], "").count("http") == 0
    assert len(text.encode()) <= 8000


def test_lines_are_drawn_in_their_places() -> None:
    """The value breaks at a missing round; noise floor and usual range are lines of few points."""
    root = ET.fromstring(CHARTS["over_time"])  # noqa: S314 # our own text
    paths = {}
    for group in root.iter(SVG + "g"):
        if "serie-" in group.get("class", ""):
            found = [path.get("d", "") for path in group.iter(SVG + "path")]
            paths.setdefault(group.get("class", "").split()[1], []).extend(found)
    assert [len(paths[f"serie-{i}"]) for i in range(3)] == [2, 1, 1]
    assert paths["serie-1"][0].count(" ") < 5
    assert "serie-3" not in paths


def test_a_chart_tells_its_last_value_and_lines() -> None:
    """Whoever cannot see the chart hears the last value and its lines."""
    assert "Last value 0.900, noise floor 0.200, usual range 0.300; 9 rounds." in CHARTS["over_time"]


@pytest.mark.parametrize("value", [1e300, -1.7e308, 5e-324])
def test_a_value_beyond_any_axis_is_drawn_at_its_end_and_told_as_it_is(value: float) -> None:
    """One target of 1e300 makes an error of 1e300, whose chart must not take the page down for hours."""
    points = tuple(Point(1000.0 + 60 * i, 1.0 if i % 2 else value, value) for i in range(6))
    text = over_time(Series("mean_error", None, "", points[:-1]), "error")
    assert f"Last value {value_text(value)}, noise floor {value_text(value)}" in text
    assert value_text(value) in sparkline((1.0, 2.0, value), "error", value)


def test_equal_data_are_drawn_once() -> None:
    """The same series gives the very same text."""
    assert over_time(replace(LINES), "a <b> over time") is CHARTS["over_time"]


def test_bins_of_a_numerical_column() -> None:
    """Shares are those of the ruler's bins on both sides, each adding to 1."""
    reference, current = np.arange(1000.0), np.arange(500.0)
    found = sample.numerical("a", reference, current)
    ruler = NumericalRuler.of(reference)
    assert found.kind is Kind.NUMERICAL
    assert len(found.labels) == len(found.ticks) == len(found.reference) == ruler.bin_count
    inner = [float(ruler.edges[i]) for i in ruler.bins]
    expected = np.histogram(reference, [-1.0, *np.nextafter(inner, np.inf), 1e9])[0] / 1000
    assert found.reference == pytest.approx(expected)
    assert sum(found.current) == pytest.approx(1.0)
    assert found.current[-1] == 0.0
    assert found.labels[0].startswith("up to ")
    assert found.labels[-1].startswith("above ")


def test_categories_beyond_the_top_are_one_bar() -> None:
    """The largest categories of either side have bars of their own; the rest and the unseen share one each."""
    reference = [str(i) for i in range(50) for _ in range(100 - i)]
    current = ["49"] * 90 + ["0"] * 5 + ["unseen"] * 5
    found = sample.categorical("a", reference, current)
    assert len(found.labels) == 22
    assert found.labels[-2:] == ("30\u202fothers", "not in reference")
    assert "49" in found.labels
    assert found.others == 20
    assert found.current[found.labels.index("49")] == pytest.approx(0.9)
    assert found.current[-1] == pytest.approx(0.05)
    assert found.unseen == (("unseen", 5),)
    assert sum(found.reference) == pytest.approx(1.0)
    assert found.largest_shift == ("49", pytest.approx(51 / 3775), pytest.approx(0.9))


def test_the_largest_shift_has_a_name() -> None:
    """All other categories together are never the largest shift, however much they lose."""
    reference = [str(i) for i in range(100) for _ in range(10)]
    found = sample.categorical("a", reference, ["0"] * 30 + ["1"] * 20 + ["2"] * 10)
    assert found.reference[found.others or 0] == pytest.approx(0.8)
    assert found.largest_shift == ("0", pytest.approx(0.01), pytest.approx(0.5))


def test_no_rows_have_no_shares() -> None:
    """An empty window has shares of zero and no largest shift, on either kind of column."""
    numbers = NumericalRuler.of(np.arange(10.0))
    names = CategoricalRuler(("a", "b"))
    for ruler, tally in ((numbers, NumericalTally), (names, CategoricalTally)):
        found = distribution("a", tally.zero(ruler), tally.zero(ruler))
        assert isinstance(found, Distribution)
        assert set(found.current) == {0.0}
        assert found.largest_shift is None
        assert "No rows in the reference." in grouped_bars(found)


def test_a_column_without_any_value_has_one_bin() -> None:
    """A ruler of no values has the one bin that holds everything."""
    ruler = NumericalRuler.of(np.empty(0))
    assert distribution("a", NumericalTally.zero(ruler), NumericalTally.zero(ruler)).labels == ("all values",)


def test_two_rulers_are_refused() -> None:
    """Tallies of two references, or of two kinds, cannot be compared."""
    one, other = NumericalRuler.of(np.arange(10.0)), NumericalRuler.of(np.arange(11.0))
    with pytest.raises(TallyMismatchError, match="different rulers"):
        distribution("a", NumericalTally.zero(one), NumericalTally.zero(other))
    with pytest.raises(TallyMismatchError, match="different kinds"):
        distribution("a", NumericalTally.zero(one), CategoricalTally.zero(CategoricalRuler(("a",))))


def test_history_is_thinned_evenly_with_its_ends() -> None:
    """A long history keeps its first and last round and at most as many as asked for."""
    rounds = [Findings("d", float(i), 1, 0, ()) for i in range(1000)]
    kept = [one.computed_at for one in thin(rounds, 60)]
    assert len(kept) == 60
    assert (kept[0], kept[-1]) == (0.0, 999.0)
    assert set(np.diff(kept)) <= {16.0, 17.0}
    assert len(thin(rounds[:5], 60)) == 5


def test_series_hold_whole_columns_only() -> None:
    """A series has a finding's value and lines of every round; segments and other families are left out."""
    whole = sample.drift("a", 0.3, 0.1, 0.2)
    found = (whole, structs.replace(whole, segment="b=1"), sample.quality("mean", "a", 1.0))
    series = series_of([Findings("d", 1.0, 1, 0, found), Findings("d", 2.0, 1, 0, found)])
    assert list(series) == [whole.key]
    assert series[whole.key].points == (Point(1.0, 0.3, 0.1, 0.2), Point(2.0, 0.3, 0.1, 0.2))
    assert set(series_of([Findings("d", 1.0, 1, 0, found)], {Family.QUALITY})) == {("mean", "a", None, None)}


@pytest.mark.parametrize(
    ("point", "times"),
    [
        (Point(0.0, 0.3, 0.1, 0.2), 1.5),
        (Point(0.0, 0.3, 0.1), 3.0),
        (Point(0.0, 0.3, 0.1, 0.2, 0.6), 0.5),
        (Point(0.0, 0.3), None),
        (Point(0.0, None, 0.1), None),
        (Point(0.0, 0.3, 0.0, 0.0), math.inf),
        (Point(0.0, 0.0, 0.0, 0.0), 0.0),
    ],
)
def test_a_value_in_units_of_its_line(point: Point, times: float | None) -> None:
    """A configured limit is the line where there is one, else the higher learned one; never a division by zero."""
    assert point.times_its_line == (None if times is None else pytest.approx(times))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "ratio", "–"),
        (float("nan"), "", "–"),
        (float("inf"), "ratio", "∞"),
        (0.0312, "ratio", "3.1\u202f%"),
        (-0.5, "column", "−0.500"),
        (1234567.0, "rows", "1\u202f234\u202f567"),
        (-75.0, "seconds", "−1\u202fmin 15\u202fs"),
        (1e300, "column", "1e+300"),
    ],
)
def test_values_as_people_read_them(value: float | None, unit: str, text: str) -> None:
    """A value is written in its unit; none is a dash."""
    assert value_text(value, unit) == text


def test_importing_the_charts_leaves_imports_quiet() -> None:
    """After the import a failing import is an ImportError and no warning, as before it."""
    program = "import modelvane.report\ntry:\n    import nothing_of_this_name\nexcept ImportError:\n    print('quiet')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "quiet"
