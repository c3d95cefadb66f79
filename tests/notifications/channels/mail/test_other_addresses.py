"""Mails to another address than that of the account, over a real database and a real SMTP server."""

import copy
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from tests.notifications.channels.mail.test_channel import delivery_of, part_of
from tests.notifications.channels.mail.test_texts import MAILS
from tests.notifications.helpers import (
    ALICE,
    START,
    Clock,
    changed,
    mail,
    statuses,
    stored,
    transport_to,
    tried,
    until,
    user,
    working,
)
from tests.notifications.samples import failed_run
from tests.outbound.smtp import Inbox, mail_server
from tocsin.documents import Database, MailPurpose, User
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.channels.base import ChannelContext, DeliveryRefused, DeliveryUnavailable
from tocsin.notifications.channels.mail import MailChannel
from tocsin.notifications.channels.mail.recipients import find_mail_address
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_attempts import MAX_RETRY_DELAY
from tocsin.notifications.events import ACCOUNT_EVENTS, Event
from tocsin.notifications.preferences.mail_addresses import BOUNCE_REST, mail_address_id
from tocsin.notifications.run_events import TaskFailure
from tocsin.outbound.mail_limits import RecipientLimits
from tocsin.security.unsubscribe_links import UnsubscribeLinks, digest_mailbox

OPS = "ops@example.org"
LINKS = UnsubscribeLinks((b"u" * 32,))
FAILURE = TaskFailure.from_run(failed_run(owner="u1"))


async def use_ops(database: Database, purpose: MailPurpose = MailPurpose.ALERTS, email: str | None = OPS) -> None:
    address = {"_id": mail_address_id("u1", purpose), "owner": "u1", "purpose": purpose.value, "email": email}
    await database.db["mail_addresses"].insert_one(address)


async def stored_address(database: Database) -> Any:
    return await database.mail_addresses.find_one({"_id": "u1/ALERTS"})


@asynccontextmanager
async def mail_channel(database: Database, inbox: Inbox, time: Clock, **options: Any) -> AsyncIterator[MailChannel]:
    async with mail_server(inbox) as port:
        given = {"unsubscribe_links": LINKS, "page": "https://tocsin.test{}".format, "clock": time, **options}
        yield MailChannel(ChannelContext(database, transport_to(port), **given))


async def delivered(database: Database, time: Clock, event: Event = FAILURE, **replies: Any) -> Inbox:
    inbox = Inbox(**replies)
    async with mail_channel(database, inbox, time) as channel:
        await channel.deliver(delivery_of(event))
    return inbox


def links_of(sent: EmailMessage) -> set[str]:
    return set(re.findall(r"https://tocsin\.test/unsubscribe/([^\s\">]+)", str(sent["List-Unsubscribe"])))


async def test_alerts_go_to_their_address_and_all_else_to_that_of_the_account(
    database: Database, alice: User, time: Clock
) -> None:
    await use_ops(database)
    others = [event for event, _, _ in MAILS if event.kind not in ACCOUNT_EVENTS]
    inbox = Inbox()
    async with mail_channel(database, inbox, time) as channel:
        for event in others:
            await channel.deliver(delivery_of(replace(event, owner="u1")))
    alerts = {
        "BEGAN_FAILING", "FAILED_FOR_GOOD", "STILL_FAILING", "RECOVERED", "INCIDENT_CLOSED", "ATTEMPT_FAILED",
        "TASK_PAUSED", "RUN_MISSED", "WORKFLOW_FAILED",
    }  # fmt: skip
    assert inbox.recipients == [OPS if event.kind in alerts else ALICE for event in others]
    assert set(inbox.recipients) == {OPS, ALICE}
    assert [str(sent["To"]) for sent in inbox.mails] == inbox.recipients


async def test_an_address_that_is_not_confirmed_gets_nothing(database: Database, alice: User, time: Clock) -> None:
    await use_ops(database, email=None)
    assert (await delivered(database, time)).recipients == [ALICE]


async def test_the_link_in_such_a_mail_is_for_that_address(database: Database, alice: User, time: Clock) -> None:
    await use_ops(database)
    (sent,) = (await delivered(database, time)).mails
    (token,) = links_of(sent)
    assert LINKS.read(token, START).mailbox == digest_mailbox(OPS)
    assert "A mail comes to this address when a task or workflow has failed." in part_of(sent, "plain")
    (sent,) = (await delivered(database, time, QuotaMet.from_quotas("u1", ["10 runs"], START))).mails
    (token,) = links_of(sent)
    assert LINKS.read(token, START).mailbox == ""


async def test_the_account_gets_a_mail_that_the_address_bounces_and_is_told_why(
    database: Database, alice: User, time: Clock
) -> None:
    await use_ops(database)
    inbox = await delivered(database, time, rcpt=["550 5.1.1 No such user"])
    assert inbox.recipients == [ALICE]
    text = " ".join(part_of(inbox.mails[0], "plain").split())
    assert f"This mail was meant for {OPS}, which the mail server refuses:" in text
    assert "550 5.1.1 No such user" in text
    assert "No such user" in part_of(inbox.mails[0], "html")
    address = await stored_address(database)
    assert (address["bounced_at"], "550 5.1.1 No such user" in address["last_error"]) == (START, True)


async def test_a_bouncing_address_is_left_alone_for_a_day_and_then_tried_again(
    database: Database, alice: User, time: Clock
) -> None:
    await use_ops(database)
    await delivered(database, time, rcpt=["550 5.1.1 No such user"])
    rested = await delivered(database, time, rcpt=["250 OK"])
    assert (rested.recipients, "was meant for" in part_of(rested.mails[0], "plain")) == ([ALICE], True)
    time.time += BOUNCE_REST
    again = await delivered(database, time)
    assert (again.recipients, "was meant for" in part_of(again.mails[0], "plain")) == ([OPS], False)
    address = await stored_address(database)
    assert (address["bounced_at"], address["last_error"], address["email"]) == (None, None, OPS)


