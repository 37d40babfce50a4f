"""Estimates of segments: what a row ruler looks at once for all rows, and sums for each segment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from modelvane.block import Block
from modelvane.estimates import expectation
from modelvane.estimates.expectation import Expectation
from modelvane.row_ruler import Divider
from modelvane.ruler import Ruler
from modelvane.schema import Schema
from modelvane.segments import segment_rulers_of
from modelvane.tallies.codec import inside, nested

MOST_COLUMNS = 16
"""Columns that all breakdowns together may have: what else a row ruler looks at is held beside them."""

NO_SEGMENTS = (
    f"no estimates of segments: they take a reference that was built by this version, with at most {MOST_COLUMNS} "
    "columns in all breakdowns together"
)

_PLACE = "segment"


class BySegment(Struct, frozen=True, eq=False):
    """Segments that are estimated, and what the reference promises of each.

    Parameters
    ----------
    breakdowns
        What divides rows into segments.
    promises
        By segment, and by name of the measure.
    """

    breakdowns: tuple[Divider, ...] = ()
    promises: Mapping[str, Mapping[str, Expectation]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """What tells in which segment a row is."""
        return tuple(dict.fromkeys(name for each in self.breakdowns for name in each.breakdown.columns))

    def divide(self, block: Block) -> Iterator[tuple[str, NDArray[np.intp]]]:
        """Give the rows of each segment that has any."""
        for each in self.breakdowns:
            yield from each.divide(block.columns)

    def facts(self) -> dict[str, Any]:
        """Give what is plain JSON values of it; nothing without segments."""
        if not self.breakdowns:
            return {}
        return {
            "breakdowns": [each.facts() for each in self.breakdowns],
            "promises_of_segments": {
                name: expectation.facts_of(each) for name, each in self.promises.items()
            },
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the habits, by the place of the segment: a name may be any text."""
        found: dict[str, NDArray[Any]] = {}
        for place, each in enumerate(self.promises.values()):
            found |= nested(f"{_PLACE}{place}", expectation.arrays_of(each))
        return found


def read(
    schema: Schema, rulers: Mapping[str, Ruler], facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> BySegment:
    """Read what `BySegment.facts` and `BySegment.arrays` gave among others; none of a file of an earlier version."""
    if "breakdowns" not in facts:
        return BySegment()
    promises = {
        name: expectation.read(each, inside(f"{_PLACE}{place}", dict(arrays)))
        for place, (name, each) in enumerate(facts["promises_of_segments"].items())
    }
    return BySegment(segment_rulers_of(schema, rulers, facts["breakdowns"]), promises)


def wanted_columns(schema: Schema) -> tuple[str, ...]:
    """Give the columns of all breakdowns; none where they are more than `MOST_COLUMNS`, and nothing is estimated."""
    names = tuple(dict.fromkeys(name for each in schema.segments for name in each.columns))
    return names if len(names) <= MOST_COLUMNS else ()
