"""The ASGI application: the GraphQL API, pages for browsers, downloads, callbacks, public links, health, metrics."""

from collections.abc import Callable
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin.config import Settings
from tocsin.documents import is_unavailable
from tocsin.errors import DatabaseUnavailable
from tocsin.graphql.context import Services
from tocsin.graphql.errors import UNAVAILABLE_MESSAGE
from tocsin.web.access_log import AccessLogMiddleware
from tocsin.web.backpressure import BackpressureMiddleware
from tocsin.web.callbacks import callbacks_router
from tocsin.web.cors import PathCorsMiddleware
from tocsin.web.downloads import downloads_router
from tocsin.web.error_responses import INTERNAL_MESSAGE, error_response
from tocsin.web.graphql_http import GRAPHQL_PATH, StrictGraphQLRouter
from tocsin.web.health import HealthCheck, health_router
from tocsin.web.metrics import RefreshMetrics, metrics_router
from tocsin.web.pages import pages_router
from tocsin.web.public_status import public_status_router
from tocsin.web.security_headers import SecurityHeadersMiddleware
from tocsin.web.sessions import sessions_router
from tocsin.web.triggers import triggers_router
from tocsin.web.trusted_proxies import TrustedProxiesMiddleware
from tocsin.web.unsubscribe import unsubscribe_router
from tocsin.web.websocket_limit import WebSocketLimitMiddleware

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def create_app(
    services: Callable[[], Services], settings: Settings, check_health: HealthCheck, refresh: RefreshMetrics
) -> ASGIApp:
    """Return the application. `check_health` returns the health of each part, `refresh` updates the metrics."""
    app = FastAPI(title="Tocsin", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    graphql = StrictGraphQLRouter(services, settings)
    app.include_router(graphql)
    app.include_router(sessions_router(services, graphql))
    app.include_router(downloads_router(services))
    app.include_router(callbacks_router(services))
    app.include_router(unsubscribe_router(services))
    app.include_router(public_status_router(services))
    app.include_router(triggers_router(services))
    app.include_router(pages_router())
    app.include_router(metrics_router(settings, refresh, beside_api=True))
    app.include_router(health_router(check_health))
    app.add_exception_handler(HTTPException, _handle_http_error)
    app.add_exception_handler(DatabaseUnavailable, _handle_database_error)
    app.add_exception_handler(PyMongoError, _handle_database_error)
    app.add_exception_handler(Exception, _handle_error)
    served: ASGIApp = BackpressureMiddleware(_FirstRoute(GRAPHQL_PATH, graphql.serve_post, app))
    if settings.cors_origins:
        served = PathCorsMiddleware(served, GRAPHQL_PATH, settings.cors_origins)
    if settings.access_log:
        served = AccessLogMiddleware(served)
    return SecurityHeadersMiddleware(
        TrustedProxiesMiddleware(WebSocketLimitMiddleware(served), settings.trusted_proxies)
    )


class _FirstRoute:
    """Serves POST requests to one path by an application of their own: FastAPI takes 0.2 ms to find and call one."""

    def __init__(self, path: str, post: ASGIApp, others: ASGIApp) -> None:
        self._path, self._post, self._others = path, post, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or connection."""
        is_post = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == self._path
        await (self._post if is_post else self._others)(scope, receive, send)


async def _handle_http_error(request: Request, error: Exception) -> Response:
    """Answer a request that no route serves."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if isinstance(error, HTTPException) and status == 404 and error.detail == HTTPStatus.NOT_FOUND.phrase:
        return error_response(404, f"Nothing is served at this path. The API is at {GRAPHQL_PATH}.")
    if status == 405:
        allowed = ", ".join(_allowed_methods(request))
        return error_response(405, f"This path supports only {allowed}.", {"Allow": allowed})
    return error_response(status, str(getattr(error, "detail", "The request was refused.")))


def _allowed_methods(request: Request) -> list[str]:
    """Return the methods that some route serves at this path."""
    routes = request.app.router.routes
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    return [name for name, scope in scopes.items() if any(route.matches(scope)[0] is Match.FULL for route in routes)]


async def _handle_database_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    if not is_unavailable(error):
        raise error
    return error_response(503, UNAVAILABLE_MESSAGE)


async def _handle_error(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Answer an unexpected error. Starlette raises it again, and the outermost middleware logs it."""
    return error_response(500, INTERNAL_MESSAGE)
