"""What is known after a restart."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from starlette.testclient import TestClient
from tests.service.serving import (
    labelled_rows,
    reference_rows,
    served,
    service_of,
    settings,
    trip,
    truth,
    watch_of,
)

from modelvane.errors import ModelvaneError
from modelvane.findings import Findings, Verdict
from modelvane.monitor import Monitor
from modelvane.reference import Reference
from modelvane.service.background import Evaluator
from modelvane.service.watch import Watch
from modelvane.settings import Settings, Window
from modelvane.store import Snapshot, open_log
from modelvane.table import Table

LABELS = "/v1/datasets/taxi/labels"
ROWS_WINDOW: dict[str, Any] = {"window": {"rows": 200}}
TIME_WINDOW: dict[str, Any] = {"window": {"rows": 200, "seconds": 600, "panes": 10}}
MOVING: dict[str, Any] = {"reference_period": "moving", "reference_windows": 3, "horizon": 1000}
MOVING_ROWS: dict[str, Any] = {"window": {"rows": 40}, **MOVING}
MOVING_TIME: dict[str, Any] = {"window": {"rows": 40, "seconds": 150, "panes": 10}, **MOVING}
# of the moment, not of the rows
RATES = {"last_row_age", "rows_per_second"}


def values(found: Findings) -> dict[tuple[Any, ...], Any]:
    return {
        finding.key: (finding.value, finding.n, finding.verdict, finding.cause, finding.why)
        for finding in found
        if finding.measure not in RATES
    }


def post(client: TestClient, path: str, body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def labels_late(client: TestClient) -> None:
    """Labels after their rows, in another order, some never, in several batches."""
    for start in range(0, 600, 50):
        rows = [trip(n, shift=2.0) | {"id": n} for n in range(start, start + 50)]
        post(client, "/iterate/taxi", rows)
    order = random.Random(1).sample(range(600), 450)  # noqa: S311 - made-up trips
    for start in range(0, 450, 30):
        body = [{"id": n, "target": truth(n)} for n in order[start : start + 30]]
        post(client, LABELS, body)


def labels_changed(client: TestClient) -> None:
    """Labels that are repeated and corrected."""
    post(client, "/iterate/taxi", [trip(n) | {"id": n} for n in range(150)])
    post(client, LABELS, [{"id": n, "target": truth(n)} for n in range(0, 150, 2)])
    post(client, LABELS, [{"id": n, "target": truth(n)} for n in range(20)])
    post(client, LABELS, [{"id": n, "target": truth(n) + 30} for n in range(40, 60)])


def labels_early(client: TestClient) -> None:
    """Labels before their rows."""
    post(client, LABELS, [{"id": n, "target": truth(n)} for n in range(100)])
    for n in range(0, 120, 10):
        post(client, "/iterate/taxi", [trip(i) | {"id": i} for i in range(n, n + 10)])


def targets_in_rows(client: TestClient) -> None:
    """Rows that carry their target, as in 2022, without ids, and more than the windows hold."""
    for n in range(0, 500, 20):
        post(client, "/iterate/taxi", [trip(i, target=i % 3 > 0) for i in range(n, n + 20)])


def targets_and_labels(client: TestClient) -> None:
    """Targets in rows, of which labels correct some."""
    post(client, "/iterate/taxi", [trip(n, target=n % 2 == 0) | {"id": n} for n in range(120)])
    post(client, LABELS, [{"id": n, "target": truth(n) + 5} for n in range(50)])


def all_at_once(client: TestClient) -> None:
    """Targets late, early, in rows and corrected, in turns: many times what the performance window holds."""
    chance = random.Random(2)  # noqa: S311 - made-up trips
    for n in range(0, 300, 10):
        rows = [trip(i, target=chance.random() < 0.2) | {"id": i} for i in range(n, n + 10)]
        post(client, "/iterate/taxi", rows)
        told = [chance.randrange(n + 15) for _ in range(12)]
        post(client, LABELS, [{"id": i, "target": truth(i) + chance.choice([0.0, 7.0])} for i in told])


def single_rows(client: TestClient) -> None:
    """Single rows, which the monitor holds as Python values for a while; broken values, unseen categories."""
    for n in range(80):
        row = trip(n) | {"id": n, "zone": "999" if n % 7 < 3 else "74"}
        post(client, "/iterate/taxi", row | {"trip_distance": "far" if n % 9 == 0 else row["trip_distance"]})


def odd_columns(client: TestClient) -> None:
    """Duplicates, columns too many and columns that are lacking."""
    post(client, "/iterate/taxi", [trip(n) | {"id": n, "colour": "red"} for n in range(30)])
    post(client, "/iterate/taxi", [trip(n) | {"id": n} for n in range(20, 50)])
    post(client, "/iterate/taxi", [{"zone": "74", "prediction": 1.0}] * 3)


SCENARIOS = [
    labels_late,
    labels_changed,
    labels_early,
    targets_in_rows,
    targets_and_labels,
    single_rows,
    odd_columns,
]


def difference(after: Findings, before: Findings, ignored: frozenset[str] = frozenset()) -> dict[Any, Any]:
    one, other = values(after), values(before)
    return {
        key: (one.get(key), other.get(key))
        for key in one.keys() | other.keys()
        if one.get(key) != other.get(key) and key[0] not in ignored
    }


FEW_ROWS: dict[str, Any] = {"window": {"rows": 40}}


@pytest.mark.parametrize(
    ("scenario", "window", "ignored"),
    [
        *(
            (scenario, FEW_ROWS, frozenset())
            for scenario in (labels_late, labels_changed, targets_and_labels, all_at_once)
        ),
        *((scenario, ROWS_WINDOW, frozenset()) for scenario in SCENARIOS),
        # panes have counted their rows, with the first of their targets; the log knows the latest
        *(
            (scenario, TIME_WINDOW, frozenset())
            for scenario in SCENARIOS
            if scenario not in (targets_and_labels, labels_changed)
        ),
        *(
            (scenario, window, frozenset())
            for scenario in (labels_late, labels_early, targets_in_rows)
            for window in (MOVING_ROWS, MOVING_TIME)
        ),
    ],
)
def test_findings_after_a_restart(
    reference: Path, tmp_path: Path, scenario: Any, window: dict[str, Any], ignored: frozenset[str]
) -> None:
    """After a restart the findings are those before: values, verdicts, causes, whatever came in whatever order."""
    plain = settings(reference, **window)
    with served(plain, tmp_path) as client:
        scenario(client)
        before = watch_of(client).latest().findings
    with served(plain, tmp_path) as client:
        after = watch_of(client).latest().findings
        assert difference(after, before, ignored) == {}
        assert (after.rows, after.labelled) == (before.rows, before.labelled)
        assert before.rows


def test_an_alarm_that_holds(reference: Path, tmp_path: Path) -> None:
    """An alarm that lasts because its value is not clearly below the line lasts across a restart, too."""
    plain = settings(reference, thresholds={"trip_distance": 0.5}, **ROWS_WINDOW)
    with served(plain, tmp_path) as client:
        watch = watch_of(client)
        post(client, "/iterate/taxi", [trip(n, shift=20.0) for n in range(150)])
        assert watch.latest().findings.get("kolmogorov_smirnov", "trip_distance").verdict is Verdict.ALARM
        # a value between the line and where an alarm ends
        n = 0
        while (value := watch.latest().findings.get("kolmogorov_smirnov", "trip_distance").value) > 0.495:
            post(client, "/iterate/taxi", trip(1000 + n))
            n += 1
        before = watch.latest().findings.get("kolmogorov_smirnov", "trip_distance")
        assert (before.verdict, value < 0.5) == (Verdict.ALARM, True)
    with served(plain, tmp_path) as client:
        after = watch_of(client).latest().findings.get("kolmogorov_smirnov", "trip_distance")
        assert (after.value, after.verdict) == (value, Verdict.ALARM)


def test_verdicts_are_kept_when_they_turn(client: TestClient) -> None:
    """A verdict that turns is in the log without waiting for the service to stop."""
    post(client, "/iterate/taxi", [trip(n, shift=20.0) for n in range(150)])
    watch_of(client).latest()
    # what keeps them has one thread, so what it is given next is done after them
    service_of(client)._keeper.submit(lambda: None).result()
    service_of(client).writer.call(lambda _log: None).result()
    kept = watch_of(client)._log.load_snapshot("taxi")
    assert kept is not None
    assert b"kolmogorov_smirnov" in kept.state


def test_an_empty_log(reference: Path, tmp_path: Path) -> None:
    """A service that never had a row starts twice, and says why there are no values."""
    for _ in range(2):
        with served(settings(reference), tmp_path) as client:
            found = watch_of(client).latest().findings
            assert found.rows == 0
            assert all(finding.why for finding in found if finding.family == "drift")


def test_history_after_a_restart(reference: Path, tmp_path: Path) -> None:
    """The findings over time are still there."""
    with served(settings(reference), tmp_path) as client:
        post(client, "/iterate/taxi", [trip(n) for n in range(50)])
        service_of(client).upkeep.keep()
        before = client.get("/v1/datasets/taxi/history").json()
        assert len(before) == 1
    with served(settings(reference), tmp_path) as client:
        assert client.get("/v1/datasets/taxi/history").json() == before


def test_datasets_come_and_go(reference: Path, tmp_path: Path) -> None:
    """A dataset that is added starts empty; one that is removed is 404, and has its rows when it is back."""
    one = settings(reference)
    two = settings(reference)
    two["datasets"]["other"] = two["datasets"]["taxi"]
    with served(one, tmp_path) as client:
        post(client, "/iterate/taxi", [trip(1)])
    with served(two, tmp_path) as client:
        post(client, "/iterate/other", [trip(2)])
        assert watch_of(client).latest().findings.rows == 1
        assert watch_of(client, "other").latest().findings.rows == 1
    with served(one, tmp_path) as client:
        assert client.post("/iterate/other", json=[trip(2)]).status_code == 404
        assert client.get("/v1/datasets").json()[0]["rows"] == 0
    with served(two, tmp_path) as client:
        assert watch_of(client, "other").latest().findings.rows == 1


def test_another_reference(reference: Path, tmp_path: Path) -> None:
    """With a new reference, of other columns, the same rows are measured against that one."""
    mine = shutil.copy(reference, tmp_path / "mine.mv")
    plain = settings(mine)
    with served(plain, tmp_path) as client:
        post(client, "/iterate/taxi", [trip(n) | {"id": n, "speed": 20.0 + n} for n in range(60)])
        post(client, LABELS, [{"id": n, "target": truth(n)} for n in range(30)])
        assert watch_of(client).latest().findings.get("kolmogorov_smirnov", "speed") is None
    rows = [row | {"speed": 20.0 + n % 60} for n, row in enumerate(reference_rows(500))]
    for row in rows:
        del row["trip_distance"]
    Reference.of(rows, categorical=["zone"], numerical=["speed"]).save(mine)
    with served(plain, tmp_path) as client:
        found = watch_of(client).latest().findings
        assert (found.rows, found.labelled) == (60, 30)
        assert found.get("mean", "speed").value == pytest.approx(49.5)
        assert found.get("unexpected_columns").cause == "trip_distance"


def test_a_snapshot_of_another_version(reference: Path, tmp_path: Path) -> None:
    """A snapshot that this version cannot use is left: the rows are what counts."""
    with served(settings(reference), tmp_path) as client:
        post(client, "/iterate/taxi", [trip(1)])
    with open_log(f"sqlite:///{tmp_path / 'modelvane.db'}") as log:
        log.open("taxi", Reference.load(reference).schema)
        log.save_snapshot("taxi", Snapshot(b'{"kolmogorov_smirnov": "alarm"}', 1, 0))
    with served(settings(reference), tmp_path) as client:
        assert watch_of(client).latest().findings.rows == 1


def test_one_dataset_that_fails_keeps_no_other_from_being_kept(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept from time to time is kept of every dataset whose evaluation works; /readyz names the other."""
    plain = settings(reference)
    plain["datasets"]["other"] = plain["datasets"]["taxi"]
    with served(plain, tmp_path) as client:
        for name in ("taxi", "other"):
            post(client, f"/iterate/{name}", [trip(n) for n in range(50)])

        def broken() -> Any:
            raise RuntimeError("broken beyond words")

        monkeypatch.setattr(watch_of(client, "taxi").monitor, "measure", broken)
        service = service_of(client)
        service.upkeep.keep()
        assert len(service.log.read_findings("other")) == 1
        assert "findings of taxi" in client.get("/readyz").json()["detail"]
        monkeypatch.undo()
        service.upkeep.keep()
        assert client.get("/readyz").status_code == 200


