"""The worker that delivers notifications: when it works, and whose turn it is."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.channel_helpers import BOX, add_channel, told
from tests.notifications.helpers import (
    ALICE,
    START,
    Clock,
    mail,
    numbered,
    transport_to,
    tried,
    until,
    user,
    working,
)
from tests.outbound.servers import open_shared_client
from tests.outbound.smtp import Inbox, mail_server, silent_server
from tocsin.documents import Database, User
from tocsin.notifications import delivery_worker
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_order import FIRST_RETRY_DELAY


async def test_a_queued_mail_is_delivered_and_keeps_its_text(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        await enqueue_deliveries(database, [mail()], START)
        worker.wake()
        done = await tried(database, 1)
    assert [sent["Subject"] for sent in inbox.mails] == ["About u1/t1:0:began"]
    assert inbox.recipients == [ALICE]
    assert (done["status"], done["delivered_at"], done["text"]) == ("DELIVERED", START, mail()["text"])
    assert (done["lease_until"], done["claim"], done["last_error"]) == (None, None, None)


async def test_a_cause_that_is_queued_again_is_delivered_once(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        await enqueue_deliveries(database, [mail()], START)
        worker.wake()
        await tried(database, 1)
        await enqueue_deliveries(database, [mail(), mail("u1/t1:0:failed"), mail()], START)
        worker.wake()
        await tried(database, 1, "u1/t1:0:failed")
    assert [sent["Subject"] for sent in inbox.mails] == ["About u1/t1:0:began", "About u1/t1:0:failed"]


async def test_a_server_that_was_unavailable_gets_the_mail_once(database: Database, alice: User, time: Clock) -> None:
    async with mail_server(Inbox()) as port:
        pass
    inbox = Inbox()
    await enqueue_deliveries(database, [mail()], START)
    async with working(database, transport_to(port), clock=time) as worker:
        waiting = await tried(database, 1)
        assert waiting["status"] == "QUEUED"
        assert "cannot be used" in waiting["last_error"]
        assert START + FIRST_RETRY_DELAY <= waiting["next_try_at"] <= START + FIRST_RETRY_DELAY * 1.2
        async with mail_server(inbox, port):
            time.time = waiting["next_try_at"]
            worker.wake()
            done = await tried(database, 2)
            worker.wake()
    assert (done["status"], done["last_error"]) == ("DELIVERED", None)
    assert len(inbox.mails) == 1


async def test_a_delivery_does_not_wait_for_the_search_to_rest(database: Database, time: Clock) -> None:
    """The search rests for longer, the more deliveries of others are due."""
    await user("bob", "bob@example.org")
    inbox = Inbox()
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        worker._rest_until = float("inf")
        await enqueue_deliveries(database, numbered(1, "bob"), START)
        await tried(database, 1, "bob/00000")
    assert inbox.recipients == ["bob@example.org"]


async def test_what_becomes_due_does_not_wait_for_the_search_to_rest(
    database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a retry, or what another process has queued."""
    monkeypatch.setattr(delivery_worker, "_POLL_SECONDS", 0.05)
    await user("bob", "bob@example.org")
    inbox = Inbox()
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        worker.wake()
        await until(lambda: _at_rest(worker))
        worker._rest_until = float("inf")
        later = START + timedelta(hours=1)
        await database.deliveries.insert_many(numbered(1, "bob", queued_at=START, next_try_at=later))
        time.time = later
        await tried(database, 1, "bob/00000")
    assert inbox.recipients == ["bob@example.org"]


async def test_a_delivery_is_sent_as_soon_as_it_is_queued(database: Database, time: Clock) -> None:
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
        assert worker._lanes[0].owner_counts["u1"] == 4
    assert set(inbox.recipients) == {"bob@example.org"}


async def _share_is_used(worker: Any) -> bool:
    return bool(worker._lanes[0].owner_counts["u1"] == 4)


async def test_receivers_that_do_not_answer_leave_the_slots_of_mails(database: Database, time: Clock) -> None:
    """Channels of two owners take all slots that channels can have; the mail to a third is sent meanwhile."""
    owners = ("u1", "u2")
    await asyncio.gather(*(user(name, f"{name}@example.org") for name in (*owners, "u3")))

    async def slots_are_used() -> bool:
        return await database.deliveries.count_documents({"claim": {"$ne": None}}) >= 8

    async with (
        silent_server() as silent,
        mail_server(Inbox()) as port,
        open_shared_client() as http,
        working(database, transport_to(port), clock=time, http=http, secrets=BOX),
    ):
        for owner in owners:
            await add_channel(database, f"http://127.0.0.1:{silent}/", f"{owner}/c")
        slow = [told(number, f"{owner}/c", owner) for owner in owners for number in range(9)]
        await enqueue_deliveries(database, slow, START)
        await until(slots_are_used)
        await enqueue_deliveries(database, [*numbered(2, "u3"), *numbered(2, "u1")], START)
        for cause in ("u3/00000", "u3/00001", "u1/00000", "u1/00001"):
            assert (await tried(database, 1, cause))["status"] == "DELIVERED"
        assert await database.deliveries.count_documents({"channel": {"$ne": None}, "status": "DELIVERED"}) == 0
