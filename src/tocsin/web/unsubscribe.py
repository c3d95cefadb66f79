"""`/unsubscribe/{token}`: turns mails off by a signed link, with one click (RFC 8058) or by the buttons of a page.

Only POST changes anything, because scanners of mails follow links. Whoever has the link may use it, without logging
in: it can do nothing but turn mails off, or on again what it has turned off, and shows nothing about the account.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tocsin import clock
from tocsin.accounts import Actor, audit
from tocsin.documents import AuditAction, User
from tocsin.errors import RateLimited
from tocsin.graphql.context import Services
from tocsin.notifications.events import EventKind
from tocsin.notifications.pages import UNSUBSCRIBE_PATH
from tocsin.notifications.preferences.mail_addresses import find_other_address, find_purpose
from tocsin.notifications.preferences.unsubscribe import OPTIONAL_MAILS, find_mails_off, turn_mails_off, turn_mails_on
from tocsin.security.file_links import LinkExpired, LinkInvalid
from tocsin.security.gcra import network_key
from tocsin.security.unsubscribe_links import UnsubscribeLink, digest_mailbox
from tocsin.web import unsubscribe_pages as pages
from tocsin.web.error_responses import RequestRefused
from tocsin.web.forms import read_form
from tocsin.web.plain_pages import PlainPage

_COST = 200.0
"""Points that a request costs its network address."""


def unsubscribe_router(services: Callable[[], Services]) -> APIRouter:
    """Return the routes of the page."""
    router = APIRouter(include_in_schema=False)

    async def show(token: str, request: Request) -> Response:
        return await _answer(services(), token, request, _show)

    async def change(token: str, request: Request) -> Response:
        return await _answer(services(), token, request, _change)

    router.add_api_route(f"{UNSUBSCRIBE_PATH}{{token}}", show, methods=["GET", "HEAD"])
    router.add_api_route(f"{UNSUBSCRIBE_PATH}{{token}}", change, methods=["POST"])
    return router


_Act = Callable[[Services, UnsubscribeLink, User, Request], Awaitable[PlainPage]]


async def _answer(services: Services, token: str, request: Request, act: _Act) -> Response:
    try:
        page = await _find_page(services, token, request, act)
    except LinkExpired:
        page = pages.EXPIRED
    except LinkInvalid:
        page = pages.UNKNOWN
    except RateLimited as refused:
        page = pages.refuse(429, refused.message, {"Retry-After": str(math.ceil(refused.retry_after))})
    except RequestRefused as refused:
        page = pages.refuse(refused.status_code, refused.reason, refused.headers)
    return page.to_response()


async def _find_page(services: Services, token: str, request: Request, act: _Act) -> PlainPage:
    """Return the page after the action. Raises LinkInvalid, LinkExpired, RateLimited or RequestRefused."""
    link = services.unsubscribe_links.read(token, clock.now())
    if link.kind not in OPTIONAL_MAILS:  # of a later version, which ran before
        raise LinkInvalid("There are no mails of this kind.")
    await services.rates.spend_points(network_key(_address(request)), _COST)
    user = await User.get(link.user)
    return pages.GONE if user is None else await act(services, link, user, request)


async def _show(services: Services, link: UnsubscribeLink, _user: User, _request: Request) -> PlainPage:
    kind = EventKind(link.kind)
    if link.mailbox:
        other = await find_other_address(services.database, link.user, kind, clock.now())
        gets = other is not None and digest_mailbox(other.email) == link.mailbox
        return pages.ask_mailbox(kind) if gets else pages.MAILBOX_RELEASED
    off = await find_mails_off(services.database, link.user)
    return _turned_off(services, link, [kind], [kind]) if kind in off else pages.ask(kind)


async def _change(services: Services, link: UnsubscribeLink, user: User, request: Request) -> PlainPage:
    kind, form = EventKind(link.kind), await read_form(request)
    if link.mailbox:
        return await _release_mailbox(services, link, user, _find_choice(form, kind), request)
    if (undo := form.get(pages.TURN_ON)) is not None:
        on = _read_undo(services, link, undo)
        if changed := await turn_mails_on(services.database, link.user, on):
            await _record(AuditAction.MAILS_TURNED_ON, user, changed, request)
        return pages.turned_on(kind, on)
    kinds = _find_choice(form, kind)
    changed = await turn_mails_off(services.database, link.user, kinds)
    if changed:
        await _record(AuditAction.MAILS_TURNED_OFF, user, changed, request)
    return _turned_off(services, link, kinds, changed or [kind])


def _turned_off(
    services: Services, link: UnsubscribeLink, kinds: Sequence[EventKind], changed: Sequence[EventKind]
) -> PlainPage:
    """Return the page with the button that turns on again what was `changed`, and nothing else."""
    return pages.turned_off(kinds, services.unsubscribe_links.sign_undo(link.user, changed, clock.now()))


async def _release_mailbox(
    services: Services, link: UnsubscribeLink, user: User, kinds: list[EventKind], request: Request
) -> PlainPage:
    """End mails to an address that is not that of the account: who reads it there must not turn off the account's."""
    purposes = {purpose for kind in kinds if (purpose := find_purpose(kind)) is not None}
    released = await services.mail_addresses.release_mailbox(user, link.mailbox, purposes, _actor(request))
    if released:
        await _record(AuditAction.MAIL_ADDRESS_REMOVED, user, released, request)
    return pages.MAILBOX_RELEASED


def _find_choice(form: Mapping[str, str], kind: EventKind) -> list[EventKind]:
    """Return the kinds to be turned off. Raises RequestRefused unless the form says which."""
    if pages.ONE_CLICK.items() <= form.items() or form.get(pages.TURN_OFF) == pages.THIS:
        return [kind]
    if form.get(pages.TURN_OFF) == pages.ALL:
        return sorted(OPTIONAL_MAILS)
    raise RequestRefused(400, "The request must have the field List-Unsubscribe with the value One-Click.")


def _read_undo(services: Services, link: UnsubscribeLink, undo: str) -> list[EventKind]:
    """Return the kinds of mails that the button of a page turns on again. Raises RequestRefused."""
    try:
        kinds = services.unsubscribe_links.read_undo(undo, link.user, clock.now())
    except (LinkExpired, LinkInvalid):
        raise RequestRefused(400, pages.UNDO_OVER) from None
    return sorted(OPTIONAL_MAILS.intersection(kinds))


async def _record(action: AuditAction, user: User, what: Sequence[str], request: Request) -> None:
    await audit.record(action, _actor(request), user, detail=", ".join(what))


def _actor(request: Request) -> Actor:
    agent = request.headers.get("user-agent", "")
    return Actor(name="link in a mail", address=_address(request), user_agent=agent)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