def test_a_log_that_is_open_elsewhere(reference: Path, tmp_path: Path) -> None:
    """Two services never write the same log."""
    with (
        served(settings(reference), tmp_path),
        pytest.raises(ModelvaneError, match="Another writer"),
        served(settings(reference), tmp_path),
    ):
        raise AssertionError


def test_rows_with_their_own_target_count_once_when_more_of_them_are_in_the_window_than_are_remembered(
    tmp_path: Path,
) -> None:
    """A time window holds more rows than wait for labels; those that brought their target are labelled once."""
    numbers = [i + 0.5 for i in range(100)]
    reference = Reference.of({"prediction": numbers, "target": numbers})
    how = Settings(window=Window(rows=10, seconds=3600.0), horizon=10)
    evaluator = Evaluator()
    counted = []
    with open_log(f"sqlite:///{tmp_path}/log.db") as log:
        log.open("taxi", reference.schema)
        watch = Watch(Monitor("taxi", reference, how, clock=lambda: 2000.0), log, evaluator)
        for first in range(0, 50, 5):
            rows = [
                {"id": str(i), "prediction": 1.0, "target": 2.0, "time": 1000.0 + i}
                for i in range(first, first + 5)
            ]
            table = Table.of(rows)
            watch.added(table, log.append("taxi", table, 2000.0), 2000.0)
        counted.append(watch.monitor.tally().labelled.rows)
        again = Watch(Monitor("taxi", reference, how, clock=lambda: 2000.0), log, evaluator)
        again.warm_up()
        counted.append(again.monitor.tally().labelled.rows)
    evaluator.close()
    assert counted == [50, 50]


