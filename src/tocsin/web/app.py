"""The ASGI application: GraphQL, its playground, and what operators look at."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from tocsin import telemetry
from tocsin.graphql.context import Services
from tocsin.web.graphql_http import graphql_router, playground_html
from tocsin.web.pacing import Paced

Ready = Callable[[], Awaitable[dict[str, bool]]]
Measure = Callable[[], Awaitable[None]]


def make_app(services: Callable[[], Services], ready: Ready, measure: Measure) -> FastAPI:
    """The application over these services; `ready` tells which parts can work, `measure` refreshes the metrics."""
    app = FastAPI(title="Tocsin", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(graphql_router(services))
    app.add_api_route("/playground", _playground, methods=["GET"])
    _add_health(app, ready, measure)
    app.add_middleware(Paced)
    return app


async def _playground() -> Response:
    return playground_html()


def _add_health(app: FastAPI, ready: Ready, measure: Measure) -> None:
    @app.get("/live")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/ready")
    async def is_ready() -> JSONResponse:
        parts = await ready()
        body: dict[str, Any] = {name: "ready" if works else "unavailable" for name, works in parts.items()}
        return JSONResponse(body, 200 if all(parts.values()) else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        await measure()
        return Response(generate_latest(telemetry.REGISTRY), media_type=CONTENT_TYPE_LATEST)
