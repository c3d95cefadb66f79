"""Other addresses for mails: which mails they get, bounces, and their end by a link."""

from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.helpers import START
from tocsin.documents import Database, MailAddressDocument, MailPurpose
from tocsin.notifications.events import ACCOUNT_EVENTS, EventKind
from tocsin.notifications.preferences.mail_addresses import (
    BOUNCE_REST,
    OtherAddress,
    find_other_address,
    find_purpose,
    list_mail_addresses,
    mail_address_id,
    record_acceptance,
    record_bounce,
    release_mailbox,
)
from tocsin.security.unsubscribe_links import digest_mailbox

OPS = "ops@example.org"
ALERTS, APPROVALS, REPORTS = MailPurpose


async def store(database: Database, purpose: MailPurpose = ALERTS, user: str = "u1", **changes: Any) -> None:
    address = {"_id": mail_address_id(user, purpose), "owner": user, "purpose": purpose.value, "email": OPS, **changes}
    await database.db["mail_addresses"].insert_one(address)


async def find(database: Database, kind: str = "FAILED_FOR_GOOD", after: timedelta = timedelta()) -> Any:
    return await find_other_address(database, "u1", find_purpose(kind), START + after)


async def test_an_address_gets_the_mails_of_its_purpose(database: Database) -> None:
    await store(database)
    await store(database, APPROVALS, user="u2")
    found = OtherAddress("u1/ALERTS", OPS, None, has_bounced=False)
    assert [await find(database, kind) for kind in ("BEGAN_FAILING", "FAILED_FOR_GOOD")] == [found, found]
    assert [await find(database, kind) for kind in ("APPROVAL", "QUOTA_MET", "PASSWORD_CHANGED")] == [None] * 3
    assert [each["_id"] for each in await list_mail_addresses(database, "u1")] == ["u1/ALERTS"]


async def test_an_address_that_is_not_confirmed_gets_none(database: Database) -> None:
    await store(database, email=None, requested_email=OPS)
    assert await find(database) is None


@pytest.mark.parametrize("kind", sorted(ACCOUNT_EVENTS))
def test_mails_about_the_account_have_no_purpose(kind: EventKind) -> None:
    assert find_purpose(kind) is None


async def test_a_refused_address_rests_for_a_day_and_then_is_tried_again(database: Database) -> None:
    await store(database)
    await record_bounce(database, await find(database), "550 No such user", START)
    resting = await find(database, after=BOUNCE_REST - timedelta(seconds=1))
    assert (resting.refusal, resting.has_bounced) == ("550 No such user", True)
    again = await find(database, after=BOUNCE_REST)
    assert (again.refusal, again.has_bounced) == (None, True)
    await record_acceptance(database, again)
    assert await find(database) == OtherAddress("u1/ALERTS", OPS, None, has_bounced=False)


async def test_what_was_found_about_a_former_address_does_not_count(database: Database) -> None:
    await store(database)
    former = await find(database)
    await database.db["mail_addresses"].update_one({"_id": "u1/ALERTS"}, {"$set": {"email": "new@example.org"}})
    await record_bounce(database, former, "550", START)
    assert (await find(database)).refusal is None


async def test_a_mailbox_is_released_for_the_purposes_that_it_has(database: Database) -> None:
    await store(database, ALERTS, email="Ops@example.org")
    await store(database, APPROVALS, email="other@example.org")
    await store(database, REPORTS)
    mailbox = digest_mailbox(OPS)
    noted = list[str]()

    async def note(stored: MailAddressDocument) -> None:
        noted.append(stored["_id"])

    assert await release_mailbox(database, "u1", mailbox, [ALERTS], START, note) == [ALERTS]
    assert await release_mailbox(database, "u1", mailbox, [ALERTS], START, note) == []
    assert await release_mailbox(database, "u1", mailbox, list(MailPurpose), START, note) == [REPORTS]
    assert await release_mailbox(database, "u2", mailbox, list(MailPurpose), START, note) == []
    assert noted == ["u1/ALERTS", "u1/REPORTS"]
    stored = await list_mail_addresses(database, "u1")
    assert [(each.get("email"), each.get("unsubscribed_at")) for each in stored] == [
        (None, START), ("other@example.org", None), (None, START),
    ]  # fmt: skip
