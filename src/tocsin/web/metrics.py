"""`/metrics`, for the operator only.

Metrics are served on a separate port (TOCSIN_METRICS_PORT), or on the API's port with a token (TOCSIN_METRICS_TOKEN);
with neither setting they are not served. If a token is set, it is required on both.
"""

import hmac
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from tocsin import telemetry
from tocsin.config import PREFIX, Settings
from tocsin.web.error_responses import error_response
from tocsin.web.security_headers import SecurityHeadersMiddleware

RefreshMetrics = Callable[[], Awaitable[None]]
_NOT_SERVED = (
    f"Metrics are not served here. To serve them on a separate port, set {PREFIX}METRICS_PORT; to serve them here, "
    f"set {PREFIX}METRICS_TOKEN."
)
_WRONG_TOKEN = f"Send the header `Authorization: Bearer` with the value of {PREFIX}METRICS_TOKEN."


def metrics_router(settings: Settings, refresh: RefreshMetrics, *, beside_api: bool) -> APIRouter:
    """Return the route of /metrics. `refresh` updates the metrics before each response."""
    router = APIRouter()
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    closed = beside_api and (token is None or settings.metrics_port is not None)

    @router.api_route("/metrics", methods=["GET", "HEAD"])
    async def metrics(request: Request) -> Response:
        if closed:
            return error_response(404, _NOT_SERVED)
        if token is not None and not _has_token(request, token):
            return error_response(401, _WRONG_TOKEN, {"WWW-Authenticate": "Bearer"})
        await refresh()
        return Response(generate_latest(telemetry.REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return router


def create_metrics_app(settings: Settings, refresh: RefreshMetrics) -> ASGIApp:
    """Return the application for the metrics port."""
    app = FastAPI(title="Tocsin metrics", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(metrics_router(settings, refresh, beside_api=False))
    app.add_exception_handler(HTTPException, _handle_http_error)
    return SecurityHeadersMiddleware(app)


def _has_token(request: Request, token: str) -> bool:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(credentials.strip().encode(), token.encode())


async def _handle_http_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    status = error.status_code if isinstance(error, HTTPException) else 500
    return error_response(status, "Only GET /metrics is served on this port.")
