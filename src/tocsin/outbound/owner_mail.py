"""The transport for mails of one user's jobs, which requires a confirmed address and limits the mails to a mailbox."""

from tocsin.documents import Database
from tocsin.outbound.mail_errors import MailRefused, MailSuppressed, MailUnavailable
from tocsin.outbound.mail_limits import MailClass, MailLimiter, MailLimitReached, RecipientLimits, normalize_mailbox
from tocsin.outbound.mail_message import MailMessage
from tocsin.outbound.mail_transport import ComposeExecutor, MailTransport, compose_inline

UNCONFIRMED_MESSAGE = "Your email address is not confirmed, so your jobs send no mail."
UNCONFIRMED_HINT = "Open the link in the mail that came when you signed up; requestEmailConfirmation sends another one."


class OwnerMailTransport:
    """A transport for the mails of one user's jobs. `confirms` tells whether addresses must be confirmed."""

    def __init__(
        self, transport: MailTransport, database: Database, limits: RecipientLimits, owner: str, *, confirms: bool
    ) -> None:
        self._transport, self._database, self._owner, self._confirms = transport, database, owner, confirms
        self._limiter, self._limits = MailLimiter(database), limits

    async def send(self, message: MailMessage, executor: ComposeExecutor = compose_inline) -> None:
        """Send the mail. Raises MailSuppressed without asking the server. See `MailTransport.send`."""
        if self._confirms and not await self._is_confirmed():
            raise MailSuppressed(UNCONFIRMED_MESSAGE, UNCONFIRMED_HINT)
        try:
            reservation = await self._limiter.reserve(
                normalize_mailbox(message.to), *self._limits.limits_for(MailClass.WORK)
            )
        except MailLimitReached as reached:
            raise mailbox_limit_error(message.to, reached) from None
        try:
            await self._transport.send(message, executor)
        except (MailRefused, MailUnavailable):
            await self._limiter.release(reservation)
            raise

    async def _is_confirmed(self) -> bool:
        user = await self._database.users.find_one({"_id": self._owner}, {"email_confirmed": 1})
        return user is not None and bool(user.get("email_confirmed", True))


def mailbox_limit_error(to: str, reached: MailLimitReached) -> MailSuppressed:
    """Return the error for a mailbox that has reached its limit."""
    until = f"{reached.until:%Y-%m-%dT%H:%M:%SZ}"
    message = f"{to} has received {reached.limit.max_mails} mails in 24 hours, which is the limit."
    return MailSuppressed(message, f"The next one can go out at {until}; the operator sets TOCSIN_MAILS_PER_RECIPIENT.")
