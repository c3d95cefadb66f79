"""Which digest tells of what: one for the address of the account, and one for each purpose that another address gets.

The link in a digest turns off the kinds of mails that it can tell of, which are found when the link is used.
"""

from datetime import datetime

from tocsin.documents import Database, DeliveryDocument, Filter, MailPurpose
from tocsin.notifications.events import EventKind
from tocsin.notifications.preferences.hold_backs import NEVER_COLLECTED
from tocsin.notifications.preferences.mail_addresses import (
    find_delivery_purpose,
    find_purpose,
    find_used_purposes,
    kinds_of,
)
from tocsin.notifications.preferences.store import find_preferences
from tocsin.notifications.preferences.unsubscribe import OPTIONAL_MAILS


def digest_id(owner: str, due: datetime, purpose: MailPurpose | None = None) -> str:
    """Return the ID of the delivery of the digest of this user, for the address of a purpose, that is due then."""
    return f"{owner}/digest:{due:%Y-%m-%dT%H:%MZ}{'' if purpose is None else f':{purpose}'}"


async def find_digest_purpose(database: Database, delivery: DeliveryDocument) -> MailPurpose | None:
    """Return the purpose whose digest tells of a delivery; None for the digest of the account."""
    purpose = find_purpose(delivery["kind"])
    if purpose is None or purpose not in await find_used_purposes(database, delivery["owner"]):
        return None
    return purpose


async def select_kinds(database: Database, digest: DeliveryDocument) -> Filter:
    """Return the filter for the deliveries that belong to the address of this digest, by their kind."""
    purpose = find_delivery_purpose(digest)
    if purpose is not None:
        return {"kind": {"$in": sorted(kinds_of([purpose]))}}
    return {"kind": {"$nin": sorted(kinds_of(await find_used_purposes(database, digest["owner"])))}}


# --- what the link in a digest turns off ------------------------------------------------------------------------------


async def find_digest_kinds(database: Database, owner: str, purpose: MailPurpose | None) -> list[EventKind]:
    """Return the kinds of which the digests for the address of a purpose, or of the account, can tell at present."""
    plan = (await find_preferences(database, [owner]))[owner].digest
    others = await find_used_purposes(database, owner) if purpose is None else ()
    own = OPTIONAL_MAILS - kinds_of(others) if purpose is None else kinds_of([purpose])
    return [kind for kind in EventKind if kind in own and kind not in NEVER_COLLECTED | plan.except_kinds]
