"""What a recommender serves."""

from __future__ import annotations

from collections.abc import Iterator

from modelvane.evaluation.performance import judged
from modelvane.evaluation.round import Round, measured, parts_of
from modelvane.findings import Family, Finding
from modelvane.statistics.recommendation import RECOMMENDATION
from modelvane.tallies.dataset import DatasetTally


def recommendation_findings(this: Round, rows: DatasetTally) -> Iterator[Finding]:
    """Describe the answers of the window, all and by segment; nothing for other tasks."""
    ruler = this.reference.counter.recommendation
    if ruler is None:
        return
    for segment, part, reference in parts_of(this, rows):
        current = ruler.tally(part)
        beside = None if reference is None else ruler.tally(reference)
        for statistic in RECOMMENDATION:
            found = measured(
                this,
                Family.RECOMMENDATION,
                statistic,
                current,
                beside,
                column=None,
                segment=segment,
                n=current.answers.lists,
            )
            for finding in found:
                yield judged(this, finding, statistic.better)
