"""How differently groups are treated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from modelvane.evaluation.performance import judged
from modelvane.evaluation.round import Round
from modelvane.fairness import FairnessRuler, rulers_of
from modelvane.findings import Family, Finding, Verdict
from modelvane.statistics.fairness import Group, GroupMeasure, Parity
from modelvane.statistics.gaps import Gap, gap
from modelvane.tallies.dataset import DatasetTally
from modelvane.undefined import Undefined, Value


class _Sides(NamedTuple):
    current: Mapping[str, Group]
    reference: Mapping[str, Group]


def fairness_findings(this: Round, rows: DatasetTally, labelled: DatasetTally) -> Iterator[Finding]:
    """Measure the groups of each protected column, and hold the gaps between them against the config's limits."""
    if rows.rows and not rows.segments:
        # a slice of a batch, which is counted without segments
        return
    for ruler in rulers_of(this.settings.fairness, this.reference):
        whole = this.reference.tally
        sides = _Sides(ruler.tallies(rows, labelled), ruler.tallies(whole, whole))
        for parity in ruler.between:
            yield judged(this, _between(ruler, parity, sides), parity.better)
        for measure in ruler.by_group:
            for group in ruler.groups:
                yield _of_group(ruler, measure, group, sides)


def _between(ruler: FairnessRuler, parity: Parity, sides: _Sides) -> Finding:
    found, beside = (_gap(ruler, parity, side) for side in sides)
    finding = Finding(
        family=Family.FAIRNESS,
        measure=parity.name,
        column=ruler.protected.column,
        unit=parity.unit,
        n=found.n,
        reference=beside.value if isinstance(beside.value, float) else None,
        cause=found.between,
        why=found.left_out,
    )
    return _valued(finding, found.value)


def _gap(ruler: FairnessRuler, parity: Parity, groups: Mapping[str, Group]) -> Gap:
    return gap(parity, groups, ruler.protected.least_rows, ruler.reference_group)


def _of_group(ruler: FairnessRuler, measure: GroupMeasure, group: str, sides: _Sides) -> Finding:
    least = ruler.protected.least_rows
    (value, n), (beside, _) = (measure.value(side[group], least) for side in sides)
    finding = Finding(
        family=Family.FAIRNESS,
        measure=measure.name,
        column=ruler.protected.column,
        label=group,
        unit=measure.unit,
        n=n,
        reference=beside if isinstance(beside, float) else None,
    )
    return _valued(finding, value)


def _valued(finding: Finding, value: Value) -> Finding:
    if isinstance(value, Undefined):
        return replace(finding, verdict=Verdict.UNDEFINED, why=value.why)
    return replace(finding, value=value)
