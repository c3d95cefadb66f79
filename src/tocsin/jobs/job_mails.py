"""Mails of jobs: their recipients, sending, and the record of each for `tocsin mails`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator
from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.documents import Delivery, ErrorKind, User, run_log_ids
from tocsin.input_models import has_expression
from tocsin.jobs.base import JobContext, Outcome
from tocsin.outbound.email_addresses import parse_address, parse_distinct_addresses
from tocsin.outbound.mail_errors import MailRefused, MailSuppressed, MailUnavailable
from tocsin.outbound.mail_message import Attachment, MailMessage
from tocsin.outbound.mail_transport import compose_inline
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.value_bounds import ValuePath

log = telemetry.get_logger(__name__)
_MAX_BYTES_IN_LOOP = 64 * 1024
"""Bytes of attachments that are encoded in the event loop. More would block it: 5 MB take 0.6 s."""
JOB_MAIL_KIND = "JOB"
"""The kind of a delivery that a job sent itself: `tocsin mails` shows it, and nothing else sends it."""


def _validate_address(address: str) -> str:
    parse_address(address)
    return address


Recipient = Annotated[str, AfterValidator(_validate_address)]
"""An email address in the parameters of a job."""


@dataclass(frozen=True, slots=True)
class JobMail:
    """One mail to one recipient. `purpose` distinguishes several mails of one run to the same recipient."""

    to: str
    subject: str
    text: str
    purpose: str = ""
    attachments: Sequence[Attachment] = ()

    @property
    def attachment_bytes(self) -> int:
        """The size of the attachments in bytes."""
        return sum(len(file.content) for file in self.attachments)

    def make_message_id(self, run_id: str) -> str:
        """Return the identity of this mail, which is the same for each attempt."""
        return " ".join(part for part in (run_id, self.purpose, self.to) if part)


def find_addresses(place: str, value: Any) -> list[tuple[ValuePath, str]]:
    """Return the addresses in a parameter, which may be one or a list, without expressions."""
    given = (
        [((place, 0), value)]
        if isinstance(value, str)
        else [((place, at), each) for at, each in _enumerate_list(value)]
    )
    return [(path, each) for path, each in given if isinstance(each, str) and not has_expression(each)]


def _enumerate_list(value: Any) -> Iterable[tuple[int, Any]]:
    return enumerate(value) if isinstance(value, list) else ()


async def check_recipients(context: JobContext, addresses: Sequence[str]) -> Outcome | None:
    """Return a failed outcome if the settings forbid mail to one of the addresses; None if they allow all."""
    if not addresses:
        return None
    user = await User.get(context.owner)
    rules = RecipientRules(context.recipient_policy, user.email if user else "")
    stranger = next((to for to in parse_distinct_addresses(addresses) if not rules.is_allowed(to)), None)
    return None if stranger is None else Outcome.failed(f"Your jobs may not send mail to {stranger}.", rules.hint)


async def send_mail(context: JobContext, mail: JobMail) -> Outcome | None:
    """Send the mail and record the delivery. Returns a failed outcome, or None if it was sent."""
    message = MailMessage(mail.to, mail.subject, mail.text, mail.make_message_id(context.run_id), mail.attachments)
    try:
        executor = context.compute if mail.attachment_bytes > _MAX_BYTES_IN_LOOP else compose_inline
        await context.mail.send(message, executor)
    except MailSuppressed as error:
        await _record_delivery(context, mail, str(error), status="SUPPRESSED")
        return Outcome.failed(str(error), error.hint, kind=ErrorKind.MAIL)
    except (MailRefused, MailUnavailable) as error:
        await _record_delivery(context, mail, str(error))
        problem, retryable = f"The mail to {mail.to} was not accepted: {error}", isinstance(error, MailUnavailable)
        return Outcome.failed(problem, kind=ErrorKind.MAIL, retryable=retryable)
    log.info("mail delivered", kind=JOB_MAIL_KIND, **run_log_ids(context.run_id))
    await _record_delivery(context, mail, None)
    return None


async def _record_delivery(context: JobContext, mail: JobMail, error: str | None, status: str = "FAILED") -> None:
    """Record the mail as a finished delivery, which a later attempt of the run overwrites."""
    now = clock.now()
    changes = {
        "owner": context.owner,
        "kind": JOB_MAIL_KIND,
        "run": context.run_id,
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "attachments": [file.name for file in mail.attachments],
        "status": status if error else "DELIVERED",
        "queued_at": now,
        "next_try_at": now,
        "last_error": error,
        "delivered_at": None if error else now,
    }
    deliveries = Delivery.get_pymongo_collection()
    which = {"_id": mail.make_message_id(context.run_id)}
    try:
        await deliveries.update_one(which, {"$set": changes, "$inc": {"tries": 1}}, upsert=True)
    except PyMongoError as error:  # the mail is sent: a missing record must not cause it to be sent again
        log.warning("a mail of a job was not recorded", **run_log_ids(context.run_id), error=str(error)[:300])
