"""What works by a mailed link: a forgotten password, an invitation."""

import asyncio
from collections.abc import Callable

from tocsin import clock, telemetry
from tocsin.accounts import audit
from tocsin.accounts.audit import Actor
from tocsin.accounts.emails import normalise_email
from tocsin.accounts.links import check_inviter, find_link, forget_links, invalid_link, make_link, use_link
from tocsin.accounts.sessions import Grant, Sessions
from tocsin.accounts.users import create_user, email_taken, look_up_user, set_password
from tocsin.config import Settings
from tocsin.documents import AuditAction, Database, Link, LinkPurpose, User
from tocsin.notifications import account_mails, deliveries
from tocsin.security.passwords import check_password
from tocsin.security.secrets import SecretBox

log = telemetry.logger(__name__)


async def invite(
    database: Database, settings: Settings, secrets: SecretBox, email: str, actor: Actor, *, is_admin: bool = False
) -> tuple[Link, str]:
    """Queue an invitation; the link, and its address for those who hand it over by other means.

    A new one makes earlier ones worthless, and ends when its inviter is no administrator any more.
    Raises UserError: INVALID, EMAIL_TAKEN.
    """
    address = normalise_email(email)
    if await User.find_one({"email": address}) is not None:
        raise email_taken()
    await forget_links(database, address)
    link, path = await make_link(LinkPurpose.INVITATION, address, clock.now(), is_admin=is_admin, inviter=actor.id)
    url = settings.page(path)
    sealed = secrets.seal(url, account_mails.delivery_id(link))
    await deliveries.enqueue(database, [account_mails.invitation(actor.name, link, sealed)])
    await audit.record(AuditAction.USER_INVITED, actor, email=address, detail="administrator" if is_admin else None)
    return link, url


class Mailing:
    """Resets and invitations. `wake` is called after a mail was queued."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        secrets: SecretBox,
        sessions: Sessions,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._database, self._settings, self._secrets = database, settings, secrets
        self._sessions, self._wake = sessions, wake
        self._errands: set[asyncio.Task[None]] = set()

    async def request_reset(self, email: str, actor: Actor) -> None:
        """Mail a link to the user of this address, if there is one. Raises InvalidInput for what is no address.

        Takes as long for an unknown address: what is done for a known one is done after the answer.
        """
        user = await look_up_user(email)
        if user is not None and user.is_active:
            errand = asyncio.create_task(self._mail_reset(user, actor))
            self._errands.add(errand)
            errand.add_done_callback(self._done)

    async def reset(self, token: str, password: str, actor: Actor) -> Grant:
        """Give the user of a mailed link a new password and log him in. Raises UserError: LINK_INVALID, INVALID."""
        now = clock.now()
        link = await find_link(token, LinkPurpose.RESET, now)
        check_password(password, link.email)
        await use_link(self._database, link)
        user = await User.get(link.user or "")
        if user is None or not user.is_active:
            raise invalid_link()
        by = actor.known_as(user)
        changed = await set_password(self._database, user, password, by, action=AuditAction.PASSWORD_RESET)
        self._wake()
        return await self._sessions.open(changed, actor, now)

    async def invite(self, email: str, is_admin: bool, actor: Actor) -> Link:
        """Mail an invitation. Raises UserError: INVALID, EMAIL_TAKEN."""
        link, _ = await invite(self._database, self._settings, self._secrets, email, actor, is_admin=is_admin)
        self._wake()
        return link

    async def accept(self, token: str, password: str, actor: Actor) -> Grant:
        """Make the account that a mailed link invites to, and log in. Raises UserError: LINK_INVALID, INVALID."""
        now = clock.now()
        link = await find_link(token, LinkPurpose.INVITATION, now)
        await check_inviter(link)
        check_password(password, link.email)
        await use_link(self._database, link)
        action = AuditAction.INVITATION_ACCEPTED
        user = await create_user(link.email, password, actor, link.is_admin, action=action)
        return await self._sessions.open(user, actor, now)

    async def _mail_reset(self, user: User, actor: Actor) -> None:
        await forget_links(self._database, user.email)
        link, path = await make_link(LinkPurpose.RESET, user.email, clock.now(), user=user.id)
        sealed = self._secrets.seal(self._settings.page(path), account_mails.delivery_id(link))
        await deliveries.enqueue(self._database, [account_mails.password_reset(user, link, sealed)])
        self._wake()
        await audit.record(AuditAction.PASSWORD_RESET_REQUESTED, actor, user)

    def _done(self, errand: "asyncio.Task[None]") -> None:
        self._errands.discard(errand)
        if not errand.cancelled() and (error := errand.exception()) is not None:
            log.error("a link for a new password was not mailed", exc_info=error)
