"""Versions of the model side by side: what each lost, and which is better, at any moment one looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from msgspec.structs import replace

from modelvane.evaluation.round import Round
from modelvane.findings import Family, Finding, Verdict
from modelvane.statistics.versions import COMPARED, DECISION, DIFFERENCE, LOWER, ROWS, UPPER, Compared
from modelvane.tallies.dataset import DatasetTally
from modelvane.undefined import Undefined
from modelvane.versions import NAME, Comparison, LossTally, Pair, VersionRuler, VersionTally, of_batch
from modelvane.versions.losses import Loss
from modelvane.versions.sequences import Interval, difference

_TOLD = {each.name: each for each in COMPARED}


def version_findings(this: Round, labelled: DatasetTally, comparison: Comparison | None) -> Iterator[Finding]:
    """Compare each version with the champion: live since it began, in a batch over the batch's rows."""
    ruler, asked = this.reference.row_rulers.get(NAME), this.settings.versions
    if asked is None or not isinstance(ruler, VersionRuler):
        return
    champion, pairs = _sides(ruler, labelled, asked.champion, comparison)
    tallies = {asked.champion: champion, **{name: pair.challenger for name, pair in pairs.items()}}
    for name, tally in tallies.items():
        yield _finding(ROWS, "rows", name, tally.n, float(tally.n))
    for at, loss in enumerate(ruler.losses):
        told = _TOLD[loss.name]
        for name, tally in tallies.items():
            mean = tally.mean(at, loss.quantum)
            why = "" if mean is not None else "no labelled rows of this version yet"
            yield _finding(told.name, told.unit, name, tally.n, mean, why=why)
        for name, pair in pairs.items():
            yield from _compared(told, loss, at, name, pair, asked.champion, 1 - asked.confidence)


def _sides(
    ruler: VersionRuler, labelled: DatasetTally, champion: str, comparison: Comparison | None
) -> tuple[LossTally, Mapping[str, Pair]]:
    if comparison is not None:
        return comparison.champion, comparison.pairs
    counted = labelled.together.get(NAME)
    found = counted if isinstance(counted, VersionTally) else VersionTally({}, 0)
    return of_batch(found, champion, len(ruler.losses))


def _compared(
    told: Compared, loss: Loss, at: int, name: str, pair: Pair, champion: str, alpha: float
) -> Iterator[Finding]:
    rows = min(pair.challenger.n, pair.champion.n)
    finding = partial(_finding, unit=told.unit, label=name, n=rows)
    found = difference(loss, at, pair.challenger, pair.champion, alpha)
    means = [each.mean(at, loss.quantum) for each in pair]
    apart = None if means[0] is None or means[1] is None else means[0] - means[1]
    why = found.why if isinstance(found, Undefined) else ""
    yield finding(f"{told.name}_{DIFFERENCE}", value=apart, why="" if apart is not None else why)
    if isinstance(found, Undefined):
        for measure in (LOWER, UPPER, DECISION):
            yield finding(f"{told.name}_{measure}", value=None, why=why)
        return
    yield finding(f"{told.name}_{LOWER}", value=found.lower)
    yield finding(f"{told.name}_{UPPER}", value=found.upper)
    decision = _decision(found)
    said = _sentence(decision, told, name, champion, found, 1 - alpha)
    yield replace(finding(f"{told.name}_{DECISION}", value=float(decision)), unit="", cause=said)


def _decision(found: Interval) -> int:
    """Give 1 for a challenger that is better, -1 for one that is worse, 0 while neither can be said."""
    return int(found.upper < 0) - int(found.lower > 0)


def _sentence(
    decision: int, told: Compared, name: str, champion: str, found: Interval, confidence: float
) -> str:
    what = {1: "is better than", 0: "may be better or worse than", -1: "is worse than"}[decision]
    between = f"{found.lower:+.4g} to {found.upper:+.4g}"
    said = f"{name} {what} {champion}: {told.title.lower()} {between}"
    return f"{said}, with a confidence of {confidence:.3g} at any time"


def _finding(measure: str, unit: str, label: str, n: int, value: float | None, why: str = "") -> Finding:
    return Finding(
        family=Family.VERSIONS,
        measure=measure,
        label=label,
        value=value,
        unit=unit,
        n=n,
        verdict=Verdict.UNDEFINED if value is None else Verdict.INFO,
        why=why,
    )
