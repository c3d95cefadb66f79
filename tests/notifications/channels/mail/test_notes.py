"""The notes at the top of late mails."""

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from tests.notifications.helpers import (
    BEGAN,
    FAILED,
    START,
    Clock,
    incident_mail,
    statuses,
    stored,
    transport_to,
    tried,
    working,
)
from tests.outbound.smtp import Inbox, mail_server
from tocsin.documents import Database, User
from tocsin.notifications.deliveries import enqueue_deliveries


async def sent_after_an_outage(database: Database, time: Clock, begin: Any, end: Any) -> list[EmailMessage]:
    """Return the mails after an outage of the mail server that spans the first and the final failure."""
    async with mail_server(Inbox()) as port:
        pass
    inbox = Inbox()
    await enqueue_deliveries(database, [begin], START)
    async with working(database, transport_to(port), clock=time) as worker:
        await tried(database, 1, begin["_id"])
        time.time = START + timedelta(seconds=10)
        await enqueue_deliveries(database, [end], time.time)
        worker.wake()
        failed = await tried(database, 1, end["_id"])
        async with mail_server(inbox, port):
            time.time = failed["next_try_at"] + timedelta(hours=1)
            worker.wake()
            await tried(database, 2, end["_id"])
    return inbox.mails


async def test_after_an_outage_one_mail_tells_beginning_and_end(database: Database, alice: User, time: Clock) -> None:
    arrived = await sent_after_an_outage(database, time, incident_mail(0, 0), incident_mail(0, 1))
    assert [sent["Subject"] for sent in arrived] == [f"About {FAILED}"]
    assert await statuses(database) == {BEGAN: "SUPERSEDED", FAILED: "DELIVERED"}
    text = (await stored(database, FAILED))["text"]
    assert text == (
        "Hello,\n\nYour task started failing at 2026-11-22T09:00:00Z. This mail covers that\n"
        "too: the one about it could not be delivered.\n\nit failed.\n"
    )
    assert arrived[0].get_content().replace("\r\n", "\n") == text


async def test_a_mail_that_comes_late_says_that_the_task_works_again(
    database: Database, alice: User, time: Clock
) -> None:
    await database.db["tasks"].insert_one({"_id": "u1/t1", "incident": 1})
    arrived = await sent_after_an_outage(database, time, incident_mail(0, 0), incident_mail(0, 1))
    assert [sent["Subject"] for sent in arrived] == [f"About {FAILED} (it works again)"]
    assert "This mail is late: the task has worked again since then." in arrived[0].get_content()
