"""`/unsubscribe/{token}`: turns mails off by a signed link, with one click (RFC 8058) or by the buttons of a page.

Only POST changes anything, because scanners of mails follow links. Whoever has the link may use it, without logging
in: it can do nothing but turn mails off, or on again what it has turned off, and shows nothing about the account.
"""

import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tocsin import clock
from tocsin.accounts import Actor, audit
from tocsin.documents import AuditAction, MailPurpose, User
from tocsin.errors import RateLimited
from tocsin.graphql.context import Services
from tocsin.notifications.digests.addresses import find_digest_kinds
from tocsin.notifications.events import EventKind
from tocsin.notifications.pages import UNSUBSCRIBE_PATH
from tocsin.notifications.preferences.mail_addresses import find_other_address, find_purpose, kinds_of
from tocsin.notifications.preferences.unsubscribe import (
    DIGEST_LINKS,
    OPTIONAL_MAILS,
    find_mails_off,
    turn_mails_off,
    turn_mails_on,
)
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
        page = pages.refusal_page(429, refused.message, {"Retry-After": str(math.ceil(refused.retry_after))})
    except RequestRefused as refused:
        page = pages.refusal_page(refused.status_code, refused.reason, refused.headers)
    return page.to_response()


async def _find_page(services: Services, token: str, request: Request, act: _Act) -> PlainPage:
    """Return the page after the action. Raises LinkInvalid, LinkExpired, RateLimited or RequestRefused."""
    link = services.unsubscribe_links.read(token, clock.now())
    if link.kind not in OPTIONAL_MAILS and link.kind not in DIGEST_LINKS:  # of a later version, which ran before
        raise LinkInvalid("There are no mails of this kind.")
    await services.rates.spend_points(network_key(_address(request)), _COST)
    user = await User.get(link.user)
    return pages.GONE if user is None else await act(services, link, user, request)


async def _show(services: Services, link: UnsubscribeLink, _user: User, _request: Request) -> PlainPage:
    if link.mailbox:
        purpose = _find_purpose(link)
        other = await find_other_address(services.database, link.user, purpose, clock.now())
        gets = other is not None and digest_mailbox(other.email) == link.mailbox
        return pages.mailbox_question(_in_order(kinds_of([purpose]))) if gets and purpose else pages.MAILBOX_RELEASED
    kinds = await _find_kinds(services, link)
    on = set(kinds) - await find_mails_off(services.database, link.user)
    return (
        pages.kinds_question(kinds, is_digest=link.kind in DIGEST_LINKS)
        if on
        else _turned_off(services, link, kinds, kinds)
    )


async def _change(services: Services, link: UnsubscribeLink, user: User, request: Request) -> PlainPage:
    form = await read_form(request)
    if link.mailbox:
        purposes = list(MailPurpose) if _has_chosen_all(form) else [_find_purpose(link)]
        return await _release_mailbox(services, link, user, [each for each in purposes if each], request)
    if (undo := form.get(pages.TURN_ON)) is not None:
        on = _read_undo(services, link, undo)
        if changed := await turn_mails_on(services.database, link.user, on):
            await _record(AuditAction.MAILS_TURNED_ON, user, changed, request)
        return pages.turned_on(on)
    kinds = _in_order(OPTIONAL_MAILS) if _has_chosen_all(form) else await _find_kinds(services, link)
    changed = await turn_mails_off(services.database, link.user, kinds)
    if changed:
        await _record(AuditAction.MAILS_TURNED_OFF, user, changed, request)
    return _turned_off(services, link, kinds, changed or kinds)


def _turned_off(
    services: Services, link: UnsubscribeLink, kinds: Sequence[EventKind], changed: Sequence[EventKind]
) -> PlainPage:
    """Return the page with the button that turns on again what was `changed`, and nothing else."""
    return pages.turned_off(kinds, services.unsubscribe_links.sign_undo(link.user, changed, clock.now()))


async def _release_mailbox(
    services: Services, link: UnsubscribeLink, user: User, purposes: Sequence[MailPurpose], request: Request
) -> PlainPage:
    """End mails to an address that is not that of the account: who reads it there must not turn off the account's."""
    released = await services.mail_addresses.release_mailbox(user, link.mailbox, purposes, _actor(request))
    if released:
        await _record(AuditAction.MAIL_ADDRESS_REMOVED, user, released, request)
    return pages.MAILBOX_RELEASED


async def _find_kinds(services: Services, link: UnsubscribeLink) -> list[EventKind]:
    """Return the kinds of mails that a link turns off: its own, or all of which the digest can tell."""
    if link.kind not in DIGEST_LINKS:
        return [EventKind(link.kind)]
    return await find_digest_kinds(services.database, link.user, DIGEST_LINKS[link.kind])


def _find_purpose(link: UnsubscribeLink) -> MailPurpose | None:
    return DIGEST_LINKS[link.kind] if link.kind in DIGEST_LINKS else find_purpose(link.kind)


def _in_order(kinds: Collection[EventKind]) -> list[EventKind]:
    return [kind for kind in EventKind if kind in kinds]


def _has_chosen_all(form: Mapping[str, str]) -> bool:
    """Tell whether all mails are to be turned off, or those of the link. Raises RequestRefused for any other form."""
    if pages.ONE_CLICK.items() <= form.items() or form.get(pages.TURN_OFF) == pages.THIS:
        return False
    if form.get(pages.TURN_OFF) == pages.ALL:
        return True
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
