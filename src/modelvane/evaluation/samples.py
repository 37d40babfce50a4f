"""How the sampled rows of the window, as a whole, compare with rows of the reference."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from modelvane.calibration.lines import Alarm
from modelvane.evaluation.round import Round
from modelvane.evaluation.together import NOT_LEARNED, joint_finding, joint_lines, undefined_joint
from modelvane.findings import Finding, Verdict
from modelvane.multivariate.classifier import FEWEST as FEWEST_TO_LEARN
from modelvane.multivariate.classifier import DomainClassifier, most_telling
from modelvane.multivariate.correlation import FEWEST
from modelvane.multivariate.measures import DOMAIN_CLASSIFIER, MEAN_DISCREPANCY
from modelvane.multivariate.sample import RowSample
from modelvane.multivariate.sample_ruler import NAME, SampleRuler
from modelvane.tallies.dataset import DatasetTally

_NAMED = 3
_NO_ROWS = (
    "the reference was built without `multivariate: {classifier: true}`, and has no rows to tell others from"
)
_NO_HABIT = (
    "no usual range: the reference has no times, or is too short for one; beyond noise it is told, and alarms with "
    "`alarm: noise` or a limit only"
)


def sample_findings(this: Round, rows: DatasetTally) -> Iterator[Finding]:
    """Give the mean discrepancy and, where it is asked for, how well a classifier tells the rows apart."""
    ruler, sample = this.reference.row_rulers.get(NAME), rows.together.get(NAME)
    if NAME in this.reference.left_out:
        return
    asked = ((MEAN_DISCREPANCY, FEWEST), (DOMAIN_CLASSIFIER, FEWEST_TO_LEARN))
    for measure, fewest in asked[: 1 + this.settings.multivariate.classifier]:
        if not isinstance(ruler, SampleRuler) or not isinstance(sample, RowSample):
            yield undefined_joint(measure, 0, NOT_LEARNED)
        elif sample.n < fewest:
            yield undefined_joint(measure, sample.n, f"{sample.n} rows; it takes {fewest}")
        elif measure is MEAN_DISCREPANCY:
            yield _mean_discrepancy(this, ruler, sample)
        elif ruler.rows is None:
            yield undefined_joint(measure, sample.n, _NO_ROWS)
        elif sample.different < fewest:
            why = (
                f"{sample.n} rows, that say as much as {sample.different:.0f} which differ; it takes {fewest}"
            )
            yield undefined_joint(measure, sample.n, why)
        else:
            classifier = DomainClassifier(ruler.embedding, ruler.rows, sample.scores, sample.weights)
            yield _now_and_then(this, ruler, sample, classifier)


def _mean_discrepancy(this: Round, ruler: SampleRuler, sample: RowSample) -> Finding:
    floor = ruler.noise_floor(this.level, sample.size)
    lines = joint_lines(this, MEAN_DISCREPANCY, floor, ruler.usual, sample.n)
    return joint_finding(this, MEAN_DISCREPANCY, ruler.discrepancy(sample), lines, sample.n)


def _now_and_then(
    this: Round, ruler: SampleRuler, sample: RowSample, classifier: DomainClassifier
) -> Finding:
    """Measure every so many evaluations; the last value stands until then, and says how old it is."""
    age, before = this.kept.get(DOMAIN_CLASSIFIER.name, (0, None))
    if isinstance(before, Finding) and age < this.settings.multivariate.every:
        this.kept[DOMAIN_CLASSIFIER.name] = age + 1, before
        ago = "1 evaluation" if age == 1 else f"{age} evaluations"
        return replace(before, why="; ".join(filter(None, (f"measured {ago} ago", before.why))))
    found = _classified(this, ruler, sample, classifier)
    this.kept[DOMAIN_CLASSIFIER.name] = 1, found
    return found


def _classified(this: Round, ruler: SampleRuler, sample: RowSample, classifier: DomainClassifier) -> Finding:
    domains = classifier.domains()
    lines = joint_lines(this, DOMAIN_CLASSIFIER, domains.noise_floor(this.level), ruler.usual_auc, sample.n)
    # every stream that breathes can be told from its past: without a usual range that is no alarm
    is_told_alone = lines.threshold is None and lines.usual_range is None
    if is_told_alone:
        lines = replace(lines, why=_NO_HABIT)
    found = joint_finding(this, DOMAIN_CLASSIFIER, domains.auc, lines, sample.n)
    if found.verdict not in (Verdict.ALARM, Verdict.CHANGED):
        return found
    telling = most_telling(classifier.importances(), ruler.columns, _NAMED)
    is_told_alone &= this.settings.alarm is Alarm.USUAL
    return replace(
        found,
        verdict=Verdict.CHANGED if is_told_alone else found.verdict,
        cause=f"given away by {', '.join(telling)}" if telling else "",
    )
