"""The ingest routes as OpenAPI: they are answered before the framework that documents the rest."""

from __future__ import annotations

from typing import Any

_PROBLEM = {
    "description": "What went wrong, what was expected, what is available, and the remedy (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"type": "object"}}},
}
_ERRORS = {str(status): _PROBLEM for status in (400, 401, 404, 413, 415, 503)}
_DATASET = {"name": "dataset", "in": "path", "required": True, "schema": {"type": "string"}}
_ROW = {"type": "object", "example": {"id": "trip-1", "trip_distance": 2.5, "prediction": 11.2}}
_COUNT = {"type": "integer"}


def _counts(*names: str) -> dict[str, Any]:
    return {"type": "object", "properties": dict.fromkeys(names, _COUNT)}


def _rows(summary: str, content_types: list[str]) -> dict[str, Any]:
    answer = _counts("accepted", "duplicates")
    answer["properties"] = {**answer["properties"], "ids": {"type": "array", "items": {"type": "string"}}}
    schema = {"oneOf": [_ROW, {"type": "array", "items": _ROW}]}
    binary = {"type": "string", "format": "binary"}
    return {
        "post": {
            "tags": ["ingest"],
            "summary": summary,
            "parameters": [_DATASET],
            "requestBody": {
                "required": True,
                "content": {
                    name: {"schema": schema if name == "application/json" else binary}
                    for name in content_types
                },
            },
            "responses": {
                "200": {
                    "description": "Kept in the log",
                    "content": {"application/json": {"schema": answer}},
                },
                **_ERRORS,
            },
        }
    }


_LABEL = {
    "type": "object",
    "required": ["id", "target"],
    "properties": {"id": {}, "target": {}, "time": {}},
    "example": {"id": "trip-1", "target": 12.7},
}

_CONTENT_TYPES = [
    "application/json",
    "application/x-ndjson",
    "application/vnd.apache.arrow.stream",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
]

INGEST_PATHS: dict[str, Any] = {
    "/iterate/{dataset}": _rows("Post predictions, as in 2022", _CONTENT_TYPES),
    "/v1/datasets/{dataset}/predictions": _rows("Post predictions", _CONTENT_TYPES),
    "/v1/datasets/{dataset}/labels": {
        "post": {
            "tags": ["ingest"],
            "summary": "Post ground truth: late, early or repeated",
            "parameters": [_DATASET],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"type": "array", "items": _LABEL}}},
            },
            "responses": {
                "200": {
                    "description": "What became of the labels",
                    "content": {
                        "application/json": {"schema": _counts("matched", "waiting", "repeated", "changed")}
                    },
                },
                **_ERRORS,
            },
        }
    },
}
