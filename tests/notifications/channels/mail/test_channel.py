"""The mail channel, over a real database and a real SMTP server."""

from tests.harness import make_settings
from tests.notifications.helpers import (
    START,
    Clock,
    changed,
    mail,
    transport_to,
    tried,
    working,
)
from tests.outbound.smtp import Inbox, mail_server
from tocsin.documents import Database, User
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_attempts import MAX_RETRY_DELAY
from tocsin.quotas import Quota, QuotaLimits, UsageMeter
from tocsin.quotas.metered_mail import MAIL_QUOTA_EXCEEDED


async def test_beyond_the_quota_mails_of_tasks_are_given_up_and_others_are_sent(
    database: Database, alice: User, time: Clock
) -> None:
    meter, inbox = UsageMeter(QuotaLimits(make_settings(quota_mails_per_day=1))), Inbox()
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time, meter=meter) as worker:
        await enqueue_deliveries(database, [mail()], START)
        worker.wake()
        await tried(database, 1)
        account = mail("password:u1") | {"kind": "PASSWORD_CHANGED", "run": None}
        await enqueue_deliveries(
            database, [mail("u1/t2:0:began"), account, mail("u2/t1:0:began") | {"run": "u2/t1:1"}], START
        )
        worker.wake()
        refused = await tried(database, 1, "u1/t2:0:began")
        await tried(database, 1, "password:u1")
        await tried(database, 1, "u2/t1:0:began")
    assert (refused["status"], refused["last_error"]) == ("FAILED", MAIL_QUOTA_EXCEEDED)
    assert {sent["Subject"] for sent in inbox.mails} == {
        f"About {cause}" for cause in ("u1/t1:0:began", "password:u1", "u2/t1:0:began")
    }
    assert meter.drain_refusals() == {"u1": {Quota.MAILS_PER_DAY}}


async def test_a_mail_that_is_tried_again_counts_once(database: Database, alice: User, time: Clock) -> None:
    meter = UsageMeter(QuotaLimits(make_settings(quota_mails_per_day=1)))
    inbox = Inbox(rcpt=["450 later", "250 OK"])
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time, meter=meter) as worker:
        await enqueue_deliveries(database, [mail()], START)
        worker.wake()
        await tried(database, 1)
        time.time += MAX_RETRY_DELAY
        worker.wake()
        assert (await tried(database, 2))["status"] == "DELIVERED"
    assert meter.get_usage("u1", Quota.MAILS_PER_DAY, time()) == 1


async def test_a_mail_links_to_the_thing(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    text = "Hello,\n\nit is {page}.\n\nOpen:            {page}\n"
    await enqueue_deliveries(database, [changed(mail(), link="/playground?query=x", text=text)], START)
    page = "https://tocsin.test{}".format
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time, page=page):
        done = await tried(database, 1)
    expected = "Hello,\n\nit is {page}.\n\nOpen:            https://tocsin.test/playground?query=x\n"
    assert done["text"] == inbox.mails[0].get_content().replace("\r\n", "\n") == expected
