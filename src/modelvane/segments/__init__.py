"""Which segments a row is in: values of columns, bins of numbers, and pairs of these, frozen from the reference."""

from modelvane.segments.ruler import SegmentRuler, rest_of
from modelvane.segments.rulers import facts_of, segment_rulers, segment_rulers_of

__all__ = ["SegmentRuler", "facts_of", "rest_of", "segment_rulers", "segment_rulers_of"]
