"""Other addresses for mails: which mails they get, and for how long they are left alone after they were refused.

`accounts/mail_address_flows.py` sets them up. Mails about the account and its security always go to its own address.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.documents import Changes, Database, DeliveryDocument, MailAddressDocument, MailPurpose
from tocsin.documents.updates import Expression, change_when, has_value
from tocsin.notifications.events import EventKind
from tocsin.security.unsubscribe_links import digest_mailbox

BOUNCE_REST = timedelta(days=1)
"""The time for which an address gets no mails after the mail server refused it."""
_PURPOSES: Mapping[str, MailPurpose] = {
    EventKind.BEGAN_FAILING: MailPurpose.ALERTS,
    EventKind.FAILED_FOR_GOOD: MailPurpose.ALERTS,
    EventKind.STILL_FAILING: MailPurpose.ALERTS,
    EventKind.RECOVERED: MailPurpose.ALERTS,
    EventKind.INCIDENT_CLOSED: MailPurpose.ALERTS,
    EventKind.ATTEMPT_FAILED: MailPurpose.ALERTS,
    EventKind.TASK_PAUSED: MailPurpose.ALERTS,
    EventKind.RUN_MISSED: MailPurpose.ALERTS,
    EventKind.WORKFLOW_FINISHED: MailPurpose.REPORTS,
    EventKind.WORKFLOW_FAILED: MailPurpose.ALERTS,
    EventKind.REPORT_READY: MailPurpose.REPORTS,
    EventKind.REPLAY_FINISHED: MailPurpose.REPORTS,
    EventKind.APPROVAL: MailPurpose.APPROVALS,
}
"""The kinds of mails that another address can get. All others go to the address of the account."""


@dataclass(frozen=True, slots=True)
class OtherAddress:
    """A confirmed address for the mails of a purpose. `refusal` is why it gets none at present."""

    id: str
    email: str
    refusal: str | None
    has_bounced: bool


def mail_address_id(user: str, purpose: MailPurpose) -> str:
    """Return the ID of the stored address for the mails of a purpose to a user."""
    return f"{user}/{purpose.value}"


def find_purpose(kind: str) -> MailPurpose | None:
    """Return the purpose of the mails of a kind; None if they always go to the address of the account."""
    return _PURPOSES.get(kind)


def find_delivery_purpose(delivery: DeliveryDocument) -> MailPurpose | None:
    """Return the purpose of a mail: of a digest that of all that it tells of, of others that of their kind."""
    purpose = delivery.get("purpose")
    return find_purpose(delivery["kind"]) if purpose is None else MailPurpose(purpose)


def kinds_of(purposes: Collection[MailPurpose]) -> set[EventKind]:
    """Return the kinds of mails that have one of these purposes."""
    return {EventKind(kind) for kind, purpose in _PURPOSES.items() if purpose in purposes}


async def find_used_purposes(database: Database, user: str) -> set[MailPurpose]:
    """Return the purposes whose mails go to a confirmed address that is not that of the account."""
    return {MailPurpose(each["purpose"]) for each in await list_mail_addresses(database, user) if each.get("email")}


async def list_mail_addresses(database: Database, user: str) -> list[MailAddressDocument]:
    """Return what is stored about the addresses of a user, by purpose."""
    ids = [mail_address_id(user, purpose) for purpose in MailPurpose]
    return await database.mail_addresses.find({"_id": {"$in": ids}}).sort("_id", 1).to_list()


async def find_other_address(
    database: Database, user: str, purpose: MailPurpose | None, now: datetime
) -> OtherAddress | None:
    """Return the confirmed address for mails of a purpose to a user; None if the account gets them."""
    if purpose is None:
        return None
    stored = await database.mail_addresses.find_one({"_id": mail_address_id(user, purpose)})
    if stored is None or (email := stored.get("email")) is None:
        return None
    bounced_at = stored.get("bounced_at")
    rests = bounced_at is not None and now < bounced_at + BOUNCE_REST
    return OtherAddress(stored["_id"], email, stored.get("last_error") if rests else None, bounced_at is not None)


async def record_bounce(database: Database, address: OtherAddress, error: str, now: datetime) -> None:
    """Record that the mail server refuses an address."""
    await _change(database, address, {"bounced_at": now, "last_error": error})


async def record_acceptance(database: Database, address: OtherAddress) -> None:
    """Record that the mail server accepts an address again."""
    if address.has_bounced:
        await _change(database, address, {"bounced_at": None, "last_error": None})


async def release_mailbox(
    database: Database,
    user: str,
    mailbox: str,
    purposes: Collection[MailPurpose],
    now: datetime,
    before: Callable[[MailAddressDocument], Awaitable[None]],
) -> list[MailPurpose]:
    """Send no mails of these purposes to the address with this digest any more, and return those that it had.

    The account gets them again. `before` is called with what is stored before each change.
    """
    wanted = {mail_address_id(user, purpose) for purpose in purposes}
    released = []
    for stored in await list_mail_addresses(database, user):
        email = stored.get("email")
        if stored["_id"] not in wanted or email is None or digest_mailbox(email) != mailbox:
            continue
        changes: Changes = {"email": None, "confirmed_at": None, "bounced_at": None, "last_error": None}
        await before(stored)
        stage = change_when(has_value("email", email), {**changes, "unsubscribed_at": now})
        result = await database.mail_addresses.update_one({"_id": stored["_id"]}, [stage])
        released += [MailPurpose(stored["purpose"])] if result.modified_count else []
    return released


async def _change(database: Database, address: OtherAddress, changes: Changes) -> None:
    """Change what is stored, unless another address was confirmed meanwhile."""
    stage: Expression = change_when(has_value("email", address.email), changes)
    await database.mail_addresses.update_one({"_id": address.id}, [stage])
