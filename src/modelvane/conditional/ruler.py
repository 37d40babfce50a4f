"""What counts numerical columns beside others, frozen from the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any, ClassVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane.block import Block
from modelvane.concept.bins import Bins, bins_from
from modelvane.conditional.relation import Relation, stretches
from modelvane.conditional.tally import ConditionalTally
from modelvane.ruler import Ruler
from modelvane.schema import Schema
from modelvane.tallies.codec import inside, nested

NAME = "conditional"


class ConditionalRuler(Struct, frozen=True, eq=False, dict=True):
    """Counts numerical columns beside others; a row ruler (see `modelvane.row_ruler.RowRuler`).

    Parameters
    ----------
    levels
        Of each column that is looked at.
    relations
        By numerical column.
    """

    name: ClassVar[str] = NAME
    of_truth: ClassVar[bool] = False
    levels: Mapping[str, Bins]
    relations: Mapping[str, Relation]

    @property
    def columns(self) -> Sequence[str]:
        """Those that it looks at."""
        return tuple(self.levels)

    @cached_property
    def cells(self) -> Mapping[str, slice]:
        """Where the cells of each relation are among those of all."""
        return {relation.column: place for relation, place in stretches(self.relations)}

    @cached_property
    def digest(self) -> bytes:
        """What tells two rulers apart."""
        known = [(name, each.facts()) for name, each in self.levels.items()]
        related = [each.facts() for each in self.relations.values()]
        text = blake2b(repr((known, related)).encode(), digest_size=16)
        for each in self.relations.values():
            text.update(each.ranks.tobytes() + each.places.tobytes())
        return text.digest()

    def count(self, block: Block) -> ConditionalTally:
        """Tally rows."""
        levels = {name: each.codes(block.columns[name]) for name, each in self.levels.items()}
        found = [each.count(levels) for each in self.relations.values()]
        counts, sums = (np.concatenate(part) for part in zip(*found, strict=True))
        return ConditionalTally(self.digest, block.rows, counts, sums)

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ConditionalTally:
        """Read a tally's facts and arrays."""
        return ConditionalTally.from_arrays(self.digest, facts, dict(arrays))

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values."""
        return {
            "levels": [[name, each.facts()] for name, each in self.levels.items()],
            "relations": [each.facts() for each in self.relations.values()],
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        held: dict[str, NDArray[Any]] = {}
        for i, each in enumerate(self.relations.values()):
            held |= nested(f"{i}", each.arrays())
        return held

    @classmethod
    def read(
        cls,
        schema: Schema,  # noqa: ARG003 - one signature for all row rulers
        rulers: Mapping[str, Ruler],
        facts: dict[str, Any],
        arrays: Mapping[str, NDArray[Any]],
    ) -> ConditionalRuler:
        """Read what `facts` and `arrays` gave."""
        held = dict(arrays)
        relations = (Relation.read(about, inside(f"{i}", held)) for i, about in enumerate(facts["relations"]))
        return cls(
            levels={name: bins_from(rulers[name], known) for name, known in facts["levels"]},
            relations={each.column: each for each in relations},
        )
