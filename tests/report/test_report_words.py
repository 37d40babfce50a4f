"""What a report says in words and figures, at the ends of what data can be."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pyarrow as pa
import pytest
from msgspec.structs import replace
from tests.browser import sample
from tests.report import samples

from modelvane.batch import judge
from modelvane.calibration.lines import Alarm
from modelvane.engines.counted import Unread
from modelvane.findings import Finding, Findings, Verdict
from modelvane.formatting import THIN, clock_text, span_text
from modelvane.report.cards import cards_of
from modelvane.report.contents import contents_of
from modelvane.report.document import render_report
from modelvane.report.history import Point
from modelvane.report.parts.columns import Moment
from modelvane.report.parts.regression import Heat
from modelvane.report.squares import heat_map
from modelvane.report.strip import strip_of
from modelvane.report.summary import key_figures
from modelvane.report.tables import drift_rows, drifted_of, segment_rows
from modelvane.report.wording import drift_sentence
from modelvane.settings import Settings


def test_the_column_that_drifted_most_is_named_first() -> None:
    """Whoever reads the first name only reads the one that matters most; a fifth is named, not counted."""
    drift = [
        sample.drift(name, value, 0.01, 0.1) for name, value in zip("abcde", (2, 5, 3, 1, 4), strict=True)
    ]
    assert drift_sentence(drift).endswith(": b, e, c, a and d.")
    more = [*drift, sample.drift("f", 0.5, 0.01, 0.1)]
    assert drift_sentence(more).endswith(": b, e, c, a and 2 more.")


def test_what_has_no_lines_is_not_said_to_be_fine() -> None:
    """A value that nothing judges is no verdict: not in the sentence, and not among the columns compared."""
    found = [
        replace(
            sample.drift(name, 0.5, 0.1, None), noise_floor=None, verdict=Verdict.INFO, why="too few rows"
        )
        for name in "ab"
    ]
    assert drift_sentence(found) == "No verdict yet: too few rows."
    assert drifted_of(found) == (0, 0)
    judged = [*found, sample.drift("c", 0.05, 0.1, None)]
    assert drift_sentence(judged) == "No drift in 1 of 3 columns; no verdict on the rest."
    assert drifted_of(judged) == (1, 0)


def test_an_alarm_at_noise_is_measured_in_units_of_the_noise_floor() -> None:
    """Where the noise floor decides alone, the usual range is no line of a finding, on the live page neither."""
    usual = samples.regression()
    noisy = judge(usual.dataset, usual.reference, usual.counted, Settings(alarm=Alarm.NOISE))
    assert all(finding.usual_range is None for finding in noisy.findings)
    zone = next(part for part in contents_of(noisy).columns if part.name == "zone")
    assert usual.findings.get("g_test", "zone").usual_range > zone.finding.noise_floor
    assert zone.times_its_line == pytest.approx(zone.finding.value / zone.finding.noise_floor)
    assert all(row.times_its_line > 1 for row in drift_rows(noisy.findings, ["zone", "distance"]))
    assert "beyond sampling noise" in " ".join(contents_of(noisy).summary)


def test_segments_are_named_in_the_order_of_their_table() -> None:
    """The summary and the table of segments do not contradict each other."""
    judged = samples.regression()
    found = tuple(
        replace(finding, verdict=Verdict.ALARM) if finding.segment is not None else finding
        for finding in judged.findings
    )
    contents = contents_of(replace(judged, findings=replace(judged.findings, findings=found)))
    *names, last = [part.name for part in contents.segments]
    assert len(names) == 3
    assert f"Alarm in 4 segments: {', '.join(names)} and {last}." in contents.summary


def test_a_value_that_does_not_exist_takes_no_verdict_away() -> None:
    """A segment that is fine stays so, in the report and on the live page, where one of its measures has no value."""
    judged = samples.regression(drifts=False)
    found = tuple(
        replace(f, value=None, verdict=Verdict.UNDEFINED, why="no such rows")
        if f.measure == "constant"
        else f
        for f in judged.findings
    )
    findings = replace(judged.findings, findings=found)
    parts = {
        part.name: part.verdict
        for part in contents_of(replace(judged, findings=findings)).segments
        if part.rows
    }
    assert parts == dict.fromkeys(("zone=north", "zone=south", "zone=west"), Verdict.OK)
    rows = {row.name: row.verdict for row in segment_rows(findings, None) if row.rows}
    assert rows == parts


def test_the_figure_counts_the_faults_that_are_listed() -> None:
    """As many faults as the section of quality lists, and how many of them are alarms."""
    contents = contents_of(samples.null_column())
    figures = {
        name: (figure, more) for name, figure, more in key_figures(samples.null_column().findings, (), {})
    }
    alarms = sum(fault.finding.verdict is Verdict.ALARM for fault in contents.faults)
    assert 0 < alarms < len(contents.faults)
    assert figures["Faults of quality"] == (str(len(contents.faults)), f"{alarms} alarms")


def test_bins_that_lie_close_are_told_apart() -> None:
    """Degrees of latitude, or amounts of a million, get as many digits as their limits need."""
    draw = np.random.default_rng(3)
    for values in (draw.normal(40.75, 1e-4, 4000), draw.normal(1e6, 0.01, 4000), draw.normal(0, 1e-6, 4000)):
        shown = sample.numerical("latitude", values, values)
        limits = [label.split(" to ") for label in shown.labels if " to " in label]
        assert limits
        assert all(low != high for low, high in limits)
        assert len(set(shown.ticks)) == len(shown.ticks)


def test_times_beyond_the_calendar_are_told_all_the_same() -> None:
    """Nanoseconds that were read as microseconds give a report, not an error."""
    late = pa.array([2**62, 2**62 + 10**12] * 100, pa.timestamp("us", "UTC"))
    judged = samples.judged(
        pa.table({"time": samples.times(400), "a": np.arange(400.0)}),
        pa.table({"time": late, "a": np.arange(200.0)}),
        name="late",
    )
    assert "year 148" in render_report(judged)
    assert clock_text(-1e14) == "year −3\u202f166\u202f904"
    assert span_text(1e12, 2e12) == "year 33\u202f658 to year 65\u202f347 UTC"


def test_slices_of_years_have_years() -> None:
    """A period of more than a year does not name one day twice."""
    rows = pa.table({"time": samples.times(400, hours=24 * 1000), "a": np.arange(400.0)})
    text = render_report(samples.judged(rows, rows, name="years"))
    assert "<span>1 Jan 2022</span>" in text
    assert "<span>3 Jul 2024</span>" in text


@pytest.mark.parametrize(
    "limits",
    [
        (-1.7e308, -1e308, 0.0, 1e308, 1.7e308),
        (1e17, 1e17),
        (0.0, 0.0),
        (0.0, 5e-324),
        (1.0, 1.0000000000000002),
        (-1e-12, 1e-12, 3e-12),
    ],
)
def test_numbers_of_any_size_have_a_map(limits: tuple[float, ...]) -> None:
    """Every row is within the square, whatever predictions and targets are."""
    bins = len(limits) - 1
    drawn = heat_map(Heat(down=limits, across=limits, counts=((1,) * bins,) * bins))
    assert "nan" not in drawn
    assert "inf" not in drawn
    assert 'class="heat-8"' in drawn


def test_any_number_of_broken_files_makes_a_report_of_bounded_size() -> None:
    """The first are named, the others counted."""
    judged = samples.features()
    broken = tuple(Unread(f"part-{i:05d}.parquet", "it ends before its footer") for i in range(5000))
    text = render_report(replace(judged, counted=replace(judged.counted, unread=broken)))
    assert len(text) < len(render_report(judged)) + 10_000
    assert "part-00000.parquet" in text
    assert "And 4\u202f950 more." in text


def test_a_lag_that_nobody_told_is_not_a_want_of_labels() -> None:
    """A table has its targets and says not since when; only one without targets has no labels yet."""
    assert samples.classes().findings.get("label_lag").why == "no label says when it became known"
    assert samples.empty().findings.get("label_lag").why == "no labels yet"


def test_causes_cut_long_categories() -> None:
    """Free text that was taken for categories does not fill an alert."""
    texts = [f"{i} " + "word " * 2000 for i in range(4)]
    tables = [pa.table({"comment": [texts[first + i % 3] for i in range(600)]}) for first in (0, 1)]
    found = samples.judged(*tables, name="comments", categorical=["comment"]).findings
    causes = [finding.cause for finding in found if "word" in finding.cause]
    assert len(causes) == 2
    assert max(map(len, causes)) < 400


def test_no_rows_are_no_verdict() -> None:
    """That nothing is missing from no rows makes none of them good; an alarm stays one."""
    findings = samples.empty().findings
    assert findings.verdict is Verdict.UNDEFINED
    assert findings.to_dict()["verdict"] == "undefined"
    stale = replace(findings.findings[0], verdict=Verdict.ALARM)
    assert replace(findings, findings=(stale,)).verdict is Verdict.ALARM


def test_names_of_any_length_are_cut_in_sentences() -> None:
    """A column's name does not make a sentence unreadable."""
    found: Finding = sample.drift("x" * 500, 1.0, 0.01, 0.1)
    assert len(drift_sentence([found])) < 200


