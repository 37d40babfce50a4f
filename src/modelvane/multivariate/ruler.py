"""What scores rows and counts their cross moments, and what is known of the reference's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Block
from modelvane.calibration.habit import Habit
from modelvane.calibration.null import NullMoments
from modelvane.multivariate.correlation import correlations
from modelvane.multivariate.moments import CrossMoments
from modelvane.multivariate.noise import ErrorNull
from modelvane.multivariate.plane import Plane
from modelvane.multivariate.scores import ColumnScores, from_arrays
from modelvane.ruler import Ruler
from modelvane.schema import Schema
from modelvane.tallies import codec

NAME = "cross_moments"


class MomentsRuler(Struct, frozen=True, eq=False, dict=True):
    """Counts cross moments; a row ruler (see `modelvane.row_ruler.RowRuler`).

    Parameters
    ----------
    scores
        By column.
    known
        Cross moments of the half of the reference's rows that scores and plane were not learned from: what was would
        flatter them.
    plane
        That windows' rows should be near.
    error
        Noise of the mean error.
    change
        Noise of the largest change of a correlation, squared.
    usual_change, usual_error
        Habits of both; ``None`` without times.
    """

    name: ClassVar[str] = NAME
    of_truth: ClassVar[bool] = False
    scores: Mapping[str, ColumnScores]
    known: CrossMoments
    plane: Plane
    error: ErrorNull
    change: NullMoments
    usual_change: Habit | None
    usual_error: Habit | None

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns that it looks at."""
        return list(self.scores)

    @cached_property
    def correlations(self) -> NDArray[np.float64]:
        """The correlations that a window's are compared with."""
        return correlations(self.known)

    def count(self, block: Block) -> CrossMoments:
        """Count rows."""
        return CrossMoments.of(
            [scores.of_column(block.columns[name]) for name, scores in self.scores.items()]
        )

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> CrossMoments:
        """Read a tally's facts and arrays."""
        return CrossMoments.from_arrays(facts, dict(arrays))

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {
            "columns": self.columns,
            "known": self.known.facts(),
            "error": [each.hex() for each in self.error.moments],
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        held = {
            **codec.nested("known", self.known.arrays()),
            **codec.nested("plane", self.plane.arrays()),
            "change": self.change.to_array(),
        }
        for name, habit in (("usual_change", self.usual_change), ("usual_error", self.usual_error)):
            if habit is not None:
                held[name] = habit.to_array()
        for i, scores in enumerate(self.scores.values()):
            held |= codec.nested(f"scores{i}", scores.arrays())
        return held

    @classmethod
    def read(
        cls,
        schema: Schema,  # noqa: ARG003 - one signature for all row rulers
        rulers: Mapping[str, Ruler],  # noqa: ARG003 - as above
        facts: dict[str, Any],
        arrays: Mapping[str, NDArray[Any]],
    ) -> MomentsRuler:
        """Read what `facts` and `arrays` gave."""
        held = dict(arrays)
        known = CrossMoments.from_arrays(facts["known"], codec.inside("known", held))
        mean, std, skew = (float.fromhex(each) for each in facts["error"])
        habits = {
            name: Habit.from_array(held[name]) if name in held else None
            for name in ("usual_change", "usual_error")
        }
        return cls(
            scores={
                name: from_arrays(codec.inside(f"scores{i}", held)) for i, name in enumerate(facts["columns"])
            },
            known=known,
            plane=Plane(**codec.inside("plane", held)),
            error=ErrorNull((mean, std, skew), known.n),
            change=NullMoments.from_array(held["change"]),
            usual_change=habits["usual_change"],
            usual_error=habits["usual_error"],
        )
