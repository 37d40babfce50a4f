"""What a report says is what was counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs
from tests.report import samples

from modelvane.engines.counted import Unread
from modelvane.findings import Verdict
from modelvane.report.contents import contents_of
from modelvane.report.parts import classification
from modelvane.report.parts.columns import ColumnPart, first_alarms
from modelvane.report.summary import opening


def column(name: str) -> ColumnPart:
    """Give a column of the drifting trips."""
    return next(part for part in contents_of(samples.regression()).columns if part.name == name)


def test_one_sees_when_a_change_began() -> None:
    """Before the middle of the period no slice of the changed column alarms, from it on every one does."""
    zone = column("zone")
    verdicts = [moment.verdict for moment in zone.moments]
    assert verdicts == [Verdict.OK] * 6 + [Verdict.ALARM] * 6
    assert zone.first_alarm == samples.BEGIN + 120 * samples.HOUR
    assert zone.alarms == 6


def test_an_alarm_is_above_its_line_in_every_slice() -> None:
    """Wherever there is a line, a value above it and nothing else is an alarm."""
    parts = [part for part in contents_of(samples.regression()).columns for part in part.moments]
    judged = [part for part in parts if part.times_its_line is not None]
    assert len(judged) == 72
    assert all((part.times_its_line > 1) == (part.verdict is Verdict.ALARM) for part in judged)


def test_the_first_alarm_is_the_earliest() -> None:
    """Of the columns that alarm the one whose slices alarmed first comes first; one that is fine now is not told."""
    zone = column("zone")
    later = replace(zone, name="later", first_alarm=zone.first_alarm + samples.HOUR)
    over = replace(
        zone, name="over", first_alarm=0.0, finding=structs.replace(zone.finding, verdict=Verdict.OK)
    )
    assert list(first_alarms((later, zone, over))) == ["zone", "later"]


def test_what_made_a_change_is_named_first() -> None:
    """The category that the reference does not have is the largest part of the change, and has become more."""
    first = column("zone").contributions[0]
    assert (first.label, first.reference) == ("not in reference", 0.0)
    assert first.part > 0.5
    parts = [abs(one.part) for one in column("distance").contributions]
    assert parts == sorted(parts, reverse=True)
    assert 0 < sum(parts) <= 1


def test_the_gap_is_the_distance() -> None:
    """The two shares at the place where the distributions are farthest apart differ by the finding's value."""
    distance = column("distance")
    assert distance.gap is not None
    assert abs(distance.gap.reference - distance.gap.current) == pytest.approx(distance.finding.value)
    table = samples.regression_rows(3000, 2, drifts=True)
    for name in ("distance", "passengers"):
        gap = column(name).gap
        assert gap is not None
        rows = table[name].to_numpy()
        below = rows <= gap.at if gap.inclusive else rows < gap.at
        assert below.mean() == pytest.approx(gap.current)


def test_faults_come_with_their_rows_and_examples() -> None:
    """Missing values are counted exactly; unseen categories are named with their rows."""
    faults = {(f.finding.column, f.finding.measure): f for f in contents_of(samples.regression()).faults}
    missing = faults["fare", "missing_share"]
    assert (missing.rows, missing.of) == (75, 3000)
    unseen = faults["zone", "unseen_share"]
    harbour = samples.regression_rows(3000, 2, drifts=True)["zone"].to_pylist().count("harbour")
    assert unseen.examples == (("harbour", harbour),)
    assert unseen.rows == harbour


def test_a_fault_of_no_column_says_what_it_is() -> None:
    """A column that the batch lacks altogether is named."""
    faults = {(f.finding.column, f.finding.measure): f for f in contents_of(samples.null_column()).faults}
    assert faults[None, "missing_columns"].note == "c"
    assert faults["b", "missing_share"].rows == 300


def test_values_out_of_range_are_told_with_both_ranges() -> None:
    """The smallest and the largest value stand beside those of the reference."""
    faults = {f.finding.measure: f for f in contents_of(samples.hostile()).faults}
    assert "in the reference from" in faults["out_of_range_share"].note


