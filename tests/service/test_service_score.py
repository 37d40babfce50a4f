"""Scores of rows that are asked for over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from starlette.testclient import TestClient
from tests.service.serving import served, settings, trip, watch_of

from modelvane.errors import UnknownNameError
from modelvane.reference import Reference

SCORE = "/v1/datasets/taxi/score"


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    return found


def test_one_record_has_one_score(client: TestClient) -> None:
    """An object is answered with its score, and with what each cell adds, what adds most first."""
    found = client.post(SCORE, json={"trip_distance": 250.0, "zone": "300"}).json()
    most = watch_of(client).monitor.reference.tally.columns["trip_distance"].maximum  # type: ignore[union-attr] # numbers
    assert found == {
        "score": 19,
        "threshold": 7,
        "outlier": True,
        "cells": [
            {"column": "trip_distance", "bits": 11, "value": 250.0, "fault": "", "beyond": 250.0 - most},
            {"column": "zone", "bits": 8, "value": "300", "fault": "", "beyond": None},
        ],
    }


def test_a_list_has_a_list_of_scores(client: TestClient) -> None:
    """Records are scored in their order; broken values are scored as what they are."""
    rows = [{"trip_distance": 6.0, "zone": 74}, {"trip_distance": "far"}, {"trip_distance": float("inf")}]
    body = json.dumps(rows)
    answer = client.post(SCORE, content=body, headers={"content-type": "application/json"})
    usual, broken, infinite = answer.json()
    assert not usual["outlier"]
    assert {(cell["column"], cell["fault"]) for cell in broken["cells"]} == {
        ("trip_distance", "wrong type"),
        ("zone", "missing"),
    }
    assert "infinite" in {cell["fault"] for cell in infinite["cells"]}
    assert client.post(SCORE, json=[rows[0]]).json() == [usual]
    assert client.post(SCORE, json=[]).json() == []


def test_a_score_changes_nothing(client: TestClient) -> None:
    """What is asked about is neither logged nor counted."""
    client.post("/iterate/taxi", json=[trip(n) for n in range(5)])
    client.post(SCORE, json=[{"trip_distance": 1e6}] * 50)
    watch = watch_of(client)
    assert watch.monitor.tally().rows.rows == 5
    assert watch.traffic.rows == 5


def test_scores_are_those_of_the_window(client: TestClient) -> None:
    """The share of outliers in the window is that of the rows whose score says so."""
    rows = [trip(n, shift=20.0 * (n % 3 == 0)) for n in range(60)]
    scores = client.post(SCORE, json=rows).json()
    client.post("/iterate/taxi", json=rows)
    found = client.get("/v1/datasets/taxi/findings").json()["findings"]
    share = next(each["value"] for each in found if each["measure"] == "outlier_share")
    assert share == sum(score["outlier"] for score in scores) / 60


def test_hidden_columns_are_not_told(reference: Path, tmp_path: Path) -> None:
    """Of a hidden column its bits are told, and no value."""
    plain = settings(reference, outliers={"hidden": ["trip_distance"], "quantile": 0.9})
    with served(plain, tmp_path) as client:
        answer = client.post(SCORE, json={"trip_distance": 123.25, "zone": "300"})
        assert "123.25" not in answer.text
        assert answer.json()["cells"][0] == {
            "column": "trip_distance",
            "bits": 10,
            "value": None,
            "fault": "hidden",
            "beyond": None,
        }


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"trip_distance": ', "application/json", 400),
        (b"[1, 2]", "application/json", 400),
        (b"3", "application/json", 400),
        (b"", "application/json", 400),
        (b"distance\n1", "text/csv", 415),
    ],
)
def test_bodies_that_hold_no_rows(client: TestClient, body: bytes, kind: str, status: int) -> None:
    """Each is refused with what was received."""
    answer = client.post(SCORE, content=body, headers={"content-type": kind})
    assert problem(answer, status)["status"] == status


def test_too_much_is_refused(reference: Path, tmp_path: Path) -> None:
    """The limits of ingest hold here too."""
    plain = settings(reference, {"limits": {"body_rows": 3, "body_bytes": 2000}})
    with served(plain, tmp_path) as client:
        assert client.post(SCORE, json=[{}] * 3).status_code == 200
        assert problem(client.post(SCORE, json=[{}] * 4), 413)["expected"] == "at most 3 rows"
        assert (
            problem(client.post(SCORE, json=[{"zone": "a" * 3000}]), 413)["expected"] == "at most 2000 bytes"
        )


def test_the_token_of_ingest_is_asked_for(reference: Path, tmp_path: Path) -> None:
    """Who may post rows may ask for their score."""
    plain = settings(reference, {"tokens": {"ingest": "in", "read": "out"}})
    with served(plain, tmp_path) as client:
        for token, status in (("in", 200), ("out", 401)):
            answer = client.post(SCORE, json={}, headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == status


def test_an_unknown_dataset(client: TestClient) -> None:
    """The answer says which there are."""
    answer = client.post("/v1/datasets/tax/score", json={})
    assert problem(answer, 404)["available"] == ["taxi"]


def test_a_reference_that_scores_nothing(reference: Path, tmp_path: Path) -> None:
    """One that was built before rows were scored says so, with the remedy."""
    known = Reference.load(reference)
    old = tmp_path / "old.mv"
    replace(known, tally=structs.replace(known.tally, outliers=None)).save(old)
    with served(settings(old), tmp_path) as client:
        found = problem(client.post(SCORE, json={"zone": 74}), 422)
        assert "build it again" in found["detail"]


def test_a_hidden_column_that_is_none(reference: Path, tmp_path: Path) -> None:
    """A name that hides nothing is a mistake that the start tells of."""
    plain = settings(reference, outliers={"hidden": ["trip_distanze"]})
    with pytest.raises(UnknownNameError, match="trip_distanze"), served(plain, tmp_path):
        pass


def test_the_route_is_documented(client: TestClient) -> None:
    """OpenAPI knows the body and the answer."""
    described = client.get("/openapi.json").json()["paths"]["/v1/datasets/{dataset}/score"]["post"]
    assert "application/json" in described["requestBody"]["content"]
    assert {"200", "400", "404", "413", "415", "422"} <= set(described["responses"])
