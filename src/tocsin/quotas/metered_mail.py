"""The quota of mails that the jobs of an owner send."""

from collections.abc import Callable
from dataclasses import dataclass

from tocsin import clock
from tocsin.outbound.mail_errors import MailRefused
from tocsin.outbound.mail_message import MailMessage
from tocsin.outbound.mail_transport import ComposeExecutor, MailTransport, compose_inline
from tocsin.quotas.limits import Quota
from tocsin.quotas.meter import UsageMeter

MAIL_QUOTA_EXCEEDED = "the owner's quota MAILS_PER_DAY is used up; see `viewer { usage }`"


@dataclass(frozen=True, slots=True)
class MeteredMailTransport:
    """A mail transport that counts the mails of one owner.

    `find_transport` returns the transport for an owner. It is called for each mail: most attempts send none.
    """

    find_transport: Callable[[str], MailTransport]
    meter: UsageMeter
    owner: str

    async def send(self, message: MailMessage, executor: ComposeExecutor = compose_inline) -> None:
        """Send the mail. Raises MailUnavailable, and MailRefused, also if the quota is used up."""
        if not self.meter.consume(self.owner, Quota.MAILS_PER_DAY, clock.now()):
            raise MailRefused(MAIL_QUOTA_EXCEEDED)
        self.meter.add_bytes(self.owner, len(message.text) + 1_000)
        await self.find_transport(self.owner).send(message, executor)
