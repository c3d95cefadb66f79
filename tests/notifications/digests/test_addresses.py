"""A digest for each address: of the account, and of the purposes that other addresses get, sent by SMTP."""

import pytest

from tests.notifications.channels.mail.test_channel import part_of
from tests.notifications.digests.test_collection import A_MOMENT, DUE, HOUR, NOON, choose_daily, states, wait_until_due
from tests.notifications.helpers import ALICE
from tests.notifications.preferences.helpers import choose, desk, failure, tell
from tests.outbound.smtp import Inbox
from tocsin.documents import Database, MailAddressDocument, MailPurpose, User
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.digests import collection
from tocsin.notifications.digests.addresses import find_digest_kinds
from tocsin.notifications.preferences.mail_addresses import mail_address_id, release_mailbox
from tocsin.security.unsubscribe_links import digest_mailbox

OPS = "ops@example.org"
ALERTS = MailPurpose.ALERTS
QUOTA = QuotaMet.from_quotas("u1", ["10 runs"], NOON)


async def ignore(stored: MailAddressDocument) -> None:
    """Do nothing before an address is released: nobody is told here."""


async def use_ops(database: Database, purpose: MailPurpose = ALERTS) -> None:
    address = {"_id": mail_address_id("u1", purpose), "owner": "u1", "purpose": purpose.value, "email": OPS}
    await database.db["mail_addresses"].insert_one(address)


def sent_by_address(inbox: Inbox) -> dict[str, str]:
    """Return the text of the one mail to each address, on one line."""
    assert len(set(inbox.recipients)) == len(inbox.mails)
    texts = [" ".join(part_of(mail, "plain").split()) for mail in inbox.mails]
    return dict(zip(inbox.recipients, texts, strict=True))


async def test_each_address_gets_a_digest_of_its_mails(database: Database, alice: User) -> None:
    await choose_daily(database)
    await use_ops(database)
    async with desk(database) as working:
        await tell(database, QUOTA, at=NOON)
        await wait_until_due(working, 1, 2)
        await working.work_at(DUE)
        assert await working.work_at(DUE + 2 * HOUR) == []
        sent = sent_by_address(working.inbox)
    assert set(sent) == {OPS, ALICE}
    assert "You have 2 notifications. 2 failures." in sent[OPS]
    assert "You have 1 notification. 1 warning." in sent[ALICE]
    assert set((await states(database)).values()) == {"DELIVERED", "SUPERSEDED"}
    ids = {each for each in await states(database) if "/digest:" in each}
    assert ids == {"u1/digest:2026-11-23T07:00Z", "u1/digest:2026-11-23T07:00Z:ALERTS"}


async def test_the_alerts_do_not_take_the_room_of_the_others(
    database: Database, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "MAX_COLLECTED", 2)
    await choose_daily(database)
    await use_ops(database)
    async with desk(database) as working:
        await wait_until_due(working, 1, 2)
        await tell(database, QUOTA, at=NOON + HOUR)
        await working.work_at(NOON + HOUR)
        await working.work_at(DUE)
        assert set(sent_by_address(working.inbox)) == {OPS, ALICE}


async def test_the_account_gets_the_digest_of_an_address_that_has_ended_it(database: Database, alice: User) -> None:
    """Also one that is being sent."""
    await choose_daily(database)
    await use_ops(database)
    async with desk(database, Inbox(data="451 later")) as working:
        await wait_until_due(working, 1)
        assert await working.work_at(DUE) == []
        assert await release_mailbox(database, "u1", digest_mailbox(OPS), [ALERTS], DUE, ignore) == [ALERTS]
        working.inbox.data = "250 OK"
        assert await working.work_at(DUE + HOUR) == ['Task "Task 1" has failed']
        assert working.inbox.recipients[-1] == ALICE


async def test_a_refused_address_leaves_its_digest_to_the_account(database: Database, alice: User) -> None:
    await choose_daily(database)
    await use_ops(database)
    async with desk(database, Inbox(rcpt=["550 5.1.1 No such user"])) as working:
        await wait_until_due(working, 1)
        assert await working.work_at(DUE) == ['Task "Task 1" has failed']
        assert working.inbox.recipients == [ALICE]
        assert f"meant for {OPS}" in part_of(working.inbox.mails[0], "plain")


async def test_what_is_turned_off_meanwhile_is_not_in_a_digest_that_is_tried_again(
    database: Database, alice: User
) -> None:
    await choose_daily(database)
    async with desk(database, Inbox(data="451 later")) as working:
        await tell(database, QUOTA, at=NOON)
        await wait_until_due(working, 1)
        assert await working.work_at(DUE) == []
        await choose(database, mail_off=["FAILED_FOR_GOOD"])
        working.inbox.data = "250 OK"
        (subject,) = await working.work_at(DUE + HOUR)
        await working.work_at(DUE + 3 * HOUR + A_MOMENT)
        text = part_of(working.inbox.mails[-1], "plain")
    assert "Task 1" not in subject + text
    found = await states(database)
    assert (found[failure(1, at=NOON).id], found[QUOTA.id]) == ("SUPPRESSED", "SUPERSEDED")


async def test_a_digest_of_which_all_is_turned_off_meanwhile_is_not_sent(database: Database, alice: User) -> None:
    await choose_daily(database)
    async with desk(database, Inbox(data="451 later")) as working:
        await wait_until_due(working, 1)
        assert await working.work_at(DUE) == []
        await choose(database, mail_off=["FAILED_FOR_GOOD"])
        working.inbox.data = "250 OK"
        assert await working.work_at(DUE + HOUR) == []


async def test_the_kinds_of_a_digest_follow_its_address_and_the_preferences(database: Database) -> None:
    account = set(await find_digest_kinds(database, "u1", None))
    assert {"FAILED_FOR_GOOD", "QUOTA_MET", "REPORT_READY"} < account
    assert not account & {"APPROVAL", "PASSWORD_CHANGED"}
    await use_ops(database)
    await choose_daily(database, "BEGAN_FAILING", "QUOTA_MET")
    alerts = set(await find_digest_kinds(database, "u1", ALERTS))
    assert set(await find_digest_kinds(database, "u1", None)) == account - alerts - {"BEGAN_FAILING", "QUOTA_MET"}
    assert alerts == {
        "FAILED_FOR_GOOD", "STILL_FAILING", "RECOVERED", "INCIDENT_CLOSED", "ATTEMPT_FAILED", "TASK_PAUSED",
        "RUN_MISSED", "WORKFLOW_FAILED",
    }  # fmt: skip
