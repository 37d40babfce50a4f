"""The prediction service takes another model while requests go on."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from examples.shared.versions import VersionError, Versions
from examples.taxi.following import MODEL_FILE, FollowedModel
from examples.taxi.model import DurationModel, ModelFileError
from examples.taxi.service import create_app
from tests.service.serving import await_that
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

TRIP = {"PULocationID": 1, "DOLocationID": 2, "trip_distance": 2.5}


@pytest.fixture
def versions(model: DurationModel, tmp_path: Path) -> Versions:
    """Give a folder whose current version is the model."""
    found = Versions(tmp_path / "models")
    found.promote(found.add(lambda folder: model.save(folder / MODEL_FILE)))
    return found


@pytest.fixture(scope="module")
def slower(trips: pa.Table) -> DurationModel:
    """Give a model of a city where everything takes twice as long."""
    index = trips.schema.get_field_index("duration")
    return DurationModel.fit(
        trips.set_column(index, "duration", [[2 * d for d in trips["duration"].to_pylist()]])
    )


@contextmanager
def answering(followed: FollowedModel) -> Iterator[str]:
    """Serve the model by HTTP, and give the address."""
    app = create_app(followed, identity=lambda: followed.identity)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_no_request_is_dropped_during_a_swap(
    versions: Versions, model: DurationModel, slower: DurationModel
) -> None:
    """Who posts all the time gets an answer each time: of the old model first, of the new one then, of nothing else."""
    answers: list[tuple[int, float]] = []
    stop = threading.Event()
    with FollowedModel(versions.folder, every=0.02) as followed, answering(followed) as address:

        def post() -> None:
            with requests.Session() as session:
                while not stop.is_set():
                    answer = session.post(f"{address}/predict", json=TRIP, timeout=300)
                    answers.append((answer.status_code, answer.json()["duration"]))

        posting = [threading.Thread(target=post) for _ in range(3)]
        for thread in posting:
            thread.start()
        try:
            await_that(lambda: len(answers) > 30)
            name = versions.add(lambda folder: slower.save(folder / MODEL_FILE))
            versions.promote(name)
            await_that(lambda: followed.version == name)
            seen = len(answers)
            await_that(lambda: len(answers) > seen + 30)
            told = requests.get(f"{address}/metrics", timeout=300).text
        finally:
            stop.set()
            for thread in posting:
                thread.join()
    old, new = float(model.predict([TRIP])[0]), float(slower.predict([TRIP])[0])
    assert set(Counter(answers)) == {(200, old), (200, new)}
    assert f'version="{name}"' in told


def test_a_broken_model_leaves_the_one_before(versions: Versions, model: DurationModel) -> None:
    """A version that cannot be loaded does not answer; the service says why, and takes the next good one."""
    with FollowedModel(versions.folder, every=60) as followed:
        before = followed.version
        versions.promote(versions.add(lambda folder: (folder / MODEL_FILE).write_text("broken")))
        followed.look()
        assert followed.version == before
        health = create_app(followed).test_client().get("/healthz").json
        assert health["model"]["version"] == before
        assert "cannot be read as a model" in health["model"]["fault"]
        versions.pointer.write_text("nowhere\n")
        followed.look()
        assert followed.fault is not None
        assert "no such version" in followed.fault
        good = versions.add(lambda folder: model.save(folder / MODEL_FILE))
        versions.promote(good)
        followed.look()
        assert (followed.version, followed.fault) == (good, None)


def test_the_version_before_is_held_back(
    versions: Versions, model: DurationModel, slower: DurationModel
) -> None:
    """After a promotion the version before answers its share of the requests, each named by who answered it."""
    first = versions.current()
    with FollowedModel(versions.folder, every=60, holdback=0.5) as followed:
        followed._random.seed(0)
        assert {followed.choose().version for _ in range(40)} == {first}
        second = versions.add(lambda folder: slower.save(folder / MODEL_FILE))
        versions.promote(second)
        followed.look()
        chosen = [followed.choose() for _ in range(200)]
        shares = Counter(each.version for each in chosen)
        assert shares.keys() == {first, second}
        assert 50 < shares[second] < 150
        told = {each.version: float(each.model.predict([TRIP])[0]) for each in chosen}
        assert told == {
            first: pytest.approx(model.predict([TRIP])[0]),
            second: pytest.approx(slower.predict([TRIP])[0]),
        }
        assert followed.version == followed.identity.version == second


def test_a_version_before_that_is_broken_answers_nothing(versions: Versions, model: DurationModel) -> None:
    """Without the version before, or without a share for it, the current one answers everything."""
    first = versions.current()
    assert first is not None
    second = versions.add(lambda folder: model.save(folder / MODEL_FILE))
    versions.promote(second)
    with FollowedModel(versions.folder, every=60) as followed:
        assert {followed.choose().version for _ in range(40)} == {second}
    (versions.path(first) / MODEL_FILE).write_text("broken")
    with FollowedModel(versions.folder, every=60, holdback=0.9) as followed:
        assert {followed.choose().version for _ in range(40)} == {second}
        assert followed.fault is None


def test_without_a_first_version_nothing_is_served(tmp_path: Path, versions: Versions) -> None:
    """A folder without a current version, or whose current one is broken, ends the start with the reason."""
    with pytest.raises(VersionError, match="--initial"):
        FollowedModel(tmp_path)
    versions.promote(versions.add(lambda folder: (folder / MODEL_FILE).write_text("broken")))
    with pytest.raises(ModelFileError):
        FollowedModel(versions.folder)
