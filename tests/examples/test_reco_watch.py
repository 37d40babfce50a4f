"""The recommender as it is watched: its answers logged, the shop's past as questions, the replay, the reference."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pyarrow as pa
import pytest
from examples.reco.answers import find, record_of, served_of
from examples.reco.demo import parse
from examples.reco.model import Recommender
from examples.reco.purchases import Purchases, read_lines
from examples.reco.reference import TRAFFIC_FROM, before, build_reference
from examples.reco.replay import Replay
from examples.reco.service import ANSWER_ID, create_app
from examples.reco.summary import print_answers
from examples.reco.synthetic import write_shop
from examples.reco.visits import HORIZON, Question, questions
from examples.shared.speed import Speed
from examples.shared.summary import FindingsError
from fastapi.testclient import TestClient
from rich.console import Console

from modelvane.client.health import Model
from modelvane.client.outbox import Counters
from modelvane.config import Config
from modelvane.monitor import Monitor
from modelvane.reference_checks import check_settings
from modelvane.references import build_reference as reference_of

SEPTEMBER = dt.datetime(2011, 9, 1)  # noqa: DTZ001 - the invoices have the shop's own clock


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Give the invoice lines of a synthetic shop."""
    return read_lines(write_shop(tmp_path_factory.mktemp("shop")))


@pytest.fixture(scope="module")
def recommender(lines: pa.Table) -> Recommender:
    """Give a recommender of its first months."""
    return Recommender.fit(Purchases.of(before(lines, TRAFFIC_FROM)))


class Kept:
    """A log that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[tuple[dict[str, Any], list[str], Any, Any]] = []

    def log(self, record: dict[str, Any], prediction: list[str], *, id: Any, time: Any) -> str:  # noqa: A002 - the client's own name
        self.rows.append((record, prediction, id, time))
        return str(id)

    @property
    def counters(self) -> Counters:
        return Counters(len(self.rows), 0, 0, 0, 0, 0)


# ------------------------------------------------------------------------------ service


def test_every_answer_is_logged_with_what_was_asked_and_served(recommender: Recommender) -> None:
    """The row of an answer says what was asked, what was served with scores and origins, and by which model."""
    log, customer = Kept(), recommender.customers[3]
    with TestClient(create_app(recommender, Model("reco", "v7"), log)) as client:
        answer = client.get(
            f"/predict/user/{customer}",
            params={"n": 3, "at": "2011-09-05T10:00:00"},
            headers={ANSWER_ID: "a1"},
        )
    assert answer.headers[ANSWER_ID] == "a1"
    ((record, served, name, time),) = log.rows
    assert (served, name, time.isoformat()) == (
        [one["product"] for one in answer.json()],
        "a1",
        "2011-09-05T10:00:00",
    )
    assert record == {
        "kind": "user",
        "subject": customer,
        "n": 3,
        "scores": [one["score"] for one in answer.json()],
        "origins": [one["origin"] for one in answer.json()],
        "unknown": False,
        "model_version": "v7",
    }


@pytest.mark.parametrize(
    ("path", "status", "origins"),
    [
        ("/predict/user/nobody?n=2", 404, []),
        ("/predict/user/nobody?n=2&fallback=popular", 200, ["popular", "popular"]),
        ("/predict/item/nothing?n=2", 404, []),
    ],
)
def test_unknown_ids_are_logged_too(
    recommender: Recommender, path: str, status: int, origins: list[str]
) -> None:
    """An id that nobody has is an answer of the log: empty, or of popular products where those do."""
    log = Kept()
    with TestClient(create_app(recommender, None, log)) as client:
        assert client.get(path).status_code == status
    ((record, served, name, _),) = log.rows
    assert (record["unknown"], record["origins"], len(served)) == (True, origins, len(origins))
    assert name


def test_health_tells_what_became_of_the_log(recommender: Recommender) -> None:
    """Whoever waits for the log can see how much of it is under way; without a log there is nothing to see."""
    with TestClient(create_app(recommender, None, Kept())) as client:
        assert client.get("/").json()["log"]["logged"] == 0
    with TestClient(create_app(recommender)) as client:
        assert client.get("/").json()["log"] is None


# ----------------------------------------------------------------------------- questions


def _lines(*bought: tuple[str, str, dt.datetime]) -> pa.Table:
    customers, products, times = zip(*bought, strict=True)
    return pa.table({"CustomerID": customers, "StockCode": products, "InvoiceDate": times})


def test_a_visit_asks_twice_and_is_labelled_with_what_is_bought_until_the_horizon() -> None:
    """A visit asks for its customer and for its first product; later and other people's purchases are no labels."""
    day = dt.timedelta(days=1)
    shop = _lines(
        ("ann", "old", SEPTEMBER - day),
        ("ann", "tea", SEPTEMBER),
        ("ann", "jar", SEPTEMBER),
        ("bob", "cup", SEPTEMBER + day),
        ("ann", "tea", SEPTEMBER + 2 * day),
        ("ann", "mug", SEPTEMBER + 2 * day),
        ("ann", "late", SEPTEMBER + HORIZON),
        ("bob", "end", SEPTEMBER + 9 * day),
    )
    asked = questions(shop, SEPTEMBER, SEPTEMBER + 9 * day)
    assert [(one.kind, one.subject, one.bought) for one in asked] == [
        ("user", "ann", ["tea", "jar", "mug"]),
        ("item", "tea", ["jar", "mug"]),
        ("user", "bob", ["cup"]),
        ("item", "cup", []),
        ("user", "ann", ["tea", "mug", "late"]),
        ("item", "tea", ["mug", "late"]),
        ("user", "ann", None),
        ("item", "late", None),
    ]
    assert [one.at for one in asked] == sorted(one.at for one in asked)


