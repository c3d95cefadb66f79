"""The mails of jobs: to whom, handed over once for each recipient, and noted for `tocsin mails`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator
from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.documents import Delivery, run_ids
from tocsin.jobs.base import ErrorKind, JobContext, Outcome
from tocsin.outbound.addresses import parse_address
from tocsin.outbound.mail import Attachment, MailRefused, MailUnavailable, call_here

log = telemetry.logger(__name__)
_COMPOSED_HERE = 64 * 1024
"""Bytes of attachments. To encode more takes too long for the event loop: 5 MB take 0.6 s."""
JOB_MAIL = "JOB"
"""The kind of delivery that a job handed over itself: `tocsin mails` shows it, and nobody else sends it."""


def _checked(address: str) -> str:
    parse_address(address)
    return address


Recipient = Annotated[str, AfterValidator(_checked)]
"""An address in the parameters of a job."""


@dataclass(frozen=True, slots=True)
class JobMail:
    """One mail to one recipient. `purpose` tells several mails of one run to the same recipient apart."""

    to: str
    subject: str
    text: str
    purpose: str = ""
    attachments: Sequence[Attachment] = ()

    @property
    def size(self) -> int:
        """Bytes of the attachments."""
        return sum(len(file.content) for file in self.attachments)

    def message_id(self, run_id: str) -> str:
        """The text that stands for this mail, the same at each attempt."""
        return " ".join(part for part in (run_id, self.purpose, self.to) if part)


async def send_mail(context: JobContext, mail: JobMail) -> Outcome | None:
    """Hand the mail over and note what became of it. Returns the failure, or None."""
    message_id = mail.message_id(context.run_id)
    try:
        caller = context.compute if mail.size > _COMPOSED_HERE else call_here
        await context.mail.send(mail.to, mail.subject, mail.text, message_id, mail.attachments, caller)
    except (MailRefused, MailUnavailable) as error:
        await _note(context, mail, str(error))
        message, retryable = f"The mail to {mail.to} was not taken: {error}", isinstance(error, MailUnavailable)
        return Outcome.failed(message, kind=ErrorKind.MAIL, retryable=retryable)
    log.info("mail delivered", kind=JOB_MAIL, **run_ids(context.run_id))
    await _note(context, mail, None)
    return None


async def _note(context: JobContext, mail: JobMail, error: str | None) -> None:
    """Note the mail as a delivery that has ended: a later attempt of the run writes over it."""
    now = clock.now()
    changes = {
        "owner": context.owner,
        "kind": JOB_MAIL,
        "run": context.run_id,
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "attachments": [file.name for file in mail.attachments],
        "status": "FAILED" if error else "DELIVERED",
        "queued_at": now,
        "next_try_at": now,
        "last_error": error,
        "delivered_at": None if error else now,
    }
    deliveries = Delivery.get_pymongo_collection()
    which = {"_id": mail.message_id(context.run_id)}
    try:
        await deliveries.update_one(which, {"$set": changes, "$inc": {"tries": 1}}, upsert=True)
    except PyMongoError as error:  # what was sent is sent: a note that is missing must not send it again
        log.warning("a mail of a job was not noted", **run_ids(context.run_id), error=str(error)[:300])
