"""The recipients of mails and the limits of their mailboxes, over a real database and a real SMTP server."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.helpers import (
    ALICE,
    START,
    Clock,
    mail,
    numbered,
    statuses,
    stored,
    transport_to,
    tried,
    until,
    user,
    working,
)
from tests.outbound.smtp import Inbox, mail_server
from tocsin.documents import Database, User
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.events import SECURITY_EVENTS
from tocsin.outbound.mail_limits import RecipientLimits


async def sent(database: Database, time: Clock, mails: list[Any], **options: Any) -> Inbox:
    """Send these mails, and return the inbox once all of them have ended."""
    inbox = Inbox()

    async def ended() -> bool:
        return await database.deliveries.count_documents({"status": "QUEUED"}) == 0

    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time, **options):
        await enqueue_deliveries(database, mails, time.time)
        await until(ended)
    return inbox


@pytest.mark.parametrize("owner", ["gone", "deactivated"])
async def test_a_mail_without_a_recipient_fails(database: Database, time: Clock, owner: str) -> None:
    if owner == "deactivated":
        await User(id="u1", email=ALICE, password="-", is_active=False, created_at=START).insert()
    inbox = Inbox()
    await enqueue_deliveries(database, [mail()], START)
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time):
        done = await tried(database, 1)
    assert (done["status"], inbox.mails) == ("FAILED", [])
    assert done["last_error"].startswith("no recipient")


async def test_the_address_is_read_when_the_mail_is_sent(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    await enqueue_deliveries(database, [mail()], START)
    await database.db["users"].update_one({"_id": "u1"}, {"$set": {"email": "new@example.org"}})
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time):
        await tried(database, 1)
    assert inbox.recipients == ["new@example.org"]


async def test_nothing_but_its_confirmation_and_a_reset_goes_to_an_unconfirmed_address(
    database: Database, time: Clock
) -> None:
    await user(confirmed=False)
    kinds = ["BEGAN_FAILING", "FAILED", "APPROVAL", "PASSWORD_CHANGED", "REFRESH_TOKEN_REUSED"]
    mails = [{**mail(kind), "kind": kind} for kind in [*kinds, "EMAIL_CONFIRMATION", "PASSWORD_RESET"]]
    inbox = await sent(database, time, mails, confirms=True)
    assert {each["Subject"] for each in inbox.mails} == {"About EMAIL_CONFIRMATION", "About PASSWORD_RESET"}
    for kind in kinds:
        suppressed = await stored(database, kind)
        assert (suppressed["status"], suppressed["last_error"]) == (
            "SUPPRESSED",
            "the address is not confirmed, so nothing else is sent to it",
        )


async def test_an_account_from_before_and_one_without_a_mail_server_get_their_mails(
    database: Database, time: Clock
) -> None:
    await user(confirmed=False)
    await database.db["users"].insert_one({"_id": "u2", "email": "old@example.org", "is_active": True})
    old = await sent(database, time, [{**mail("old"), "owner": "u2"}], confirms=True)
    assert old.recipients == ["old@example.org"]
    assert (await sent(database, time, [mail("unasked")])).recipients == [ALICE]


async def test_mails_beyond_the_limit_of_a_mailbox_are_reported_in_the_next_one(
    database: Database, time: Clock
) -> None:
    await user()
    inbox = await sent(database, time, numbered(8), limits=RecipientLimits(5, 1))
    assert (len(inbox.mails), sorted((await statuses(database)).values())) == (
        5,
        ["DELIVERED"] * 5 + ["SUPPRESSED"] * 3,
    )
    suppressed = await database.deliveries.find_one({"status": "SUPPRESSED"})
    assert suppressed is not None
    assert suppressed["last_error"] == f"{ALICE} has received 5 mails in 24 hours, which is the limit."
    reset = await sent(database, time, [{**mail("reset"), "kind": "PASSWORD_RESET"}], limits=RecipientLimits(5, 1))
    assert len(reset.mails) == 1
    time.time += timedelta(days=1)
    later = [await sent(database, time, [mail(name)], limits=RecipientLimits(5, 1)) for name in ("next", "after")]
    texts = [inbox.mails[0].get_content() for inbox in later]
    assert ["3 earlier mails to you were" in text for text in texts] == [True, False]


async def test_no_news_about_the_security_of_an_account_uses_up_the_mails_of_others(
    database: Database, time: Clock
) -> None:
    await user()
    limits = RecipientLimits(5, 4)
    created = [{**each, "kind": "API_TOKEN_CREATED"} for each in numbered(4)]
    links = [{**mail(f"link{number}"), "kind": "PASSWORD_RESET"} for number in range(5)]
    inbox = await sent(database, time, [*created, *links], limits=limits)
    assert len(inbox.mails) == 1 + 4
    others = [{**mail(kind), "kind": kind} for kind in SECURITY_EVENTS - {"API_TOKEN_CREATED"}]
    assert len((await sent(database, time, others, limits=limits)).mails) == len(others) > 1


async def test_all_spellings_of_a_mailbox_count_together(database: Database, time: Clock) -> None:
    await asyncio.gather(user("u1", "ann+1@example.org"), user("u2", "a.nn+2@example.org"))
    inbox = await sent(database, time, numbered(4) + numbered(4, "u2"), limits=RecipientLimits(5, 1))
    assert len(inbox.mails) == 5


async def test_confirmed_addresses_that_are_spelled_alike_count_apart(database: Database, time: Clock) -> None:
    await asyncio.gather(user("u1", "john@example.org"), user("u2", "j.ohn@example.org"))
    theirs = await sent(database, time, numbered(9, "u2"), limits=RecipientLimits(5, 1), confirms=True)
    mine = await sent(database, time, numbered(4), limits=RecipientLimits(5, 1), confirms=True)
    assert (len(theirs.mails), len(mine.mails)) == (5, 4)


async def test_links_for_other_spellings_leave_room_for_the_account_of_the_mailbox(
    database: Database, time: Clock
) -> None:
    await asyncio.gather(user("u1", "ann@example.org"), user("u2", "a.nn+2@example.org", confirmed=False))
    limits = RecipientLimits(5, 4)
    typed = [{**each, "kind": "PASSWORD_RESET"} for each in numbered(6, "u2")]
    assert len((await sent(database, time, typed, limits=limits, confirms=True)).mails) == 1
    asked = [{**each, "kind": "PASSWORD_RESET"} for each in numbered(4)]
    assert len((await sent(database, time, asked, limits=limits, confirms=True)).mails) == 4


async def test_a_try_that_failed_does_not_use_up_the_limit(database: Database, time: Clock) -> None:
    await user()
    await enqueue_deliveries(database, [mail()], START)
    async with (
        mail_server(Inbox(data="451 later")) as port,
        working(database, transport_to(port), clock=time, limits=RecipientLimits(1, 1)) as worker,
    ):
        for tries in (1, 2):
            waiting = await tried(database, tries)
            time.time = waiting["next_try_at"]
            worker.wake()
        waiting = await tried(database, 3)
    time.time = waiting["next_try_at"]  # not before: the worker might claim the mail again, and be stopped with it
    assert (await sent(database, time, [], limits=RecipientLimits(1, 1))).recipients == [ALICE]
