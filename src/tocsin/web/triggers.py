"""`POST /triggers/{token}`: starts a run of a task or workflow by a signed link. Anyone who has the URL can.

Only POST starts anything, because programs that look at links, such as previews in chats, follow them with GET.
"""

import json
import math
from collections.abc import Callable, Sequence
from datetime import datetime

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from tocsin import clock
from tocsin.documents import PublicLinkKind, to_global_id
from tocsin.errors import (
    Conflict,
    IdempotencyKeyReused,
    NotFound,
    QuotaExceeded,
    RateLimited,
    StorageLow,
    UserError,
)
from tocsin.graphql.context import Services
from tocsin.notifications.pages import run_page_path, run_type_name
from tocsin.public_links.paths import TRIGGER_PATH
from tocsin.public_links.resolving import FoundLink, resolve_serial
from tocsin.public_links.store import record_use
from tocsin.public_links.triggering import TriggerCall, make_call_key, start_run
from tocsin.quotas import Quota
from tocsin.quotas.meter import find_reset_time
from tocsin.tasks import idempotency
from tocsin.web.error_responses import RequestRefused, error_response
from tocsin.web.public_status import LINK_NOT_FOUND, charge_address
from tocsin.web.trigger_requests import describe_request, parse_inputs, read_body

_COST, _FORGED_COST = 50.0, 500.0
"""The cost of a request to its network address, in points, and that of one without a valid token."""
_STORAGE_SECONDS = 60
"""Seconds after which it is worth trying again while there is no space."""
_MAX_ERRORS = 50
_KEY_HEADER = "Idempotency-Key"
_QUOTA_MESSAGE = "The owner of this URL has used up a quota, so no run was started."
_REUSED_MESSAGE = f"This {_KEY_HEADER} was used in the last 24 hours with another request. Use a new key."
_DELETED_MESSAGE = f"The run that was started with this {_KEY_HEADER} has been deleted. Use a new key."
_LOW_MESSAGE = "This server is short of disk space, so no run was started."


def triggers_router(services: Callable[[], Services]) -> APIRouter:
    """Return the route of triggers."""
    router = APIRouter(include_in_schema=False)

    async def trigger(token: str, request: Request) -> Response:
        return await _answer(services(), token, request)

    router.add_api_route(f"{TRIGGER_PATH}{{token}}", trigger, methods=["POST"])
    return router


async def _answer(services: Services, token: str, request: Request) -> Response:
    kind = PublicLinkKind.TRIGGER
    serial = services.public_links.read(kind, token) if services.settings.public_links else None
    if (refusal := await charge_address(services, request, _FORGED_COST if serial is None else _COST)) is not None:
        return refusal
    if serial is None:
        return error_response(404, LINK_NOT_FOUND)
    try:
        body = await read_body(request)  # first: whoever sends slowly could otherwise start a run after the link ended
        found = await resolve_serial(services.database, kind, serial)
        if found is None:
            return error_response(404, LINK_NOT_FOUND)
        await services.rates.count_trigger(found.link["_id"])
        services.disk.require_free_space()
        call = _read_call(services, found, request, body)
        return _accept(services, await services.abandoned_mutations.complete(_start(services, found, call)))
    except RequestRefused as refused:
        return error_response(refused.status_code, refused.reason, refused.headers)
    except RateLimited as limited:
        return error_response(429, limited.message, {"Retry-After": str(math.ceil(limited.retry_after))})
    except StorageLow:
        return error_response(503, _LOW_MESSAGE, {"Retry-After": str(_STORAGE_SECONDS)})
    except ClientDisconnect:
        return error_response(400, "The connection was closed before the request was complete.")
    except UserError as error:
        return _refuse(error, clock.now())


def _read_call(services: Services, found: FoundLink, request: Request, body: bytes) -> TriggerCall:
    """Read what a request asks for. A task has no inputs: what is sent to it is ignored. Raises RequestRefused."""
    given = None
    if found.workflow is not None:
        name = found.link.get("request_input")
        given = {name: describe_request(request, body)} if name else parse_inputs(body, _content_type(request))
    key = request.headers.get(_KEY_HEADER)
    if key is None:
        return TriggerCall(given, None)
    sent = b"" if found.workflow is None else b"\0".join((request.url.query.encode(), body))
    call = make_call_key(found, key, sent, services.fingerprint_key)
    if not call.is_valid:
        raise RequestRefused(400, f"{_KEY_HEADER} must have 1 to {idempotency.MAX_LENGTH} characters.")
    return TriggerCall(given, call)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "")


async def _start(services: Services, found: FoundLink, call: TriggerCall) -> str:
    now = clock.now()
    run_id = await start_run(services.database, services.versions, services.quotas, found, call, now)
    if found.task is not None:
        services.wakeups.runs_queued()
    else:
        services.wakeups.workflow_run_changed(run_id)
    await record_use(services.database, found.link, now)
    return run_id


def _accept(services: Services, run_id: str) -> Response:
    type_name = run_type_name(run_id)
    said = {
        "id": to_global_id(type_name, run_id),
        "type": type_name,
        "url": services.settings.page_url(run_page_path(run_id)),
    }
    return JSONResponse(said, 202, headers={"Cache-Control": "no-store"})


def _refuse(error: UserError, now: datetime) -> Response:
    """Answer what the owner of the link would be told, without telling anything about their account."""
    if isinstance(error, NotFound):  # deleted meanwhile
        return error_response(404, LINK_NOT_FOUND)
    if isinstance(error, QuotaExceeded):
        reset = find_reset_time(Quota.RUNS_PER_MINUTE, now)
        seconds = _STORAGE_SECONDS if reset is None else math.ceil((reset - now).total_seconds())
        return error_response(429, _QUOTA_MESSAGE, {"Retry-After": str(max(seconds, 1))})
    if isinstance(error, IdempotencyKeyReused):
        return error_response(422, _REUSED_MESSAGE)
    if isinstance(error, Conflict):
        return error_response(409, _DELETED_MESSAGE)
    return _invalid_inputs(error.all_errors)


def _invalid_inputs(faults: Sequence[UserError]) -> Response:
    errors = [
        {"message": fault.message, "extensions": {"code": "BAD_USER_INPUT", "input": ".".join(fault.path[1:]) or None}}
        for fault in faults[:_MAX_ERRORS]
    ]
    return Response(json.dumps({"errors": errors}), 422, None, "application/json")
