"""The segments of all breakdowns of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelvane.block import Encoded
from modelvane.errors import SchemaError
from modelvane.ruler import Ruler
from modelvane.schema import Schema
from modelvane.segments.ruler import SegmentRuler

MOST_OF_DATASET = 200
"""Each segment has tallies, noise floors and findings of every column."""


def segment_rulers(
    schema: Schema, rulers: Mapping[str, Ruler], columns: Mapping[str, Encoded]
) -> tuple[SegmentRuler, ...]:
    """Freeze the segments of the reference's rows.

    Raises
    ------
    SchemaError
        When there are more than `MOST_OF_DATASET`.
    """
    found = tuple(SegmentRuler.of(breakdown, rulers, columns) for breakdown in schema.segments)
    counts = {each.breakdown.name: len(each.names) + 1 for each in found}
    if sum(counts.values()) > MOST_OF_DATASET:
        raise SchemaError(
            "The reference has too many segments",
            received=f"{sum(counts.values())}: "
            + "; ".join(f"{count} of {name}" for name, count in counts.items()),
            expected=f"{MOST_OF_DATASET} or fewer, each breakdown's rest among them",
            remedy="Take some from the setting segments, or cut numbers into fewer bins",
        )
    return found


def facts_of(rulers: Sequence[SegmentRuler]) -> list[dict[str, Any]] | None:
    """Give what `segment_rulers_of` reads; ``None`` of a reference without it, whose file stays as it is."""
    is_there = any(not each.is_of_before for each in rulers)
    return [each.facts() for each in rulers] if is_there else None


def segment_rulers_of(
    schema: Schema, rulers: Mapping[str, Ruler], facts: Sequence[dict[str, Any]] | None
) -> tuple[SegmentRuler, ...]:
    """Read the segments of a reference's file, or find those that one of before pairs and bins has."""
    if facts is None:
        return tuple(SegmentRuler.of_before(breakdown, rulers) for breakdown in schema.segments)
    return tuple(
        SegmentRuler.from_facts(breakdown, rulers, about)
        for breakdown, about in zip(schema.segments, facts, strict=True)
    )
