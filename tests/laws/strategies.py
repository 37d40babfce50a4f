"""Rows as hostile as clients send them."""

from __future__ import annotations

import math

from hypothesis import strategies as st

WILD = (
    None, True, False, "broken", "", "NaN", "Infinity", "-infinity", [], [1.0], {"a": 1}, 0.0, -0.0, 5e-324, -5e-324,
    1e300, -1e300, 1.7e308, -1.7e308, math.nan, math.inf, -math.inf, 10**30, -(10**400), 1, 3.0, 7,
)  # fmt: skip

# Python writes no decimal of so many digits, so that a strategy must not hold it: its name could not be written
HUGE = st.builds(pow, st.just(10), st.just(5000))

NUMBERS = st.one_of(
    st.sampled_from(WILD),
    HUGE,
    st.integers(-5, 60),
    st.floats(-100.0, 100.0),
    st.floats(),
    st.integers(),
)

CATEGORIES = st.one_of(
    st.sampled_from(
        (
            None, True, 1, 1.0, "1", "true", 74, 74.0, "74", 0.5, "é", "e\u0301", "日本", "\ud800", "a\0b", "", " ",
            "x" * 5000, "x" * 4999 + "y", math.nan, math.inf, [], ["a"], {"a": 1}, -0.0, 0, "a", "b", "c",
        )
    ),
    HUGE,
    st.text(max_size=5),
    st.integers(0, 100),
)  # fmt: skip

RANDOMS = st.randoms(use_true_random=False)