def test_a_line_of_0_is_told_as_that_and_what_is_above_it_comes_first() -> None:
    """A column that never varied has no height in units of its line: 0 of it, or beyond it by any factor."""
    quiet, loud = (sample.drift(name, value, 0.0, 0.0) for name, value in (("quiet", 0.0), ("loud", 0.2)))
    found = Findings("taxi", 1.0, 1, 0, (sample.drift("far", 9.0, 0.1, 0.2), quiet, loud))
    rows = drift_rows(found, ["far", "quiet", "loud"])
    assert [row.finding.column for row in rows] == ["loud", "far", "quiet"]
    assert [row.times_its_line for row in rows] == [math.inf, pytest.approx(45.0), 0.0]
    assert all(row.bar is not None and "inf" not in row.bar for row in rows)
    judged = contents_of(samples.regression())
    for finding, shown, said, against in (
        (loud, "99+", "Alarm, 0.200; its line is 0", "0.200; any above 0 is an alarm"),
        (quiet, "0.0", "OK, 0, 0 % of its line", "0; any above 0 is an alarm"),
    ):
        times = Point.of(finding, 0.0).times_its_line
        moment = Moment(value=finding.value, times_its_line=times, verdict=finding.verdict)
        part = dataclasses.replace(
            judged.columns[0], finding=finding, times_its_line=times, moments=(moment,)
        )
        ((_, (cell,)),) = strip_of([part], judged.slices[:1], "").rows
        assert (cell.text, cell.told.split(": ", 1)[1].replace(THIN, " ")) == (shown, said)
        assert cards_of([part], {}, {})[0].against.replace(THIN, " ") == against
