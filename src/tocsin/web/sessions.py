"""`POST /session/graphql`: the API for the sessions of Tocsin's own pages, whose refresh token is kept in a cookie.

The cookie has no path of its own, so browsers send it only to where this is served, below whatever prefix a proxy adds.
A request counts only if it comes from a page of this origin. Elsewhere the API takes no cookies.
"""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from strawberry.http.websocket_origin import is_same_origin

from tocsin.graphql.accounts.refresh_cookies import RefreshCookie
from tocsin.graphql.context import Services
from tocsin.web.error_responses import error_response
from tocsin.web.graphql_http import StrictGraphQLRouter

SESSION_PATH = "/session/graphql"
_COOKIE = "tocsin_session"
_MAX_COOKIES = 8


def sessions_router(services: Callable[[], Services], graphql: StrictGraphQLRouter) -> APIRouter:
    """Return the route."""
    router = APIRouter(include_in_schema=False)

    async def serve(request: Request) -> Response:
        if not _is_of_own_page(request):
            return error_response(403, "Only pages of this server may use this path. Use the API without cookies.")
        if "text/event-stream" in ",".join(request.headers.getlist("accept")).lower():
            return error_response(406, "This path returns no event streams.")
        name = _cookie_name(services(), request)
        cookie = RefreshCookie(_read_cookies(request, name))
        response = await graphql.answer_page(request, cookie)
        _store(cookie, response, name, request, services().settings.refresh_token_days)
        return response

    router.add_api_route(SESSION_PATH, serve, methods=["POST"])
    return router


def _is_of_own_page(request: Request) -> bool:
    """Tell whether a page of this origin sent the request. Browsers name the origin of each POST request."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if origin is None or site not in (None, "same-origin"):
        return False
    return site is not None or is_same_origin(origin, request.headers.get("host"))


def _cookie_name(services: Services, request: Request) -> str:
    """Return the name of the cookie, which differs between installations: all ports of a host share their cookies."""
    prefix = "__Secure-" if _is_secure(request) else ""
    return f"{prefix}{_COOKIE}_{services.accounts.installation_tag}"


def _is_secure(request: Request) -> bool:
    """Tell whether the page came over https, perhaps to a proxy that ends it."""
    return request.headers.get("origin", "").lower().startswith("https:")


def _read_cookies(request: Request, name: str) -> tuple[str, ...]:
    """Return the different values of the cookie. If there are several, other sites of the domain have set some."""
    pairs = (pair.strip().partition("=") for pair in ";".join(request.headers.getlist("cookie")).split(";"))
    values = dict.fromkeys(value for given, _, value in pairs if given == name)
    return tuple(values)[:_MAX_COOKIES]


def _store(cookie: RefreshCookie, response: Response, name: str, request: Request, days: int) -> None:
    """Store or delete the cookie in the browser, if the operation has changed it."""
    if cookie.answer is None:
        return
    response.set_cookie(
        name,
        cookie.answer,
        max_age=days * 86_400 if cookie.answer else 0,
        path=None,
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )
