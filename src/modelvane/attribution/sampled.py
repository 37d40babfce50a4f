"""Contributions of some of the rows, by a function that would take too long to be asked about all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from modelvane.attribution.asked import AskedRows, table_of
from modelvane.attribution.functions import Function, as_matrix, load
from modelvane.attribution.noise import PairNoise
from modelvane.attribution.tally import ContributionTally, Scale
from modelvane.block import Block
from modelvane.calibration.habit import Habit
from modelvane.errors import ModelvaneError
from modelvane.functions import ModelError
from modelvane.row_ruler import Learned, RowTally
from modelvane.ruler import Ruler
from modelvane.undefined import Undefined

NAME = "attribution"


@dataclass(frozen=True, eq=False)
class SampledRuler:
    """Takes samples of rows; when somebody asks, the function is asked about those of them that are new.

    Parameters
    ----------
    kind, function
        What gives contributions; see `modelvane.attribution.functions.load`.
    dtypes
        Of the columns that it is told, by name.
    rulers
        Of these columns.
    most
        Distinct rows of a sample.
    scale
        The unit of the sums.
    noise
        How far sampling moves the order of features; ``None`` where the reference has too few rows to tell.
    reference
        Contributions of the reference's own sample.
    """

    kind: str
    function: str
    dtypes: Mapping[str, str]
    rulers: Mapping[str, Ruler]
    most: int
    scale: Scale
    noise: PairNoise | None
    reference: ContributionTally
    _kept: Mapping[int, NDArray[np.float64]] = field(default_factory=dict, init=False, repr=False)

    name: ClassVar = NAME
    of_truth: ClassVar = False
    # of windows of the reference in time there would be too few rows in its sample
    habit: ClassVar[Habit | None] = None
    why_no_habit: ClassVar = "no usual range: contributions are of sampled rows"

    @cached_property
    def columns(self) -> Sequence[str]:
        """Those that the function is told."""
        return tuple(self.dtypes)

    @classmethod
    def learn(cls, kind: str, function: str, call: Function, most: int, learned: Learned) -> SampledRuler:
        """Ask the function about the reference's sample.

        Raises
        ------
        ModelError
            When it fails, or does not return contributions.
        """
        names = list(learned.block.columns)
        rulers = {name: learned.rulers[name] for name in names}
        dtypes = {name: learned.schema[name].dtype for name in names}
        sample = AskedRows.of(learned.block, rulers, most)
        rows = [row for _, row in sample.rows.values()]
        try:
            found = call(table_of(rows, dtypes))
            features = tuple(found) if isinstance(found, Mapping) else tuple(names)
            contributions = as_matrix(found, features, len(rows))
        except Exception as error:
            raise ModelError(
                f"The {kind} {function!r} gave no contributions of the reference: {type(error).__name__}: {error}",
                remedy=f"Its argument is a pyarrow table with the columns {', '.join(names)}",
            ) from error
        is_complete = np.isfinite(contributions).all(axis=0)
        sizes = np.repeat(np.abs(contributions[:, is_complete]), _weights(sample.counts[is_complete]), axis=1)
        scale = Scale.of(features, contributions)
        noise = PairNoise.of(sizes) if is_complete.sum() > 1 else None
        return cls(
            kind,
            function,
            dtypes,
            rulers,
            most,
            scale,
            None if noise is None else PairNoise(noise.std, noise.skew, int(is_complete.sum())),
            ContributionTally.weighted(scale, contributions, sample.counts),
        )

    def count(self, block: Block) -> AskedRows:
        """Take the sample of some rows, also none."""
        return AskedRows.of(block, self.rulers, self.most)

    def nothing(self) -> AskedRows:
        """Give the sample of no rows."""
        return AskedRows(self.most, 0, {})

    def known(self, tally: RowTally) -> ContributionTally:  # noqa: ARG002 - the rows of the reference are not kept
        """Give the contributions of the reference's sample."""
        return self.reference

    def contributions_of(self, tally: RowTally) -> ContributionTally | Undefined:
        """Give the contributions of a sample, or why the function gives none."""
        assert isinstance(tally, AskedRows)  # noqa: S101 - as `count` gave it
        # replaced, never changed: a scrape and a report may ask at once
        kept = self._kept
        new = {digest: row for digest, (_, row) in tally.rows.items() if digest not in kept}
        if new:
            try:
                found = as_matrix(
                    self._call(table_of([*new.values()], self.dtypes)), self.scale.features, len(new)
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this finding's own
                why = error.what if isinstance(error, ModelvaneError) else f"{type(error).__name__}: {error}"
                return Undefined(f"{self.function} gives no contributions: {why}")
            if len(kept) > 4 * self.most:
                # rows that left the window are asked about again, should they come back
                kept = {digest: each for digest, each in kept.items() if digest in tally.rows}
            kept = {**kept, **dict(zip(new, found.T, strict=True))}
            object.__setattr__(self, "_kept", kept)
        each = [kept[digest] for digest in tally.rows]
        matrix = np.array(each).T if each else np.empty((len(self.scale.features), 0))
        return ContributionTally.weighted(self.scale, matrix, tally.counts)

    @cached_property
    def _call(self) -> Function:
        return load(self.kind, self.function)

    def rows_behind(self, tally: RowTally) -> int:
        """Give how many rows that differ the means rest on."""
        assert isinstance(tally, AskedRows)  # noqa: S101 - as `count` gave it
        return len(tally.rows)

    def facts(self) -> dict[str, Any]:
        """Give what is plain JSON values of it."""
        return {
            "source": {"kind": self.kind, "function": self.function, "columns": dict(self.dtypes)},
            "most": self.most,
            "features": list(self.scale.features),
            "quanta": [quantum.hex() for quantum in self.scale.quanta],
            "noise_rows": None if self.noise is None else self.noise.rows,
            "reference": self.reference.facts(),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the rest."""
        return {} if self.noise is None else self.noise.arrays()

    @classmethod
    def read(
        cls, rulers: Mapping[str, Ruler], facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> SampledRuler:
        """Read what `facts` and `arrays` gave."""
        about, rows = facts["source"], facts["noise_rows"]
        scale = Scale(tuple(facts["features"]), tuple(map(float.fromhex, facts["quanta"])))
        return cls(
            about["kind"],
            about["function"],
            about["columns"],
            {name: rulers[name] for name in about["columns"]},
            facts["most"],
            scale,
            None if rows is None else PairNoise.read(rows, arrays),
            ContributionTally.read(scale, facts["reference"]),
        )

    def tally_of(self, facts: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> AskedRows:  # noqa: ARG002 - one signature for all row rulers
        """Read a tally: how many rows there were."""
        return AskedRows(facts["most"], facts["n"], {})


def _weights(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Scale counts down to a few thousand rows together, each row once at least."""
    return np.maximum(counts * 10_000 // max(int(counts.sum()), 10_000), 1)
