"""Recipients, limits and timing of mails, over a real database and a real SMTP server."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.test_deliveries import ALICE, START, Clock, mail, stored, transport_to, tried, until, working
from tests.outbound.smtp import Inbox, mail_server
from tocsin.documents import Database, User
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.outbound.mail_limits import RecipientLimits


@pytest.fixture
def time() -> Clock:
    return Clock()


async def user(name: str = "u1", email: str = ALICE, *, confirmed: bool = True) -> User:
    return await User(id=name, email=email, password="-", email_confirmed=confirmed, created_at=START).insert()


def numbered(count: int, owner: str = "u1", **changes: Any) -> list[Any]:
    return [{**mail(f"{owner}/{number:05}"), "owner": owner, **changes} for number in range(count)]


async def sent(database: Database, time: Clock, mails: list[Any], **options: Any) -> Inbox:
    """Send these mails, and return the inbox once all of them have ended."""
    inbox = Inbox()

    async def ended() -> bool:
        return await database.deliveries.count_documents({"status": "QUEUED"}) == 0

    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time, **options):
        await enqueue_deliveries(database, mails, time.time)
        await until(ended)
    return inbox


async def statuses(database: Database) -> list[str]:
    return [each["status"] async for each in database.deliveries.find({}).sort("_id", 1)]


async def test_nothing_but_its_confirmation_and_a_reset_goes_to_an_unconfirmed_address(
    database: Database, time: Clock
) -> None:
    await user(confirmed=False)
    kinds = ["BEGAN_FAILING", "FAILED", "APPROVAL", "PASSWORD_CHANGED", "REFRESH_TOKEN_REUSED"]
    mails = [{**mail(kind), "kind": kind} for kind in [*kinds, "EMAIL_CONFIRMATION", "PASSWORD_RESET"]]
    inbox = await sent(database, time, mails, confirms=True)
    assert {each["Subject"] for each in inbox.mails} == {"About EMAIL_CONFIRMATION", "About PASSWORD_RESET"}
    for kind in kinds:
        held = await stored(database, kind)
        assert (held["status"], held["last_error"]) == (
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


async def test_a_mailbox_gets_only_so_many_mails_a_day_and_one_line_tells_of_the_rest(
    database: Database, time: Clock
) -> None:
    await user()
    inbox = await sent(database, time, numbered(8), limits=RecipientLimits(5, 1))
    assert (len(inbox.mails), sorted(await statuses(database))) == (5, ["DELIVERED"] * 5 + ["SUPPRESSED"] * 3)
    suppressed = await database.deliveries.find_one({"status": "SUPPRESSED"})
    assert suppressed is not None
    assert suppressed["last_error"] == f"{ALICE} has received 5 mails in 24 hours, which is the limit."
    reset = await sent(database, time, [{**mail("reset"), "kind": "PASSWORD_RESET"}], limits=RecipientLimits(5, 1))
    assert len(reset.mails) == 1
    time.time += timedelta(days=1)
    later = [await sent(database, time, [mail(name)], limits=RecipientLimits(5, 1)) for name in ("next", "after")]
    texts = [inbox.mails[0].get_content() for inbox in later]
    assert ["3 earlier mails to you were" in text for text in texts] == [True, False]


async def test_all_spellings_of_a_mailbox_count_together(database: Database, time: Clock) -> None:
    await asyncio.gather(user("u1", "ann+1@example.org"), user("u2", "a.nn+2@example.org"))
    inbox = await sent(database, time, numbered(4) + numbered(4, "u2"), limits=RecipientLimits(5, 1))
    assert len(inbox.mails) == 5


async def test_confirmed_addresses_that_are_spelled_alike_count_apart(database: Database, time: Clock) -> None:
    await asyncio.gather(user("u1", "john@example.org"), user("u2", "j.ohn@example.org"))
    theirs = await sent(database, time, numbered(9, "u2"), limits=RecipientLimits(5, 1), confirms=True)
    mine = await sent(database, time, numbered(4), limits=RecipientLimits(5, 1), confirms=True)
    assert (len(theirs.mails), len(mine.mails)) == (5, 4)


async def test_links_for_spellings_that_strangers_typed_leave_room_for_the_mailboxs_own_account(
    database: Database, time: Clock
) -> None:
    await asyncio.gather(user("u1", "ann@example.org"), user("u2", "a.nn+2@example.org", confirmed=False))
    limits = RecipientLimits(5, 4)
    typed = [{**each, "kind": "PASSWORD_RESET"} for each in numbered(6, "u2")]
    assert len((await sent(database, time, typed, limits=limits, confirms=True)).mails) == 1
    asked = [{**each, "kind": "PASSWORD_RESET"} for each in numbered(4)]
    assert len((await sent(database, time, asked, limits=limits, confirms=True)).mails) == 4


async def test_a_server_that_is_away_costs_no_place(database: Database, time: Clock) -> None:
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


async def test_what_anybody_queues_is_sent_at_once(database: Database, time: Clock) -> None:
    """The worker is woken without being known to the caller: polling would take seconds."""
    await user()
    async with mail_server(Inbox()) as port, working(database, transport_to(port), clock=time) as worker:
        await until(lambda: _at_rest(worker))
        await enqueue_deliveries(database, [mail()], START)
        assert worker._search._triggered.is_set()
        await tried(database, 1)


async def _at_rest(worker: Any) -> bool:
    return not worker._has_news and not worker._search._triggered.is_set()


async def test_thousands_of_mails_of_one_owner_at_a_slow_server_delay_nobody_else(
    database: Database, time: Clock
) -> None:
    """The server does not reply to the first owner's mails, but to the other's."""

    class Slow(Inbox):
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            if envelope.rcpt_tos == [ALICE]:
                await asyncio.Event().wait()
            return await super().handle_DATA(server, session, envelope)

    await asyncio.gather(user(), user("u2", "bob@example.org"))
    await enqueue_deliveries(database, numbered(2_000), START)
    inbox, bobs = Slow(), numbered(20, "u2")

    async def bob_has_his() -> bool:
        return len(inbox.mails) == len(bobs)

    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        await until(lambda: _share_is_used(worker))
        await enqueue_deliveries(database, bobs, START)
        await until(bob_has_his)
        assert worker._owner_counts["u1"] == 4
    assert set(inbox.recipients) == {"bob@example.org"}


async def _share_is_used(worker: Any) -> bool:
    return bool(worker._owner_counts["u1"] == 4)
