"""The small drawings, without a browser."""

from __future__ import annotations

import re

import pytest
from tests.browser import sample

from modelvane.report.parts.regression import Heat
from modelvane.report.small import amount, column_of_rows, mini_bars, part_of_change, stacked
from modelvane.report.squares import heat_map


def steps(path: str) -> int:
    """Count the bins of a path."""
    return path.count("h")


def test_a_small_distribution_leaves_out_all_others() -> None:
    """The bar of all other categories would hide every one that has a name."""
    reference = [f"c{i % 40}" for i in range(400)]
    shown = sample.categorical("zone", reference, reference[:100])
    assert len(shown.labels) == 21
    shape, line = re.findall(r' d="([^"]+)"', mini_bars(shown))
    assert (steps(shape), steps(line)) == (20, 20)


def test_a_side_without_rows_has_no_line() -> None:
    """No current rows is not the same as none in each bin."""
    drawn = mini_bars(sample.categorical("zone", ["a", "b"], []))
    assert 'class="reference"' in drawn
    assert 'class="current"' not in drawn


@pytest.mark.parametrize(("part", "x", "width"), [(0.5, "60", "60"), (-0.25, "30", "30")])
def test_less_goes_to_the_left_and_more_to_the_right(part: float, x: str, width: str) -> None:
    """A bar begins at the middle, its length in proportion to the largest part."""
    drawn = part_of_change(part, 0.5, "title")
    assert f'class="{"more" if part > 0 else "less"}" x="{x}" y="2" width="{width}"' in drawn


def test_bars_of_nothing_are_drawn_all_the_same() -> None:
    """No rows, no largest value and no parts each give a drawing, not a division by zero."""
    assert "0 rows" in column_of_rows(0, 0)
    assert 'width="0"' in amount(0.0, None, 0.0, "nothing")
    assert "<rect" not in stacked([], "nothing")


def test_shares_fill_the_bar() -> None:
    """Parts stand beside each other and end where the bar ends; their shares are told."""
    drawn = stacked([("under", 0.25), ("majority", 0.5), ("over", 0.25)], "groups")
    assert re.findall(r'class="is-(\w+)" x="(\d+)" y="0" width="(\d+)"', drawn) == [
        ("under", "0", "150"),
        ("majority", "150", "300"),
        ("over", "450", "150"),
    ]
    assert "majority 50.0\u202f%" in drawn


def test_one_wild_value_does_not_make_a_point_of_all_others() -> None:
    """The axes end a bin beyond the inner limits, however far the outermost bins reach."""
    limits = (-1e9, 0.0, 1.0, 2.0, 3.0, 1e9)
    counts = tuple(tuple(int(i == j) for j in range(5)) for i in range(5))
    drawn = heat_map(Heat(down=limits, across=limits, counts=counts))
    ticks = [float(text) for text in re.findall(r'class="down"[^>]*>(-?\d+)<', drawn.replace("−", "-"))]
    assert ticks == [-1, 0, 1, 2, 3, 4]


def test_what_lies_off_the_diagonal_is_told() -> None:
    """Who cannot see the map is told how many rows are clearly above and below the diagonal."""
    limits = (0.0, 1.0, 2.0, 3.0)
    drawn = heat_map(Heat(down=limits, across=limits, counts=((5, 0, 1), (0, 0, 0), (4, 0, 0))))
    assert "40.0\u202f% of rows lie clearly above the diagonal" in drawn
    assert "10.0\u202f% clearly below it" in drawn


def test_one_value_alone_has_a_map() -> None:
    """Predictions and targets that are all one number have a map, too."""
    assert "<path" in heat_map(Heat(down=(5.0, 5.0), across=(5.0, 5.0), counts=((3,),)))