def test_a_row_from_the_far_future_leaves_the_time_window_where_it_was(tmp_path: Path) -> None:
    """A restart, and who retrains, look for the window's rows where it is, not before an event that has yet to come."""
    rows = [{"id": str(n), **trip(n), "time": 1_700_000_000.0 + n, "target": truth(n)} for n in range(100)]
    reference = tmp_path / "timed.mv"
    Reference.of(rows, categorical=["zone"], numerical=["trip_distance"]).save(reference)
    plain = settings(reference, **TIME_WINDOW)
    with served(plain, tmp_path) as client:
        post(client, "/iterate/taxi", rows)
        post(client, "/iterate/taxi", rows[0] | {"id": "wrong", "time": 32_500_000_000.0})
        before = watch_of(client).latest().findings
        assert (before.rows, before.labelled) == (100, 100)
        assert watch_of(client).period() == (1_700_000_000.0, 1_700_000_099.0)
    with served(plain, tmp_path) as client:
        after = watch_of(client).latest().findings
        assert difference(after, before) == {}
        assert (after.rows, after.labelled) == (100, 100)


# moments, days and spans beyond Python's, and a zone that nobody knows
ODD_COLUMNS = {
    "seconds": pa.array([0, 10**12], pa.timestamp("s")),
    "nanoseconds": pa.array([1001, 2002], pa.timestamp("ns")),
    "zone": pa.array([0, 1], pa.timestamp("us", "Nowhere/Land")),
    "days": pa.array([0, 2**31 - 1], pa.int32()).cast(pa.date32()),
    "durations": pa.array([0, 2**62], pa.duration("s")),
    "times": pa.array([0, 1001], pa.time64("ns")),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([1, 2], pa.int32()), pa.array([1.5, 2.5])),
    "union": pa.UnionArray.from_sparse(
        pa.array([0, 1], pa.int8()), [pa.array([1.5, 2.5]), pa.array(["a", "b"])]
    ),
}