def test_predictions_against_targets_hold_every_labelled_row() -> None:
    """The heat map counts each row that has both, once, within limits that ascend."""
    part = contents_of(samples.regression()).performance
    assert part is not None
    assert part.regression is not None
    heat = part.regression.heat
    assert heat is not None
    assert sum(map(sum, heat.counts)) == 2400
    assert (len(heat.down), len(heat.across)) == (len(heat.counts) + 1, len(heat.counts[0]) + 1)
    assert list(heat.down) == sorted(heat.down)
    assert list(heat.across) == sorted(heat.across)


def test_estimation_groups_are_those_of_the_findings() -> None:
    """Shares and mean errors of the groups are the values that the findings carry, on both sides."""
    judged = samples.regression()
    part = contents_of(judged).performance
    assert part is not None
    assert part.regression is not None
    assert [group.name for group in part.regression.groups] == ["under", "majority", "over"]
    for group in part.regression.groups:
        share = judged.findings.get("estimation_group_share", label=group.name)
        error = judged.findings.get("estimation_group_mean_error", label=group.name)
        assert share is not None
        assert error is not None
        assert (group.reference_share, group.current_share) == (share.reference, share.value)
        assert (group.reference_mean_error, group.current_mean_error) == (error.reference, error.value)


def test_the_confusion_matrix_gives_the_accuracy() -> None:
    """Its diagonal over its sum is the accuracy, on both sides."""
    judged = samples.classes()
    part = contents_of(judged).performance
    accuracy = judged.findings.get("accuracy")
    assert part is not None
    assert part.confusion is not None
    assert accuracy is not None
    for matrix, expected in (
        (part.confusion.current, accuracy.value),
        (part.confusion.reference, accuracy.reference),
    ):
        counts = np.array(matrix)
        assert np.trace(counts) / counts.sum() == pytest.approx(expected)


