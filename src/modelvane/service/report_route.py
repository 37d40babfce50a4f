"""The route of reports: HTML for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from modelvane.batch import Judged
from modelvane.errors import ConfigError
from modelvane.periods import moment_of
from modelvane.report.document import content_security_policy, render_report, report_json
from modelvane.service.problems import CONTENT_TYPE, HttpError
from modelvane.service.reports import Reports
from modelvane.service.watch import Watch

_FORMATS = ("html", "json")
_PROBLEM = {CONTENT_TYPE: {"schema": {"type": "object"}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report; docs/report.schema.json describes the JSON",
        "content": {
            "text/html": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "object"}},
        },
    },
    400: {"description": "A time, a period or a format that is none", "content": _PROBLEM},
    404: {"description": "No dataset of that name", "content": _PROBLEM},
    503: {"description": "Another report is being made, or the log cannot be read", "content": _PROBLEM},
}


def add_report(
    app: FastAPI, reports: Reports, watch_of: Callable[[str], Watch], dependencies: Sequence[Any]
) -> None:
    """Add ``GET /v1/datasets/{dataset}/report``.

    Parameters
    ----------
    reports
        What makes them.
    watch_of
        Gives the watch of a dataset, or raises `modelvane.errors.UnknownNameError`.
    dependencies
        What a request has to pass.
    """

    @app.get(
        "/v1/datasets/{dataset}/report",
        summary="The report of the window, or of a period of the log",
        tags=["findings"],
        dependencies=dependencies,
        responses=_RESPONSES,
        response_class=HTMLResponse,
    )
    # not a coroutine: the framework runs it in a thread, off the event loop
    def report(
        request: Request,
        dataset: str,
        since: str | None = None,
        until: str | None = None,
        format: str | None = None,  # noqa: A002 - the name in the address
    ) -> Response:
        watch = watch_of(dataset)
        is_json = _is_json(request, format)
        begin, end = _moment("since", since), _moment("until", until)
        if begin is not None and end is not None and begin >= end:
            raise HttpError(
                400, "The period is empty", received=f"{since} to {until}", expected="since before until"
            )
        if begin is None and end is None:
            return _answer(reports.of_window(watch), is_json)
        return _answer(reports.of_period(watch, begin, end), is_json)


def _is_json(request: Request, wanted: str | None) -> bool:
    if wanted is None:
        accepted = request.headers.get("accept", "")
        return "application/json" in accepted and "text/html" not in accepted
    if wanted not in _FORMATS:
        raise HttpError(
            400, "There is no such format of a report", received=wanted, expected=" or ".join(_FORMATS)
        )
    return wanted == "json"


def _moment(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return moment_of(text)
    except ConfigError as error:
        raise HttpError(400, f"{name} is no time", received=text, expected=error.expected) from error


def _answer(judged: Judged, is_json: bool) -> Response:
    headers = {"cache-control": "no-store"}
    if is_json:
        body = msgspec.json.encode(report_json(judged))
        return Response(body, headers=headers, media_type="application/json")
    policy = f"{content_security_policy()}; frame-ancestors 'none'"
    return HTMLResponse(render_report(judged), headers={**headers, "content-security-policy": policy})
