"""Versions compared since they began: all labelled rows of a stream, whatever has left its window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from modelvane.block import Block
from modelvane.versions.losses import LossTally
from modelvane.versions.ruler import Rows, VersionRuler, VersionTally

MOST_VERSIONS = 20
"""Challengers that are compared; the rows of any more are left out."""


class Pair(NamedTuple):
    """A challenger's losses, and the champion's since the challenger's first labelled row."""

    challenger: LossTally
    champion: LossTally


def spellings(version: str) -> frozenset[str]:
    """Give the names under which rows have a version: one that is written 1.0 is 1 where a column has numbers.

    >>> sorted(spellings("1.0")), sorted(spellings("1.10")), sorted(spellings("v1"))
    (['1', '1.0'], ['1.10'], ['v1'])
    """
    whole, _, zeros = version.partition(".")
    is_whole = whole.isdecimal() and set(zeros) == {"0"}
    return frozenset({version, str(int(whole))} if is_whole else {version})


class Comparison:
    """Counts every labelled row once, when its label comes first; what is corrected later stays as it was counted.

    Parameters
    ----------
    ruler
        What counts them.
    champion
        Whom the others are compared with.
    """

    def __init__(self, ruler: VersionRuler, champion: str) -> None:
        self._ruler = ruler
        self._champion = champion
        self._its_names = spellings(champion)
        self._all = self._nothing
        self._pairs: dict[str, Pair] = {}

    def copy(self) -> Comparison:
        """Give what it says now, which rows to come leave alone."""
        other = Comparison(self._ruler, self._champion)
        other._all, other._pairs = self._all, dict(self._pairs)
        return other

    @property
    def champion(self) -> LossTally:
        """All rows of the champion."""
        return self._all

    @property
    def pairs(self) -> Mapping[str, Pair]:
        """By challenger, in the order in which they began."""
        return self._pairs

    @property
    def _nothing(self) -> LossTally:
        return LossTally.zero(len(self._ruler.losses))

    def add(self, block: Block) -> None:
        """Count labelled rows, in the order in which their labels came."""
        rows = self._ruler.rows(block)
        of_champion = np.array([name in self._its_names for name in rows.names], bool)
        is_champion = of_champion[rows.codes] if len(rows.codes) else np.zeros(0, bool)
        champion = rows.tally(is_champion)
        self._all = self._all + champion
        pairs = {name: Pair(pair.challenger, pair.champion + champion) for name, pair in self._pairs.items()}
        for code, first in zip(*np.unique(rows.codes, return_index=True), strict=True):
            name = rows.names[int(code)]
            if name not in self._its_names:
                self._begin_or_go_on(pairs, name, rows, int(code), int(first), is_champion)
        self._pairs = pairs

    def _begin_or_go_on(
        self, pairs: dict[str, Pair], name: str, rows: Rows, code: int, first: int, is_champion: Any
    ) -> None:
        own = rows.tally(rows.codes == code)
        if name in pairs:
            pairs[name] = Pair(pairs[name].challenger + own, pairs[name].champion)
        elif len(pairs) < MOST_VERSIONS:
            since = is_champion & (np.arange(len(rows.codes)) >= first)
            pairs[name] = Pair(own, rows.tally(since))

    def state(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "champion": self._champion,
            "all": self._all.facts(),
            "pairs": {name: [part.facts() for part in pair] for name, pair in self._pairs.items()},
        }

    def restore(self, state: Mapping[str, Any] | None) -> None:
        """Take up what `state` gave; with another champion the comparison begins anew."""
        self._all, self._pairs = self._nothing, {}
        if state is None or state["champion"] != self._champion:
            return
        self._all = LossTally.from_facts(state["all"])
        self._pairs = {
            name: Pair(*(LossTally.from_facts(part) for part in pair))
            for name, pair in state["pairs"].items()
        }


def of_batch(tally: VersionTally, champion: str, losses: int) -> tuple[LossTally, dict[str, Pair]]:
    """Give the champion, and each challenger beside it, over the rows of a batch; most rows first."""
    its_names = spellings(champion)
    whole = sum((tally.versions[name] for name in its_names & set(tally.versions)), LossTally.zero(losses))
    others = sorted(
        (item for item in tally.versions.items() if item[0] not in its_names),
        key=lambda item: (-item[1].n, item[0]),
    )
    return whole, {name: Pair(each, whole) for name, each in others[:MOST_VERSIONS]}
