"""The mail channel, over a real database and a real SMTP server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

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
from tocsin.notifications.channels.base import (
    ChannelContext,
    DeliveryRefused,
    DeliverySuppressed,
    DeliveryUnavailable,
    Message,
)
from tocsin.notifications.channels.mail import MailChannel
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_attempts import MAX_RETRY_DELAY
from tocsin.quotas import Quota, QuotaLimits, UsageMeter
from tocsin.quotas.metered_mail import MAIL_QUOTA_EXCEEDED
from tocsin.security.secret_box import SecretBox

URL = "https://tocsin.test/reset?token=s3cret"


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


async def test_a_mail_links_to_the_page_of_its_subject(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    text = "Hello,\n\nit is {page}.\n\nOpen:            {page}\n"
    await enqueue_deliveries(database, [changed(mail(), link="/playground?query=x", text=text)], START)
    page = "https://tocsin.test{}".format
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time, page=page):
        done = await tried(database, 1)
    expected = "Hello,\n\nit is {page}.\n\nOpen:            https://tocsin.test/playground?query=x\n"
    assert done["text"] == inbox.mails[0].get_content().replace("\r\n", "\n") == expected


@asynccontextmanager
async def mail_channel(database: Database, inbox: Inbox, **options: Any) -> AsyncIterator[MailChannel]:
    async with mail_server(inbox) as port:
        yield MailChannel(ChannelContext(database, transport_to(port), clock=lambda: START, **options))


def sealed_mail(**changes: Any) -> Any:
    box = SecretBox(bytes(32))
    return changed(mail("reset:x"), text="Open {link} now.", sealed=box.seal(URL, "reset:x"), run=None, **changes)


async def test_a_link_is_in_the_sent_mail_only(database: Database, alice: User) -> None:
    inbox = Inbox()
    async with mail_channel(database, inbox, secrets=SecretBox(bytes(32))) as channel:
        assert await channel.deliver(sealed_mail()) == Message("About reset:x", "Open {link} now.")
    assert inbox.mails[0].get_content().strip() == f"Open {URL} now."


@pytest.mark.parametrize("secrets", [None, SecretBox(b"k" * 32)])
async def test_a_link_that_cannot_be_decrypted_is_refused(
    database: Database, alice: User, secrets: SecretBox | None
) -> None:
    inbox = Inbox()
    async with mail_channel(database, inbox, secrets=secrets) as channel:
        with pytest.raises(DeliveryRefused, match="its link cannot be decrypted"):
            await channel.deliver(sealed_mail())
    assert inbox.mails == []


async def test_a_link_of_another_mail_is_refused(database: Database, alice: User) -> None:
    async with mail_channel(database, Inbox(), secrets=SecretBox(bytes(32))) as channel:
        with pytest.raises(DeliveryRefused, match="its link cannot be decrypted"):
            await channel.deliver(changed(sealed_mail(), _id="reset:y"))


@pytest.mark.parametrize(
    ("reply", "confirmed", "error"),
    [
        ("550 5.1.1 No such user", True, DeliveryRefused),
        ("451 4.3.0 Later", True, DeliveryUnavailable),
        ("250 OK", False, DeliverySuppressed),
    ],
)
async def test_the_errors_of_mails_are_those_of_a_channel(
    database: Database, alice: User, reply: str, confirmed: bool, error: type[Exception]
) -> None:
    await database.users.update_one({"_id": "u1"}, {"$set": {"email_confirmed": confirmed}})
    async with mail_channel(database, Inbox(rcpt=[reply]), confirms=True) as channel:
        with pytest.raises(error):
            await channel.deliver(mail())


async def test_the_mail_has_the_id_of_its_delivery_in_each_try(database: Database, alice: User) -> None:
    inbox = Inbox()
    async with mail_channel(database, inbox) as channel:
        for delivery in (mail(), changed(mail(), tries=1), mail("u1/t2:0:began")):
            await channel.deliver(delivery)
    first, again, other = (each["Message-ID"] for each in inbox.mails)
    assert first == again != other
