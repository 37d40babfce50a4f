"""Laws of tallies by cell, and of what is read off them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conditional.trips import NAMES, found, of, reference, rows

from modelvane.conditional import NAME, ConditionalRuler
from modelvane.conditional.tally import ConditionalTally
from modelvane.errors import TallyMismatchError
from modelvane.reference import Reference
from modelvane.table import Table

VALUES = st.sampled_from(
    [0.0, 1.0, 2.5, -7.0, 1e300, -1.7e308, float("nan"), float("inf"), None, "far", True]
)
ZONES = st.sampled_from([*NAMES, "elsewhere", None, 7])


@st.composite
def records(draw: st.DrawFn) -> list[dict[str, object]]:
    record = st.fixed_dictionaries({"start": ZONES, "end": ZONES, "distance": VALUES | st.floats(0, 30)})
    return draw(st.lists(record, max_size=40))


def ruler() -> ConditionalRuler:
    known = reference().row_rulers[NAME]
    assert isinstance(known, ConditionalRuler)
    return known


def tally(rows: list[dict[str, object]]) -> ConditionalTally:
    columns = {name: [row[name] for row in rows] for name in ("start", "end", "distance")}
    return ruler().count(reference().encode(Table.of(columns)))


@given(records(), st.lists(st.integers(0, 40), max_size=4))
@settings(max_examples=50)
def test_tallies_of_parts_add_up(rows: list[dict[str, object]], cuts: list[int]) -> None:
    """Tallies of parts of the rows, in any order, are that of all rows, bit for bit, whatever the values."""
    limits = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    total = tally([])
    for part in [rows[a:b] for a, b in pairwise(limits)][::-1]:
        total = tally(part) + total
    assert total == tally(rows)
    assert total.n == len(rows)


def test_tallies_of_other_rulers_do_not_add() -> None:
    """What two references' rulers counted is no sum."""
    other = Reference.of(rows(1, 2000), time="at").row_rulers[NAME]
    assert isinstance(other, ConditionalRuler)
    with pytest.raises(TallyMismatchError, match="one reference"):
        tally([]) + other.count(reference().encode(Table.of(rows(1, 10))))


def test_a_saved_reference_finds_the_same() -> None:
    """What is read from a file counts, compares and says what the reference that was saved does, to the last bit."""
    again, data = Reference.from_bytes(reference().to_bytes()), rows(3, 800, factor=1.3)
    assert found(data, again).findings == found(data).findings


def test_a_huge_value_counts_as_any_large_one() -> None:
    """One value of 1e300 moves the mean rank by no more than a rank in as many rows."""
    plain = rows(4, 1000)
    huge = {**plain, "distance": [1e300, *plain["distance"][1:]]}
    assert abs(of(found(huge)).value - of(found(plain)).value) <= 1 / 1000


def test_a_factor_shifts_ranks_as_much_as_it_is_said_to() -> None:
    """The cause names the factor by which values were multiplied, within a few percent."""
    for factor in (0.7, 1.15, 1.6):
        cause = of(found(rows(5, 3000, factor=factor))).cause
        told = float(cause.split("as if values were multiplied by ")[1].split(";")[0])
        assert told == pytest.approx(factor, rel=0.05)


def test_the_columns_that_leave_least_are_given() -> None:
    """Distances are looked at beside start and end, which explain them, and weights, which nothing explains, not."""
    assert {name: set(each.given) for name, each in ruler().relations.items()} == {
        "distance": {"start", "end"}
    }


def test_few_rows_in_cells_have_no_value() -> None:
    """Fewer than 30 rows, or rows in zones that the reference lacks, are undefined; the finding counts the others."""
    few = of(found(rows(6, 29)))
    assert (few.value, few.verdict, few.n) == (None, "undefined", 29)
    unknown = rows(7, 500)
    assert of(found({**unknown, "start": ["elsewhere"] * 500})).n == 0


def test_what_is_left_out_is_not_counted() -> None:
    """With `leave_out` there is no finding, and the tally has nothing of it."""
    without = reference().leaving_out([NAME])
    assert found(rows(8, 300), without).get("conditional_drift", "distance") is None
    assert NAME not in Reference.of(rows(0, 1000), time="at", leave_out=[NAME]).row_rulers


def test_levels_are_where_the_reference_has_rows() -> None:
    """Every cell has rows enough in the reference, and no cell is of categories that are put together."""
    counts = reference().tally.together[NAME].counts
    assert counts.min() >= 20
    assert len(counts) == len(NAMES) ** 2
    assert np.array_equal(counts, ruler().count(reference().encode(Table.of(rows(0, 8000)))).counts)
