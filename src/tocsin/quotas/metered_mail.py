"""The quota of mails that the jobs of an owner send."""

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin import clock
from tocsin.outbound.mail_transport import Attachment, Caller, MailDoor, MailRefused, call_here
from tocsin.quotas.limits import Quota
from tocsin.quotas.meter import UsageMeter

NO_MORE_TODAY = "the owner's quota MAILS_PER_DAY is used up; see `viewer { usage }`"


@dataclass(frozen=True, slots=True)
class CountedMail:
    """A mail transport that counts the mails of one owner."""

    door: MailDoor
    meter: UsageMeter
    owner: str

    async def send(
        self,
        to: str,
        subject: str,
        text: str,
        message_id: str,
        attachments: Sequence[Attachment] = (),
        caller: Caller = call_here,
    ) -> None:
        """Send the mail. Raises MailUnavailable, and MailRefused, also if the quota is used up."""
        if not self.meter.take(self.owner, Quota.MAILS_PER_DAY, clock.now()):
            raise MailRefused(NO_MORE_TODAY)
        self.meter.add_bytes(self.owner, len(text) + 1_000)
        await self.door.send(to, subject, text, message_id, attachments, caller)
