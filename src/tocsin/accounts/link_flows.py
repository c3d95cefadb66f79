"""The flows behind mailed links: password reset, invitation, email confirmation."""

import asyncio
import math
from datetime import timedelta

from tocsin import clock, telemetry
from tocsin.accounts import audit
from tocsin.accounts.api_tokens import revoke_all_tokens
from tocsin.accounts.audit import Actor
from tocsin.accounts.emails import normalise_email
from tocsin.accounts.links import check_inviter, consume_link, create_link, find_link, link_invalid_error, revoke_links
from tocsin.accounts.sessions import Sessions, SessionTokens
from tocsin.accounts.users import confirm_email, create_user, email_taken_error, find_user_by_email, set_password
from tocsin.config import Settings
from tocsin.documents import AuditAction, Database, Link, LinkPurpose, User, delete_triggers
from tocsin.errors import Conflict, RateLimited, UserError, UserErrorCode
from tocsin.notifications.account_events import LinkRequested, link_event_id
from tocsin.notifications.deliveries import notify
from tocsin.outbound.mail_limits import LINK_MAILS_PER_HOUR, MailLimit, MailLimiter, MailLimitReached, normalize_mailbox
from tocsin.security.gcra import network_key
from tocsin.security.passwords import check_password, verify_password
from tocsin.security.secret_box import SecretBox

_HOUR = timedelta(hours=1)
_PER_MAILBOX = MailLimit("confirmation/mailbox", LINK_MAILS_PER_HOUR, _HOUR)
log = telemetry.get_logger(__name__)


async def invite_user(
    database: Database, settings: Settings, secrets: SecretBox, email: str, actor: Actor, *, is_admin: bool = False
) -> tuple[Link, str]:
    """Queue an invitation mail. Returns the link and its URL, for handing it over by other means.

    Earlier invitations to the address are revoked. The link becomes invalid when the inviter stops being an
    administrator. Raises UserError: INVALID, EMAIL_TAKEN.
    """
    address = normalise_email(email)
    if await User.find_one({"email": address}) is not None:
        raise email_taken_error()
    await revoke_links(database, address)
    link, path = await create_link(LinkPurpose.INVITATION, address, clock.now(), is_admin=is_admin, inviter=actor.id)
    url = settings.page_url(path)
    sealed = secrets.seal(url, link_event_id(link))
    inviter = None if actor.name == audit.COMMAND_LINE.name else actor.name
    await notify(database, [LinkRequested.from_link(link, sealed, inviter)])
    await audit.record(AuditAction.USER_INVITED, actor, email=address, detail="administrator" if is_admin else None)
    return link, url