def test_fewer_visits_are_spread_over_the_whole_period(lines: pa.Table) -> None:
    """A bounded replay begins and ends where a whole one does."""
    ends = dt.datetime(2011, 12, 9)  # noqa: DTZ001 - as above
    every, few = (questions(lines, SEPTEMBER, ends, most=most) for most in (None, 20))
    assert len(few) == 40
    assert (few[0].at, few[-1].at) == (every[0].at, every[-1].at)


# ------------------------------------------------------------------------------- replay


def test_a_replay_asks_and_tells_what_was_bought(
    http_server: Callable[..., AbstractContextManager[str]], console: Console
) -> None:
    """Each question becomes one request at its own moment; labels come by the answers' ids, none where nobody knows."""
    asked: dict[str, dict[str, list[str]]] = {}
    labels: list[dict[str, Any]] = []
    lock = threading.Lock()

    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        with lock:
            if method == "POST":
                labels.extend(json.loads(body))
                return 200, b"{}"
            parts = urlsplit(path)
            asked[unquote(parts.path)] = parse_qs(parts.query)
        return (404 if "new" in path else 200), b"[]"

    at = dt.datetime(2011, 9, 5, 10)  # noqa: DTZ001 - as above
    told = [Question(at, "user", f"c{n}", 5, fallback=True, bought=[f"p{n}"]) for n in range(40)]
    with http_server(answer) as address:
        replay = Replay(address, address, speed=Speed())
        totals = replay.run(
            [
                *told,
                Question(at, "item", "new / one", 5, fallback=False, bought=None),
            ],
            console,
        )
    assert asked["/predict/user/c7"] == {"n": ["5"], "at": ["2011-09-05T10:00:00"], "fallback": ["popular"]}
    assert asked["/predict/item/new / one"] == {"n": ["5"], "at": ["2011-09-05T10:00:00"]}
    assert (totals.answered, totals.unknown) == (40, 1)
    assert totals.labelled == len(labels) == 41 - totals.never
    assert {one["time"] for one in labels} == {"2011-09-12T10:00:00"}
    assert all(len(one["target"]) == 1 for one in labels)
    assert len({one["id"] for one in labels}) == len(labels)


# ------------------------------------------------------------------- reference and watch


def test_the_reference_is_of_answers_that_could_be_taken(lines: pa.Table) -> None:
    """The model behind the reference has not learned what was bought after its answers: some of them hit."""
    table = build_reference(lines, version="v1")
    hits = sum(
        bool(set(served) & set(bought))
        for served, bought in zip(table["served"].to_pylist(), table["bought"].to_pylist(), strict=True)
        if bought
    )
    assert hits > table.num_rows / 50
    assert table["bought"].null_count > 0
    assert set(table["model_version"].to_pylist()) == {"v1"}


def test_the_config_of_the_example_watches_the_synthetic_shop(
    lines: pa.Table, recommender: Recommender, tmp_path: Any
) -> None:
    """Answers and purchases of autumn, judged by the example's own config: every measure has a value."""
    import pyarrow.parquet as pq
    import yaml
    from examples.reco import demo

    pq.write_table(build_reference(lines, version="v1").slice(0, 600), tmp_path / "reference.parquet")
    source = pa.OSFile(demo.__file__.replace("demo.py", "config.yaml")).readall()
    config = Config.of(yaml.safe_load(source), tmp_path)
    reference = reference_of(config, "reco", tmp_path / "reference.parquet")
    check_settings(config, "reco", reference)
    monitor = Monitor("reco", reference, config.settings("reco"))
    for number, one in enumerate(questions(lines, SEPTEMBER, dt.datetime(2011, 10, 1), most=100)):  # noqa: DTZ001 - as above
        found, unknown = find(recommender, one.kind, one.subject, one.n, fallback=one.fallback)
        about = record_of(one.kind, one.subject, one.n, found, unknown=unknown, version="v1")
        monitor.push(
            [
                {
                    **about,
                    "id": f"a{number}",
                    "time": one.at.isoformat(),
                    "served": served_of(recommender, found),
                }
            ]
        )
        if one.bought is not None:
            monitor.label([f"a{number}"], [one.bought])
    findings = monitor.findings()
    for measure, label in (
        ("catalogue_coverage", None),
        ("repeat_share", None),
        ("hit_rate", "5"),
        ("ndcg", "10"),
    ):
        found_one = findings.get(measure, label=label)
        assert found_one is not None
        assert found_one.value is not None, found_one.why
    told = io.StringIO()
    print_answers(findings.to_dict(), Console(file=told, width=120), [("exposure_gini", None), ("ndcg", "5")])
    assert "ndcg at 5" in told.getvalue()
    with pytest.raises(FindingsError, match="There is no surprise"):
        print_answers(findings.to_dict(), Console(file=told), [("surprise", None)])


def test_an_interrupt_during_start_up_stops_everything(tmp_path: Path) -> None:
    """Ctrl-C while a model is trained ends the demo with 130, without a traceback."""
    command = [sys.executable, "-m", "examples.reco.demo", "--synthetic", "--port=0", "--service-port=0"]
    with subprocess.Popen(
        [*command, f"--folder={tmp_path}"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        told = ""
        while "Answering the summer" not in told:
            line = running.stdout.readline()
            assert line, told
            told += line
        running.send_signal(signal.SIGINT)
        told += running.stdout.read()
    assert running.returncode == 130, told
    assert "SYNTHETIC DATA" in told
    assert "Traceback" not in told
    assert "Interrupted" in told


def test_once_is_bounded() -> None:
    """A bounded run replays part of the visits, as fast as it goes."""
    assert parse(["--once"]).visits == 2_500
    assert parse(["--once", "--visits=7"]).visits == 7
    assert parse([]).visits is None
