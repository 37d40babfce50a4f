"""The recommendation service: a customer or a product in, products out.

::

    python -m examples.reco.train
    python -m examples.reco.service --model .modelvane/reco/model.npz
    curl 'http://127.0.0.1:9697/predict/user/17850?n=3'
    curl 'http://127.0.0.1:9697/predict/item/85123A'

It describes itself at /docs, also where there is no internet, and shows its health to Prometheus at /metrics.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, Header, Query, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, Field

from examples.reco.answers import DECIMALS, ITEM, USER, AnswerLog, find, record_of, served_of
from examples.reco.model import MOST, Recommendation, Recommender
from examples.reco.problems import Problem, add_problems
from examples.shared.command import until_stopped
from examples.shared.identity import identity_of
from modelvane.client import Client
from modelvane.client.fastapi import Model, instrument
from modelvane.client.health import EXCLUDED

MODEL = Path(".modelvane/reco/model.npz")

ANSWER_ID = "X-Request-ID"
"""Header of an answer's id, by which its label is told; a caller may choose it."""

_GRACE_SECONDS = 10


class Recommended(BaseModel):
    """One product of an answer."""

    product: str = Field(description="stock code")
    description: str
    score: float = Field(description="similarity, 0 to 1; of a popular product the share of customers")
    origin: Literal["neighbour", "popular"]


class Trained(BaseModel):
    """What the model has learned from."""

    customers: int
    products: int
    purchases: int = Field(description="pairs of a customer and a product")
    trained: dt.datetime


class Health(BaseModel):
    """The service answers."""

    status: Literal["ok"] = "ok"
    model: Trained
    log: dict[str, int] | None = Field(description="what became of the answers that were logged")


class Question(BaseModel):
    """What may be asked of every route; another parameter is a slip, and ignoring it would hide that."""

    model_config = ConfigDict(extra="forbid")

    n: int = Field(5, ge=1, le=MOST, description="products wanted")
    at: dt.datetime | None = Field(
        None, description="when it is asked, of a past that is replayed; now otherwise"
    )


class UserQuestion(Question):
    """What may be asked of a customer."""

    fallback: Literal["popular"] | None = Field(
        None, description="what an unknown customer gets, instead of a 404"
    )


AnswerId = Annotated[
    str | None,
    Header(alias=ANSWER_ID, max_length=100, description="id of the answer; a new one otherwise"),
]


def create_app(model: Recommender, identity: Model | None = None, log: AnswerLog | None = None) -> FastAPI:
    """Build the service's ASGI application.

    Parameters
    ----------
    model
        What recommends.
    identity
        What ``/metrics`` tells of the model, and its version in the log.
    log
        What remembers answers, those to unknown ids among them.
    """
    app = FastAPI(
        title="reco", description="Recommends products of an online shop.", docs_url=None, redoc_url=None
    )
    instrument(
        app,
        model=identity,
        excluded=(*EXCLUDED, "/"),
        group_status=True,  # dashboards of services like this count as errors what is not "2xx"
        registry=CollectorRegistry(),
    )
    add_problems(app)
    _add_documentation(app)
    refusals: dict[int | str, dict[str, Any]] = {
        404: {"model": Problem, "description": "Nobody, or nothing, has this id"},
        422: {"model": Problem, "description": "A parameter does not do"},
    }

    def served(found: list[Recommendation]) -> list[Recommended]:
        return [
            Recommended(
                product=model.products[one.product],
                description=model.describe(one.product),
                score=round(one.score, DECIMALS),
                origin=one.origin,
            )
            for one in found
        ]

    # no thread of its own: handing over to one takes longer than an answer

    @app.get("/", summary="The service answers, and with which model")
    async def health() -> Health:
        return Health(
            model=Trained(
                customers=len(model.customers),
                products=len(model.products),
                purchases=model.purchases,
                trained=model.trained,
            ),
            log=None if log is None else log.counters._asdict(),
        )

    def answer(
        kind: str, subject: str, asked: Question, name: str | None, response: Response, *, fallback: bool
    ) -> list[Recommended]:
        found, unknown = find(model, kind, subject, asked.n, fallback=fallback)
        response.headers[ANSWER_ID] = name = name or uuid4().hex
        if log is not None:
            version = None if identity is None else identity.version
            about = record_of(kind, subject, asked.n, found, unknown=unknown, version=version)
            log.log(about, served_of(model, found), id=name, time=asked.at)
        if unknown and not fallback:
            raise model.unknown(kind, subject)
        return served(found)

    @app.get(
        "/predict/user/{user_id}", summary="Products that a customer has not bought yet", responses=refusals
    )
    async def user(
        user_id: str, asked: Annotated[UserQuestion, Query()], response: Response, name: AnswerId = None
    ) -> list[Recommended]:
        return answer(USER, user_id, asked, name, response, fallback=asked.fallback is not None)

    @app.get("/predict/item/{item_id}", summary="Products that are bought with one", responses=refusals)
    async def item(
        item_id: str, asked: Annotated[Question, Query()], response: Response, name: AnswerId = None
    ) -> list[Recommended]:
        return answer(ITEM, item_id, asked, name, response, fallback=False)

    return app


def _add_documentation(app: FastAPI) -> None:
    """Give /docs, of files that are here: the framework's own page has them from the internet."""
    app.mount("/swagger", StaticFiles(packages=[("fastapi_swagger", "resources")]))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        # relative, so that it also works behind a proxy that adds a prefix
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=f"{app.title}: API",
            swagger_js_url="swagger/swagger-ui-bundle.js",
            swagger_css_url="swagger/swagger-ui.css",
            swagger_favicon_url="swagger/favicon-32x32.png",
        )


def main() -> int:
    """Serve until SIGINT or SIGTERM; what was asked before is still answered."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.reco.service", description="Recommend products of an online shop."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9697)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument(
        "--reference", type=Path, help="the monitor's reference, which /metrics names by hash"
    )
    parser.add_argument("--monitor", help="base address of the monitor, as in http://127.0.0.1:8085")
    parser.add_argument("--dataset", default="reco", help="the monitor's name for these answers")
    options = parser.parse_args()
    return until_stopped(_serve, options)


def _serve(options: argparse.Namespace) -> None:
    model = Recommender.load(options.model)
    identity = identity_of("reco", options.model, trained=model.trained, reference=options.reference)
    client = None
    if options.monitor:
        client = Client(options.monitor, options.dataset, prediction_field="served", target_field="bought")
    try:
        app = create_app(model, identity, client)
        print(f"recommendations at http://{options.host}:{options.port}/docs", flush=True)
        uvicorn.run(
            app,
            host=options.host,
            port=options.port,
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    finally:
        if client is not None:
            client.close()


if __name__ == "__main__":
    sys.exit(main())