class LinkFlows:
    """Password resets, invitations and email confirmations."""

    def __init__(self, database: Database, settings: Settings, secrets: SecretBox, sessions: Sessions) -> None:
        self._database, self._settings, self._secrets, self._sessions = database, settings, secrets, sessions
        self._limiter = MailLimiter(database)
        self._per_address = MailLimit("confirmation/address", settings.confirmations_per_address, _HOUR)
        self._background: set[asyncio.Task[None]] = set()

    async def request_password_reset(self, email: str, actor: Actor) -> None:
        """Mail a reset link to the user with this address, if there is one. Raises InvalidInput.

        Takes equally long for an unknown address: the work for a known one continues in the background.
        """
        user = await find_user_by_email(email)
        if user is not None and user.is_active:
            sending = asyncio.create_task(self._mail_reset(user, actor))
            self._background.add(sending)
            sending.add_done_callback(self._on_done)

    async def reset_password(self, token: str, password: str, actor: Actor) -> SessionTokens:
        """Set a new password for the user of a reset link, and log them in. Raises UserError: LINK_INVALID, INVALID.

        The link confirms the address. All earlier sessions, API tokens and triggers end.
        """
        now = clock.now()
        link = await find_link(token, LinkPurpose.RESET, now)
        check_password(password, link.email)
        await consume_link(self._database, link)
        user = await User.get(link.user or "")
        if user is None or not user.is_active:
            raise link_invalid_error()
        by = actor.as_user(user)
        confirmed = await confirm_email(self._database, user, by)
        await revoke_all_tokens(self._database, user.id)
        changed = await set_password(self._database, confirmed, password, by, action=AuditAction.PASSWORD_RESET)
        await delete_triggers(self._database, user.id)
        return await self._sessions.open(changed, actor, now)

    async def invite_user(self, email: str, is_admin: bool, actor: Actor) -> Link:
        """Mail an invitation. Raises UserError: INVALID, EMAIL_TAKEN."""
        link, _ = await invite_user(self._database, self._settings, self._secrets, email, actor, is_admin=is_admin)
        return link

    async def accept_invitation(self, token: str, password: str, actor: Actor) -> SessionTokens:
        """Create the account of an invitation, and log in. Raises UserError: LINK_INVALID, INVALID."""
        now = clock.now()
        link = await find_link(token, LinkPurpose.INVITATION, now)
        await check_inviter(link)
        check_password(password, link.email)
        await consume_link(self._database, link)
        action = AuditAction.INVITATION_ACCEPTED
        user = await create_user(link.email, password, actor, link.is_admin, action=action)
        return await self._sessions.open(user, actor, now)

    async def request_first_confirmation(self, user: User, actor: Actor) -> None:
        """Mail a confirmation link to a user who has just signed up, if the server requires confirmation.

        At the rate limit no mail is sent: the user can request one later.
        """
        try:
            await self.request_email_confirmation(user, actor)
        except Conflict:
            return
        except RateLimited as error:
            log.warning("no confirmation link was mailed to a new account", reason=error.message)

    async def request_email_confirmation(self, user: User, actor: Actor) -> None:
        """Mail a link to confirm the address, and revoke earlier ones.

        Raises Conflict where there is nothing to confirm, RateLimited after three mails to one mailbox within an hour
        or too many from one network address.
        """
        if not self._settings.requires_confirmed_addresses:
            raise Conflict("This server has no mail server, so addresses need no confirmation.")
        if user.email_confirmed:
            raise Conflict("Your email address is already confirmed.")
        await self._limit_confirmations(user.email, actor.address)
        await self._mail_link(LinkPurpose.CONFIRMATION, user)
        await audit.record(AuditAction.EMAIL_CONFIRMATION_REQUESTED, actor.as_user(user), user)

    async def confirm_email(self, token: str, password: str, actor: Actor) -> SessionTokens:
        """Confirm the address of a link with the password of its account, and log in.

        The password proves that the account's owner opened the link, not a stranger whose address was entered at
        sign-up. All earlier sessions, API tokens and triggers end. Raises UserError: LINK_INVALID, INVALID_CREDENTIALS.
        """
        now = clock.now()
        link = await find_link(token, LinkPurpose.CONFIRMATION, now)
        user = await User.get(link.user or "")
        if user is None or not user.is_active or user.email != link.email:
            raise link_invalid_error()
        if not await verify_password(password, user.password):
            await audit.record(AuditAction.LOG_IN_FAILED, actor, user, detail="while confirming the address")
            message = "This is not the password of the account to which the link belongs."
            raise UserError(UserErrorCode.INVALID_CREDENTIALS, message, ("password",))
        await consume_link(self._database, link)
        confirmed = await confirm_email(self._database, user, actor.as_user(user))
        return await self._sessions.open(confirmed, actor, now)

    async def _limit_confirmations(self, email: str, address: str) -> None:
        try:
            place = await self._limiter.reserve(network_key(address), self._per_address)
            try:
                await self._limiter.reserve(normalize_mailbox(email), _PER_MAILBOX)
            except MailLimitReached:
                await self._limiter.release(place)
                raise
        except MailLimitReached as reached:
            seconds = reached.seconds_left(clock.now())
            message = f"Too many confirmation mails: {reached} Try again in {math.ceil(seconds)} s."
            raise RateLimited(message, seconds) from None

    async def _mail_reset(self, user: User, actor: Actor) -> None:
        await self._mail_link(LinkPurpose.RESET, user)
        await audit.record(AuditAction.PASSWORD_RESET_REQUESTED, actor, user)

    async def _mail_link(self, purpose: LinkPurpose, user: User) -> None:
        """Queue a mail with a link to its user, and revoke earlier links for the same purpose."""
        await revoke_links(self._database, user.email, purpose)
        link, path = await create_link(purpose, user.email, clock.now(), user=user.id)
        sealed = self._secrets.seal(self._settings.page_url(path), link_event_id(link))
        await notify(self._database, [LinkRequested.from_link(link, sealed)])

    def _on_done(self, sending: "asyncio.Task[None]") -> None:
        self._background.discard(sending)
        if not sending.cancelled() and (error := sending.exception()) is not None:
            log.error("a password reset link was not mailed", exc_info=error)
