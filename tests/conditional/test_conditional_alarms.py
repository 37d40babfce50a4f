"""When a column given others alarms, and when it does not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conditional.trips import NAMES, found, of, reference, rows

from modelvane.conditional import NAME, ConditionalRuler
from modelvane.conditional.shift import shift_of
from modelvane.conditional.tally import ConditionalTally
from modelvane.findings import Verdict
from modelvane.reference import Reference
from modelvane.table import Table

WINDOWS = 400


def test_a_scaled_column_is_found_where_the_mix_did_not_change() -> None:
    """Distances times 1.15 alarm in 500 rows of a stream whose zones go up and down, and the cause names the zones."""
    known = reference(breathing=0.6)
    for seed in range(3):
        finding = of(found(rows(10 + seed, 500, factor=1.15, breathing=0.6), known))
        assert finding.verdict is Verdict.ALARM
        assert finding.usual_range is not None
        assert "higher given" in finding.cause
        assert "start" in finding.cause


def test_another_mix_alone_is_no_conditional_drift() -> None:
    """Three of four rows begin at the edge: distances drift, and given the zones they do not."""
    for seed in range(5):
        findings = found(rows(20 + seed, 2000, east=0.75))
        drift = findings.get("kolmogorov_smirnov", "distance")
        assert drift is not None
        assert drift.verdict is Verdict.ALARM
        assert of(findings).verdict is Verdict.OK


@pytest.mark.parametrize("n", [40, 300, 2000])
def test_rows_like_the_references_exceed_the_noise_floor_as_often_as_is_said(n: int) -> None:
    """Of 400 windows at a level of 1 % four are expected beyond, and no more than chance makes of them."""
    known = reference()
    ruler, before = _ruler(known), known.tally.together[NAME]
    assert isinstance(before, ConditionalTally)
    beyond = 0
    for seed in range(WINDOWS):
        current = ruler.count(known.encode(Table.of(rows(1000 + seed, n))))
        shift = shift_of(ruler.relations["distance"], ruler.cells["distance"], before, current)
        assert shift is not None
        beyond += abs(shift.mean) > shift.floor(0.01)
    assert beyond <= 11


def test_a_limit_of_a_column_takes_the_place_of_lines() -> None:
    """`distance.conditional_drift` is a limit, whatever the noise."""
    finding = of(found(rows(30, 500), thresholds={"distance.conditional_drift": 0.0001}))
    assert (finding.verdict, finding.threshold, finding.noise_floor) == (Verdict.ALARM, 0.0001, None)


def test_a_prediction_that_moves_for_the_same_inputs_is_found() -> None:
    """A model that adds a tenth to its predictions alarms, and its inputs do not."""
    data = rows(0, 6000)
    known = Reference.of({**data, "prediction": [3 * each + 2 for each in data["distance"]]}, time="at")
    now = rows(31, 1000)
    findings = found({**now, "prediction": [1.1 * (3 * each + 2) for each in now["distance"]]}, known)
    assert of(findings, "prediction").verdict is Verdict.ALARM
    assert of(findings, "distance").verdict is Verdict.OK
    assert "prediction" not in _ruler(known).relations["distance"].given


def test_what_other_columns_tell_exactly_has_noise_all_the_same() -> None:
    """Of a column that follows from others without exception, one exception in 1000 rows is no alarm; a hundred are."""
    data = rows(0, 6000)
    known = Reference.of({**data, "fee": _fees(data).tolist()}, time="at")
    now = rows(32, 1000)
    for wrong, verdict in ((1, Verdict.OK), (100, Verdict.ALARM)):
        fees = _fees(now)
        fees[:wrong] = fees.max()
        finding = of(found({**now, "fee": fees.tolist()}, known), "fee")
        assert finding.verdict is verdict


def test_a_reference_without_times_has_noise_alone() -> None:
    """Rows in no order say nothing of what is usual: the finding says so, and noise is what alarms."""
    data = rows(0, 4000)
    del data["at"]
    finding = of(found({**rows(33, 800, factor=1.2)}, Reference.of(data)))
    assert finding.usual_range is None
    assert "no usual range" in finding.why
    assert finding.verdict is Verdict.ALARM


def _ruler(known: Reference) -> ConditionalRuler:
    ruler = known.row_rulers[NAME]
    assert isinstance(ruler, ConditionalRuler)
    return ruler


def _fees(data: dict[str, list[str]]) -> NDArray[np.float64]:
    starts, ends = (np.array([NAMES.index(name) for name in data[each]]) for each in ("start", "end"))
    return 0.25 + 1.5 * starts + 0.1 * ends