@pytest.mark.parametrize("kind", ODD_COLUMNS)
def test_any_column_of_arrow_is_taken_and_leaves_all_others_as_they_are(tmp_path: Path, kind: str) -> None:
    """What Python has no value for is a fault or a category of its own column, before a restart and after it."""
    rows = [trip(n) | {"id": str(n), "time": 1_700_000_000.0 + n, "target": truth(n)} for n in range(100)]
    reference = tmp_path / "timed.mv"
    Reference.of(rows, categorical=["zone"], numerical=["trip_distance"]).save(reference)
    plain = settings(reference, **ROWS_WINDOW)
    with served(plain, tmp_path) as client:
        post(client, "/iterate/taxi", [trip(n) for n in range(5)])
        for name in ("id", "zone", "trip_distance", "time", "target", "unexpected"):
            table = pa.table({"prediction": [1.0, 2.0], name: ODD_COLUMNS[kind]})
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
            answer = client.post(
                "/v1/datasets/taxi/predictions",
                content=sink.getvalue().to_pybytes(),
                headers={"content-type": "application/vnd.apache.arrow.stream"},
            )
            assert answer.status_code == 200, (name, answer.text)
        post(client, "/iterate/taxi", [trip(n) for n in range(5)])
        before = watch_of(client).latest().findings
        assert before.rows == 22
    with served(plain, tmp_path) as client:
        assert difference(watch_of(client).latest().findings, before) == {}


