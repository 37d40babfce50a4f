"""The route that scores rows: nothing is logged, nothing counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool

from modelvane.errors import UnknownNameError
from modelvane.service.body import read_body
from modelvane.service.decoding import JSON, decode_rows
from modelvane.service.headers import content_type_of
from modelvane.service.intake import too_large
from modelvane.service.problems import CONTENT_TYPE
from modelvane.service.service import Service
from modelvane.service.watch import Watch

_PROBLEM = {CONTENT_TYPE: {"schema": {"type": "object"}}}
_ROW = {"type": "object", "example": {"trip_distance": 250.0, "PULocationID": "74"}}
_CELL = {
    "type": "object",
    "properties": {
        "column": {"type": "string"},
        "bits": {"type": "integer"},
        "value": {"type": ["number", "string", "null"]},
        "fault": {"type": "string"},
        "beyond": {"type": ["number", "null"]},
    },
}
_SCORE = {
    "type": "object",
    "properties": {
        "score": {"type": "integer"},
        "threshold": {"type": "integer"},
        "outlier": {"type": "boolean"},
        "cells": {"type": "array", "items": _CELL},
    },
}
_BODY = {
    "required": True,
    "content": {JSON: {"schema": {"oneOf": [_ROW, {"type": "array", "items": _ROW}]}}},
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Of an object its score, of a list one for each",
        "content": {JSON: {"schema": {"oneOf": [_SCORE, {"type": "array", "items": _SCORE}]}}},
    },
    **{
        status: {"description": said, "content": _PROBLEM}
        for status, said in (
            (400, "A body that is not JSON, or holds no rows"),
            (401, "No token, or another"),
            (404, "No dataset of that name"),
            (413, "A body of more bytes or rows than are taken"),
            (415, "A content type that no rows are read from"),
            (422, "The reference scores no rows"),
        )
    },
}


def add_score(app: FastAPI, service: Service, dependencies: Sequence[Any]) -> None:
    """Add ``POST /v1/datasets/{dataset}/score``.

    Parameters
    ----------
    dependencies
        What a request has to pass.
    """

    @app.post(
        "/v1/datasets/{dataset}/score",
        summary="How unlike the reference's rows are",
        tags=["findings"],
        dependencies=dependencies,
        responses=_RESPONSES,
        openapi_extra={"requestBody": _BODY},
    )
    async def score(request: Request, dataset: str) -> Response:
        if dataset not in service.watches:
            raise UnknownNameError.of("dataset", dataset, service.watches)
        limits = service.config.service.limits
        body = await read_body(request, limits.body_bytes)
        headers = dict(request.scope["headers"])
        answer = await run_in_threadpool(_answer, service.watches[dataset], body, headers, limits.body_rows)
        return Response(answer, media_type=JSON)


def _answer(watch: Watch, body: bytes, headers: dict[bytes, bytes], most: int) -> bytes:
    table = decode_rows(body, content_type_of(headers), headers, watch.names)
    if table.rows > most:
        raise too_large(f"{table.rows} rows", f"{most} rows")
    found = [each.to_dict() for each in watch.monitor.score(table)] if table.rows else []
    is_one = len(found) == 1 and not body.lstrip().startswith(b"[")
    return msgspec.json.encode(found[0] if is_one else found)