def test_many_classes_are_merged_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the most frequent classes there is one for all others, and the sums stay."""
    whole = classification.confusion_part(samples.classes())
    monkeypatch.setattr(classification, "MOST_CLASSES", 2)
    merged = classification.confusion_part(samples.classes())
    assert whole is not None
    assert merged is not None
    assert merged.labels == ("iris", "rose", "all others")
    assert np.array(merged.current).sum() == np.array(whole.current).sum()
    assert merged.current[0][0] == whole.current[0][0]


def test_the_area_under_the_curve_is_the_measure() -> None:
    """The trapezoids under the drawn ROC curve have the area that the findings say, on both sides."""
    judged = samples.binary()
    part = contents_of(judged).performance
    auc = judged.findings.get("roc_auc")
    assert part is not None
    assert auc is not None
    (curves,) = part.curves
    assert curves.label == "1"
    for side, expected in ((curves.current, auc.value), (curves.reference, auc.reference)):
        assert side is not None
        x, y = np.array(side.roc).T
        assert np.trapezoid(y, x) == pytest.approx(expected, abs=0.005)
        assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
        assert side.precision_recall[-1][0] == 1
        assert len(side.roc) <= 202


def test_calibration_bins_give_the_calibration_error() -> None:
    """Rows, mean scores and shares of the bins are those behind the expected calibration error."""
    judged = samples.binary()
    part = contents_of(judged).performance
    error = judged.findings.get("expected_calibration_error")
    assert part is not None
    assert error is not None
    side = part.curves[0].current
    assert side is not None
    off = sum(one.rows * abs(one.score - one.share) for one in side.calibration) / 3000
    assert off == pytest.approx(error.value, abs=1e-6)


def test_each_scored_class_has_its_curves() -> None:
    """With a column of probabilities per class, each class is held against the rest."""
    part = contents_of(samples.probabilities()).performance
    assert part is not None
    assert {one.label for one in part.curves} == {"low", "middle", "high"}


def test_segments_carry_their_performance() -> None:
    """Each segment has its rows, and its error is the one that the findings say."""
    judged = samples.regression()
    segments = {part.name: part for part in contents_of(judged).segments}
    assert sum(part.rows for part in segments.values()) == 3000
    assert sum(part.labelled for part in segments.values()) == 2400
    south = {(f.measure, f.label): f.value for f in segments["zone=south"].performance}
    found = judged.findings.get("mean_absolute_error", segment="zone=south")
    assert found is not None
    assert south["mean_absolute_error", None] == found.value
    assert ("estimation_group_share", "over") in south


def test_the_summary_is_for_whoever_has_to_decide() -> None:
    """It says that something changed, what, since when, how good the predictions are, and on how many rows."""
    said = " ".join(contents_of(samples.regression()).summary)
    assert said.startswith("The data has changed, beyond what this stream usually does.")
    assert "3 of 6 columns changed" in said
    assert "the first alarm is that of zone, at 6 Jan 2022, 00:00." in said
    assert "Mean absolute error is 2.01, 14.1\u202f% higher than in the reference (1.76)" in said
    assert "on the 80.0\u202f% of rows whose truth is known" in said
    assert "Alarm in 3 segments: zone=north, zone=south and zone=west." in said


@pytest.mark.parametrize(
    ("judged", "verdict", "opening"),
    [
        (samples.features, Verdict.OK, "Nothing unusual."),
        (samples.empty, Verdict.UNDEFINED, "There are no rows to judge."),
        (samples.null_column, Verdict.ALARM, "The data has faults that somebody should look at."),
        (samples.classes, Verdict.ALARM, "The data has changed, and not by chance."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_opening_fits_the_verdict(judged, verdict, opening) -> None:
    """No rows are no verdict; faults of quality are not called drift; without a habit, chance is what is exceeded."""
    contents = contents_of(judged())
    assert contents.verdict is verdict
    assert contents.summary[0] == opening


def test_an_alarm_of_a_segment_alone_is_not_one_of_the_whole() -> None:
    """The opening sends the reader to the segments."""
    findings = samples.features().findings
    alarmed = structs.replace(findings.findings[0], verdict=Verdict.ALARM, segment="b=x")
    assert (
        opening(structs.replace(findings, findings=(alarmed,)))
        == "Something is off in some segments, not in the whole."
    )


def test_an_alarm_on_an_empty_period_stays_one() -> None:
    """Only what is fine for want of rows becomes no verdict."""
    findings = samples.empty().findings
    alarmed = structs.replace(findings.findings[0], verdict=Verdict.ALARM)
    assert findings.verdict is Verdict.UNDEFINED
    assert structs.replace(findings, findings=(alarmed,)).verdict is Verdict.ALARM


def test_a_ratio_is_compared_in_points() -> None:
    """A percentage of a percentage would be misread."""
    assert (
        "23.9 points lower than in the reference (92.8\u202f%)" in contents_of(samples.classes()).summary[-1]
    )


def test_what_was_computed_is_said() -> None:
    """Source, hash, reference, budget, methods and versions are those of the run."""
    judged = samples.regression()
    contents = contents_of(judged)
    assert contents.source.name == "trips.parquet"
    assert contents.source.digest == judged.counted.provenance.digest
    assert contents.reference.digest == judged.reference.digest
    assert contents.settings.methods == {"numerical": ("kolmogorov_smirnov",), "categorical": ("g_test",)}
    assert contents.settings.level == pytest.approx(0.001 / (6 * 4 * 10))
    assert set(contents.versions) == {"modelvane", "python", "numpy", "scipy", "pyarrow"}


def test_what_could_not_be_read_is_said() -> None:
    """A broken file is named with its reason."""
    judged = samples.features()
    counted = structs.replace(judged.counted, unread=(Unread("part-3.parquet", "it ends before its footer"),))
    (unread,) = contents_of(structs.replace(judged, counted=counted)).source.unread
    assert (unread.where, unread.why) == ("part-3.parquet", "it ends before its footer")


def test_a_small_reference_judges_a_large_batch() -> None:
    """A batch larger than its reference has a report with a verdict on every column."""
    judged = samples.judged(
        samples.regression_rows(400, 1, drifts=False),
        samples.regression_rows(4000, 2, drifts=False),
        name="more",
        categorical=["zone"],
        numerical=["distance", "fare", "passengers"],
    )
    contents = contents_of(judged)
    assert len(contents.columns) == 6
    assert all(part.finding.noise_floor is not None for part in contents.columns)