@pytest.mark.parametrize(
    ("replies", "error", "has_bounced"),
    [
        ({"rcpt": ["450 4.2.1 Later"]}, DeliveryUnavailable, False),
        ({"data": "554 5.7.1 Looks like spam"}, DeliveryRefused, False),
        ({"rcpt": ["530 Log in first"]}, DeliveryUnavailable, False),
        ({"rcpt": ["550 No such user", "550 No such user"]}, DeliveryRefused, True),
    ],
)
async def test_only_a_refused_address_is_replaced(
    database: Database, alice: User, time: Clock, replies: Any, error: type[Exception], has_bounced: bool
) -> None:
    """A mail that is refused for what it says would be refused for the account too. The account has no other one."""
    await use_ops(database)
    inbox = Inbox(**copy.deepcopy(replies))
    async with mail_channel(database, inbox, time) as channel:
        with pytest.raises(error):
            await channel.deliver(delivery_of(FAILURE))
    assert inbox.mails == []
    assert ((await stored_address(database)).get("bounced_at") is not None) is has_bounced


async def test_a_process_that_dies_after_a_bounce_leaves_the_mail_to_the_account(
    database: Database, alice: User, time: Clock
) -> None:
    await use_ops(database)
    await enqueue_deliveries(database, [mail()], START)
    inbox = Inbox(rcpt=["550 No such user", "450 Later"])  # the second attempt fails, as if it had not been made
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        assert (await tried(database, 1))["status"] == "QUEUED"
        time.time += MAX_RETRY_DELAY
        worker.wake()
        assert (await tried(database, 2))["status"] == "DELIVERED"
    assert inbox.recipients == [ALICE]


async def test_the_limit_of_a_mailbox_holds_for_such_an_address(database: Database, alice: User, time: Clock) -> None:
    await use_ops(database)
    mails = [mail("a"), mail("b")]
    inbox = Inbox()

    async def ended() -> bool:
        return await database.deliveries.count_documents({"status": "QUEUED"}) == 0

    async with (
        mail_server(inbox) as port,
        working(database, transport_to(port), clock=time, limits=RecipientLimits(1, 1)),
    ):
        await enqueue_deliveries(database, mails, START)
        await until(ended)
    assert inbox.recipients == [OPS]
    assert sorted((await statuses(database)).values()) == ["DELIVERED", "SUPPRESSED"]


async def test_an_unconfirmed_account_has_no_mails_sent_anywhere(database: Database, time: Clock) -> None:
    await user(confirmed=False)
    await use_ops(database)
    await enqueue_deliveries(database, [mail()], START)
    async with mail_server(Inbox()) as port, working(database, transport_to(port), clock=time, confirms=True):
        assert (await tried(database, 1))["status"] == "SUPPRESSED"


# --- links to confirm such an address ---------------------------------------------------------------------------------


def confirmation(cause: str = "mail_address:x", **changes: Any) -> Any:
    return {**mail(cause), "kind": "ADDRESS_CONFIRMATION", "run": None, "to": OPS, **changes}


async def test_a_link_to_confirm_goes_to_the_address_itself(database: Database, alice: User, time: Clock) -> None:
    await enqueue_deliveries(database, [confirmation()], START)
    inbox = Inbox()
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time, confirms=True):
        await tried(database, 1, "mail_address:x")
    assert inbox.recipients == [OPS]


async def test_a_deactivated_account_has_no_stranger_mailed(database: Database, time: Clock) -> None:
    await User(id="u1", email=ALICE, password="-", is_active=False, created_at=START).insert()
    await enqueue_deliveries(database, [confirmation()], START)
    async with mail_server(Inbox()) as port, working(database, transport_to(port), clock=time):
        assert (await tried(database, 1, "mail_address:x"))["status"] == "FAILED"


async def test_such_links_cannot_use_up_the_account_mails_of_a_mailbox(
    database: Database, alice: User, time: Clock
) -> None:
    """A mailbox gets a quarter as many of them as of mails about its own account, however it is spelled."""
    await user("u2", OPS)
    spelled = ["ops@example.org", "o.ps@example.org", "op.s+x@example.org"]
    links = [confirmation(f"mail_address:{number}", to=to) for number, to in enumerate(spelled)]
    reset = changed(mail("reset:x"), kind="PASSWORD_RESET", owner="u2", run=None)
    inbox = Inbox()
    limits = RecipientLimits(max_mails=8, max_account_mails=8)

    async def ended() -> bool:
        return await database.deliveries.count_documents({"status": "QUEUED"}) == 0

    async with (
        mail_server(inbox) as port,
        working(database, transport_to(port), clock=time, limits=limits, confirms=True),
    ):
        await enqueue_deliveries(database, links, START)
        await until(ended)
        await enqueue_deliveries(database, [reset], START)
        await until(ended)
    assert sorted((await statuses(database)).values()) == ["DELIVERED", "DELIVERED", "DELIVERED", "SUPPRESSED"]
    assert (await stored(database, "reset:x"))["status"] == "DELIVERED"


async def test_an_operator_sees_where_a_mail_goes(database: Database, alice: User) -> None:
    await use_ops(database)
    assert await find_mail_address(database, changed(mail(), kind="APPROVAL"), START) == ALICE
    assert await find_mail_address(database, changed(mail(), kind="BEGAN_FAILING"), START) == OPS
    await database.db["users"].update_one({"_id": "u1"}, {"$set": {"is_active": False}})
    assert await find_mail_address(database, mail(), START) is None
