"""What counts contributions, and what was learned of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.attribution.linear import Linear
from modelvane.attribution.noise import PairNoise, rank_habit
from modelvane.attribution.sampled import NAME, SampledRuler
from modelvane.attribution.sent import Sent
from modelvane.attribution.source import Source
from modelvane.attribution.tally import ContributionTally, Scale
from modelvane.block import Block
from modelvane.calibration.habit import Habit
from modelvane.row_ruler import Learned, RowTally
from modelvane.ruler import Ruler
from modelvane.schema import Schema

__all__ = ["NAME", "AttributionRuler", "SampledRuler", "read"]


class AttributionRuler(Struct, frozen=True, eq=False):
    """Counts contributions; a row ruler (see `modelvane.row_ruler`).

    Parameters
    ----------
    source
        Where they come from.
    scale
        The unit of their sums.
    noise
        How far sampling moves the order of features; ``None`` where the reference has too few rows to tell.
    habit
        How far it usually moves; ``None`` without an order of time.
    """

    source: Source
    scale: Scale
    noise: PairNoise | None
    habit: Habit | None

    name: ClassVar = NAME
    of_truth: ClassVar = False
    why_no_habit: ClassVar = "no usual range: the reference has no time column, or is too short for one"

    @property
    def columns(self) -> Sequence[str]:
        """Those that the source looks at."""
        return self.source.columns

    @classmethod
    def learn(cls, source: Source, learned: Learned) -> AttributionRuler:
        """Learn scale, noise and habit from the reference's own rows."""
        found = source.contributions(learned.block)
        sizes = np.abs(found[:, np.isfinite(found).all(axis=0)])
        enough = sizes.shape[1] > 1
        return cls(
            source,
            Scale.of(source.features, found),
            PairNoise.of(sizes) if enough else None,
            rank_habit(sizes) if enough and learned.in_time_order else None,
        )

    def count(self, block: Block) -> ContributionTally:
        """Count rows, also none."""
        return ContributionTally.of(self.scale, self.source.contributions(block))

    def nothing(self) -> ContributionTally:
        """Give the tally of no rows."""
        return ContributionTally.of(self.scale, np.empty((len(self.scale.features), 0)))

    def known(self, tally: RowTally) -> ContributionTally:
        """Give the contributions of the reference, whose tally it is."""
        return self.contributions_of(tally)

    def contributions_of(self, tally: RowTally) -> ContributionTally:
        """Give the contributions that a tally is of."""
        assert isinstance(tally, ContributionTally)  # noqa: S101 - as `count` gave it
        return tally

    def rows_behind(self, tally: RowTally) -> int:
        """Give how many rows the means rest on."""
        return min(sums.n for sums in self.contributions_of(tally).sums)

    def facts(self) -> dict[str, Any]:
        """Give what is plain JSON values of it."""
        return {
            "source": self.source.facts(),
            "features": list(self.scale.features),
            "quanta": [quantum.hex() for quantum in self.scale.quanta],
            "noise_rows": None if self.noise is None else self.noise.rows,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the rest."""
        held = self.source.arrays()
        if self.noise is not None:
            held |= self.noise.arrays()
        if self.habit is not None:
            held["habit"] = self.habit.to_array()
        return held

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ContributionTally:  # noqa: ARG002 - one signature for all row rulers
        """Read a tally."""
        return ContributionTally.read(self.scale, facts)


def read(
    schema: Schema,  # noqa: ARG001 - one signature for all row rulers
    rulers: Mapping[str, Ruler],
    facts: dict[str, Any],
    arrays: Mapping[str, NDArray[Any]],
) -> AttributionRuler | SampledRuler:
    """Read what a ruler's facts and arrays gave."""
    about, rows = facts["source"], facts["noise_rows"]
    if "function" in about:
        return SampledRuler.read(rulers, facts, arrays)
    source = Sent(about["columns"]) if about["kind"] == "sent" else Linear.read(rulers, about, arrays)
    return AttributionRuler(
        source,
        Scale(tuple(facts["features"]), tuple(map(float.fromhex, facts["quanta"]))),
        None if rows is None else PairNoise.read(rows, arrays),
        Habit.from_array(arrays["habit"]) if "habit" in arrays else None,
    )