def versioned(place: Path, **how: Any) -> tuple[Path, Path, dict[str, Any]]:
    """Give a folder for a log, one for a copy of it, and the config of a dataset whose versions are compared."""
    folder, file = place / "one", place / "versions.mv"
    folder.mkdir()
    Reference.of(
        reference_rows(400), categorical=["zone"], numerical=["trip_distance"], version="model"
    ).save(file)
    versions = {"column": "model", "champion": "v1"}
    return folder, place / "copy", settings(file, versions=versions, **how)


@pytest.mark.parametrize("is_killed", [False, True])
def test_versions_are_compared_by_all_rows_after_a_restart(tmp_path: Path, is_killed: bool) -> None:
    """Every labelled row since a version began counts once, also those that left the window before a restart."""
    folder, copy, plain = versioned(tmp_path, window={"rows": 40})
    late = [{"id": n, "target": truth(n)} for n in range(43, 50)]
    with served(plain, folder) as client:
        for first in range(0, 300, 50):
            rows = [trip(n) | {"id": n, "model": f"v{1 + n % 2}"} for n in range(first, first + 50)]
            post(client, "/iterate/taxi", rows)
            post(client, LABELS, [{"id": n, "target": truth(n)} for n in range(first, first + 43)])
        before = watch_of(client).latest().findings
        # the log as it is while the service runs, without what it writes when it stops
        shutil.copytree(folder, copy)
    with served(plain, copy if is_killed else folder) as client:
        after = watch_of(client).latest().findings
        assert difference(after, before) == {}
        counted = after.get("labelled_rows", label="v2")
        assert counted is not None
        assert counted.value == sum(n % 2 for n in range(300) if n % 50 < 43)
        post(client, LABELS, late)
        watch_of(client).forget_latest()
        more = watch_of(client).latest().findings.get("labelled_rows", label="v2")
        assert more is not None
        assert more.value == counted.value + 4


