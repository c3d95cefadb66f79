"""`/status/{token}`: the public status page of a task or workflow, and its badge as SVG and JSON, by a signed link.

All links that are not in force get the same 404.
"""

import hashlib
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tocsin.documents import PublicLinkKind
from tocsin.errors import RateLimited
from tocsin.graphql.context import Services
from tocsin.public_links.paths import BADGE_NAME, SHIELDS_NAME, STATUS_NAME, STATUS_PATH
from tocsin.public_links.status import PublicStatus, SuccessRate
from tocsin.schedules.iso8601 import format_datetime, format_duration
from tocsin.security.gcra import network_key
from tocsin.web.badges import describe_for_shields, draw_badge
from tocsin.web.error_responses import error_response
from tocsin.web.status_page import CONTENT_SECURITY_POLICY, format_status_page

LINK_NOT_FOUND = "There is no such link. It may be incomplete, or was revoked."
_COST, _READING_COST, _FORGED_COST = 20.0, 500.0, 500.0
"""The cost of a view to its network address, in points, that of one for which the database is read (20 ms for a
workflow), and that of a request without a valid token."""
_METHODS = ["GET", "HEAD"]
_EMBEDDED = {
    "Cache-Control": "public, max-age=60",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}
"""Headers of what other sites show. It is the same for everyone, and no cookie is read."""
_PAGE = {
    "Cache-Control": "public, max-age=15",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True, slots=True)
class _View:
    """A form in which a status is shown."""

    draw: Callable[[PublicStatus], str]
    media_type: str
    headers: dict[str, str]


_VIEWS = {
    "": _View(format_status_page, "text/html; charset=utf-8", _PAGE),
    f"/{BADGE_NAME}": _View(lambda shown: draw_badge(shown.title, shown.state), "image/svg+xml", _EMBEDDED),
    f"/{SHIELDS_NAME}": _View(
        lambda shown: describe_for_shields(shown.title, shown.state), "application/json", _EMBEDDED
    ),
    f"/{STATUS_NAME}": _View(
        lambda shown: json.dumps(_to_json(shown), ensure_ascii=False), "application/json", _EMBEDDED
    ),
}


def public_status_router(services: Callable[[], Services]) -> APIRouter:
    """Return the routes of status pages and badges."""
    router = APIRouter(include_in_schema=False)
    for ending, view in _VIEWS.items():
        path = f"{STATUS_PATH}{{token}}{ending}"
        router.add_api_route(path, _make_endpoint(services, view), methods=_METHODS)
    return router


def _make_endpoint(services: Callable[[], Services], view: _View) -> Callable[[str, Request], Awaitable[Response]]:
    async def show(token: str, request: Request) -> Response:
        return await _show(services(), token, request, view)

    return show


async def _show(services: Services, token: str, request: Request, view: _View) -> Response:
    is_on = services.settings.public_links
    serial = services.public_links.read(PublicLinkKind.STATUS, token) if is_on else None
    if (refusal := await charge_address(services, request, _find_cost(services, serial))) is not None:
        return refusal
    status = None if serial is None else await services.public_statuses.get(serial)
    if status is None:
        return error_response(404, LINK_NOT_FOUND)
    return _respond(view.draw(status).encode(), request, view)


def _find_cost(services: Services, serial: str | None) -> float:
    if serial is None:
        return _FORGED_COST
    return _COST if services.public_statuses.is_known(serial) else _READING_COST


def _respond(body: bytes, request: Request, view: _View) -> Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**view.headers, "ETag": tag}
    if tag in (each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")):
        return Response(None, 304, headers)
    return Response(body, 200, headers, view.media_type)


async def charge_address(services: Services, request: Request, points: float) -> Response | None:
    """Charge the network address of a request. Return the response if it has reached its limit."""
    try:
        await services.rates.spend_points(network_key(request.client.host if request.client else ""), points)
    except RateLimited as refused:
        return error_response(429, refused.message, {"Retry-After": str(math.ceil(refused.retry_after))})
    return None


def _to_json(status: PublicStatus) -> dict[str, object]:
    last, since = status.last_run_at, status.failing_since
    return {
        "title": status.title,
        "state": status.state.name,
        "lastRunAt": None if last is None else format_datetime(last),
        "failingSince": None if since is None else format_datetime(since),
        "successRates": list(map(_rate_to_json, status.rates)),
        "outcomes": [{"status": each.status, "dueAt": format_datetime(each.due_at)} for each in status.outcomes],
    }


def _rate_to_json(rate: SuccessRate) -> dict[str, object]:
    return {
        "period": format_duration(rate.length),
        "completed": rate.completed,
        "failed": rate.failed,
        "percent": rate.percent,
        "isExact": rate.exact,
    }
