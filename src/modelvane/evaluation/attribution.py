"""What the features contribute to the predictions, and whether the order of their weight is what it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from modelvane.attribution.ruler import NAME, AttributionRuler, SampledRuler
from modelvane.attribution.statistics import BY_FEATURE, COVERAGE, OF_ROWS, RANK_DISTANCE, OfFeature, Pair
from modelvane.attribution.tally import ContributionTally
from modelvane.calibration.lines import Lines
from modelvane.evaluation.performance import judged
from modelvane.evaluation.round import Judgement, Round, measured
from modelvane.findings import Family, Finding, Verdict
from modelvane.formatting import share_text
from modelvane.tallies.dataset import DatasetTally
from modelvane.undefined import Undefined

_NAMED = 3


def attribution_findings(this: Round, rows: DatasetTally) -> Iterator[Finding]:
    """Give how many rows have contributions, the distance of their order, and their means by feature."""
    ruler = this.reference.row_rulers.get(NAME)
    found = rows.together.get(NAME)
    if not isinstance(ruler, AttributionRuler | SampledRuler) or NAME in this.reference.left_out:
        return
    counted = ruler.nothing() if found is None else found
    current = ruler.contributions_of(counted)
    if isinstance(current, Undefined):
        yield from (_unknown(each.name, each.unit, current.why, rows.rows) for each in OF_ROWS)
        return
    pair = Pair(ruler.known(this.reference.tally.together[NAME]), current)
    behind = ruler.rows_behind(counted)
    n = pair.current.complete
    for finding in measured(
        this,
        Family.ATTRIBUTION,
        COVERAGE,
        pair.current,
        pair.reference,
        column=None,
        segment=None,
        n=pair.current.n,
    ):
        yield judged(this, finding, COVERAGE.better)

    def judge(_measure: str, value: float) -> Judgement:
        return _of_order(this, ruler, pair, behind, value)

    yield from measured(
        this, Family.ATTRIBUTION, RANK_DISTANCE, pair, None, column=None, segment=None, n=n, judge=judge
    )
    for at, feature in enumerate(pair.reference.scale.features):
        known, now = (OfFeature(each.sums[at], each.scale.quanta[at]) for each in pair)
        for statistic in BY_FEATURE:
            yield from measured(
                this,
                Family.ATTRIBUTION,
                statistic,
                now,
                known,
                column=feature,
                segment=None,
                n=now.sums.n,
            )


def _unknown(measure: str, unit: str, why: str, n: int) -> Finding:
    return Finding(
        family=Family.ATTRIBUTION, measure=measure, unit=unit, n=n, verdict=Verdict.UNDEFINED, why=why
    )


def _of_order(
    this: Round, ruler: AttributionRuler | SampledRuler, pair: Pair, n: int, value: float
) -> Judgement:
    lines = _lines(this, ruler, pair, n).asked_by(this.settings.alarm)
    before = this.verdict_before(RANK_DISTANCE.name, None, None)
    verdict = lines.verdict(value, this.settings.alarm, before)
    cause = _cause(pair) if verdict in (Verdict.ALARM, Verdict.CHANGED) else ""
    return Judgement(lines.noise_floor, lines.usual_range, lines.threshold, verdict, cause, lines.why)


def _lines(this: Round, ruler: AttributionRuler | SampledRuler, pair: Pair, n: int) -> Lines:
    limit = this.threshold(RANK_DISTANCE.name, None)
    if limit is not None:
        return Lines(threshold=limit)
    means = pair.reference.mean_sizes()
    if ruler.noise is None or means is None:
        return Lines(why="no lines: too few rows of the reference have contributions")
    lines = Lines(ruler.noise.floor(means, this.level, n))
    if ruler.habit is None:
        return replace(lines, why=ruler.why_no_habit)
    return replace(lines, usual_range=ruler.habit.exceeded_with(this.level, n))


def _cause(pair: Pair) -> str:
    """Name the features whose share of all contributions moved most, with their ranks."""
    before, now = (_shares(each) for each in pair)
    ranks_before, ranks_now = (np.argsort(np.argsort(-each, kind="stable")) + 1 for each in (before, now))
    moved = [
        f"{pair.reference.scale.features[at]} is number {ranks_now[at]}, was {ranks_before[at]}"
        f" ({share_text(now[at], 0)} of all contributions, was {share_text(before[at], 0)})"
        for at in np.argsort(-np.abs(now - before), kind="stable").tolist()
        if ranks_now[at] != ranks_before[at]
    ]
    return ", ".join(moved[:_NAMED])


def _shares(tally: ContributionTally) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    sizes = tally.mean_sizes()
    assert sizes is not None  # noqa: S101 - there is a distance, so every feature has contributions
    return np.asarray(sizes / (sizes.sum() or 1.0), np.float64)