def test_a_label_corrected_after_the_last_snapshot_counts_once_after_a_kill(tmp_path: Path) -> None:
    """The log knows when a label came first: it counts once, as does one that came since and was corrected."""
    folder, copy, plain = versioned(tmp_path, window={"rows": 40})

    def labels(numbers: Iterable[int], more: float = 0.0) -> list[dict[str, Any]]:
        return [{"id": n, "target": truth(n) + more} for n in numbers]

    with served(plain, folder) as client:
        post(client, "/iterate/taxi", [trip(n) | {"id": n, "model": f"v{1 + n % 2}"} for n in range(60)])
        # the last three come before their rows
        post(client, LABELS, labels([*range(20), 60, 61, 62]))
        watch = watch_of(client)
        snapshot = watch.snapshot()
        post(client, LABELS, labels(range(20, 40)))
        post(client, LABELS, labels([*range(10), *range(20, 30), 60], more=1.0))
        post(client, "/iterate/taxi", [trip(n) | {"id": n, "model": "v1"} for n in range(60, 70)])
        expected = labelled_rows(watch)
        assert expected == 43
        watch._log.save_snapshot("taxi", snapshot)
        shutil.copytree(folder, copy)
    with served(plain, copy) as client:
        assert labelled_rows(watch_of(client)) == expected


@pytest.mark.parametrize("more", [0.0, 1.0])
def test_a_row_with_a_target_that_is_labelled_too_counts_once(tmp_path: Path, more: float) -> None:
    """A label that repeats or corrects what a row came with is no second row: in the memory, beyond, after a kill."""
    folder, copy, plain = versioned(tmp_path, window={"rows": 20}, horizon=30)
    with served(plain, folder) as client:
        for first in range(0, 60, 20):
            rows = [trip(n) | {"id": n, "model": f"v{1 + n % 2}"} for n in range(first, first + 20)]
            told = [row | ({"target": truth(n)} if n % 4 else {}) for n, row in enumerate(rows, first)]
            post(client, "/iterate/taxi", told)
        watch = watch_of(client)
        assert labelled_rows(watch) == 45
        snapshot = watch.snapshot()
        post(client, LABELS, [{"id": n, "target": truth(n) + more} for n in range(12)])
        assert labelled_rows(watch) == 48
        post(client, LABELS, [{"id": n, "target": truth(n) + more} for n in range(40, 52)])
        assert labelled_rows(watch) == 51
        watch._log.save_snapshot("taxi", snapshot)
        shutil.copytree(folder, copy)
    with served(plain, copy) as client:
        assert labelled_rows(watch_of(client)) == 51


def test_targets_in_rows_since_the_last_snapshot_count_after_a_kill(tmp_path: Path) -> None:
    """Versions count all of them, also those of rows that have left what is remembered."""
    folder, copy, plain = versioned(tmp_path, window={"rows": 20}, horizon=30)
    snapshot = Snapshot(b"", 0, 0)
    with served(plain, folder) as client:
        for first in range(0, 200, 20):
            rows = [
                trip(n) | {"id": n, "model": f"v{1 + n % 2}", "target": truth(n)}
                for n in range(first, first + 20)
            ]
            post(client, "/iterate/taxi", rows)
            snapshot = watch_of(client).snapshot() if first == 60 else snapshot
        assert labelled_rows(watch_of(client)) == 200
        watch_of(client)._log.save_snapshot("taxi", snapshot)
        shutil.copytree(folder, copy)
    with served(plain, copy) as client:
        assert labelled_rows(watch_of(client)) == 200
