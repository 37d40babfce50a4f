"""Refusals as problem+json (RFC 9457, 2023): what was received, what was expected, what is near."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from examples.reco.model import UnknownIdError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request


class Fault(BaseModel):
    """A parameter that does not do."""

    field: str
    received: str
    expected: str


class Problem(BaseModel):
    """Why there is no answer."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    received: str | None = None
    nearest: list[str] | None = None
    errors: list[Fault] | None = None


def add_problems(app: FastAPI) -> None:
    """Give every refusal of an application, the framework's own included, as problem+json."""

    @app.exception_handler(UnknownIdError)
    async def unknown(_request: Request, error: UnknownIdError) -> JSONResponse:
        return _response(
            Problem(
                title="Unknown id",
                status=404,
                detail=str(error),
                received=error.received,
                nearest=error.nearest,
            )
        )

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [_fault(one) for one in error.errors()]
        detail = "; ".join(f"{one.field}: received {one.received}, expected {one.expected}" for one in faults)
        return _response(Problem(title="A parameter does not do", status=422, detail=detail, errors=faults))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        detail = f"{request.method} {request.url.path}: {error.detail}"
        return _response(Problem(title=error.detail, status=error.status_code, detail=detail), error.headers)


def _fault(fault: Mapping[str, Any]) -> Fault:
    unknown = fault["type"] == "extra_forbidden"
    expected = (
        "a parameter of this route, as in /docs" if unknown else fault["msg"].removeprefix("Input should be ")
    )
    return Fault(field=str(fault["loc"][-1]), received=repr(fault["input"])[:100], expected=expected)


def _response(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        problem.status,
        dict(headers or {}),
        media_type="application/problem+json",
    )
