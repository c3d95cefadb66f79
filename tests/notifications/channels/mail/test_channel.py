"""The mail channel, over a real database and a real SMTP server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from tests.harness import make_settings
from tests.notifications.channels.mail.html_text import HtmlText
from tests.notifications.channels.mail.test_texts import MAILS
from tests.notifications.helpers import (
    START,
    Clock,
    changed,
    mail,
    transport_to,
    tried,
    working,
)
from tests.notifications.samples import WORKFLOW_RUN, failed_run, retried_run
from tests.outbound.smtp import Inbox, mail_server
from tocsin.documents import Database, DeliveryDocument, User
from tocsin.notifications.account_events import LinkRequested, QuotaMet
from tocsin.notifications.channels.base import (
    ChannelContext,
    DeliveryRefused,
    DeliverySuppressed,
    DeliveryUnavailable,
    Message,
)
from tocsin.notifications.channels.mail import MailChannel
from tocsin.notifications.channels.mail.layout import insert_link
from tocsin.notifications.deliveries import enqueue_deliveries, new_delivery
from tocsin.notifications.delivery_attempts import MAX_RETRY_DELAY
from tocsin.notifications.events import Event
from tocsin.notifications.run_events import ApprovalRequested, TaskFailure
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
    return changed(
        mail("reset:x"), text="Open:\n\n{link}\n\n{link}", sealed=box.seal(URL, "reset:x"), run=None, **changes
    )


async def test_a_link_is_in_the_sent_mail_only(database: Database, alice: User) -> None:
    inbox = Inbox()
    async with mail_channel(database, inbox, secrets=SecretBox(bytes(32))) as channel:
        assert await channel.deliver(sealed_mail()) == Message("About reset:x", "Open:\n\n{link}\n\n{link}")
    assert inbox.mails[0].get_content().split() == ["Open:", URL, "{link}"]


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


# --- in text and HTML -------------------------------------------------------------------------------------------------


def delivery_of(event: Event) -> DeliveryDocument:
    return new_delivery(event, "mail", MailChannel.render(event))


def part_of(sent: EmailMessage, kind: str) -> str:
    """Return the part of a mail that is plain or html."""
    body = sent.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize(("event", "subject"), [(event, subject) for event, subject, _ in MAILS])
async def test_each_mail_arrives_as_text_and_as_html(
    database: Database, alice: User, event: Event, subject: str
) -> None:
    inbox, box = Inbox(), SecretBox(bytes(32))
    if isinstance(event, LinkRequested):
        event = replace(event, sealed=box.seal(URL, event.id))
    delivery = delivery_of(replace(event, owner="u1"))
    async with mail_channel(database, inbox, secrets=box, page="https://tocsin.test{}".format) as channel:
        message = await channel.deliver(delivery)
    (sent,) = inbox.mails
    address = URL if isinstance(event, LinkRequested) else f"https://tocsin.test{event.page}"
    assert (sent["Subject"], sent.get_content_type(), sent["Auto-Submitted"]) == (
        subject, "multipart/alternative", "auto-generated",
    )  # fmt: skip
    assert [part.get_content_type() for part in sent.iter_parts()] == ["text/plain", "text/html"]
    assert part_of(sent, "plain") == insert_link(message.text, URL)
    hrefs = {given["href"] for tag, given in HtmlText(part_of(sent, "html")).tags if tag == "a"}
    assert hrefs == ({address} if event.page or isinstance(event, LinkRequested) else set())
    assert (address in part_of(sent, "plain")) is bool(hrefs)
    assert message.content is None


async def test_no_line_of_a_mail_is_long_whatever_its_language(database: Database, alice: User) -> None:
    inbox = Inbox()
    event = TaskFailure.from_run(failed_run(task_name="Gr\u00fc\u00dfe " * 12, owner="u1"))
    async with mail_channel(database, inbox) as channel:
        await channel.deliver(delivery_of(event))
    (sent,) = inbox.mails
    assert sent["Subject"] == f'Task "{event.task_name}" has failed'
    assert f'Your task "{event.task_name}" has failed.' in HtmlText(part_of(sent, "html")).shown
    (raw,) = inbox.contents
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 78


async def test_notes_are_in_both_parts(database: Database, alice: User, time: Clock) -> None:
    await database.db["tasks"].insert_one({"_id": "u1/t1", "incident": 4})
    inbox = Inbox()
    delivery = delivery_of(TaskFailure.from_run(failed_run()))
    async with mail_channel(database, inbox) as channel:
        await channel.deliver(changed(delivery, tries=1))
    note = "This mail is late: the task has worked again since then."
    assert note in part_of(inbox.mails[0], "plain")
    assert note in HtmlText(part_of(inbox.mails[0], "html")).shown
    assert "(it works again)" in HtmlText(part_of(inbox.mails[0], "html")).hidden


async def test_a_mail_that_an_earlier_version_queued_is_sent_as_text(database: Database, alice: User) -> None:
    inbox = Inbox()
    async with mail_channel(database, inbox) as channel:
        await channel.deliver(mail())
    assert inbox.mails[0].get_content_type() == "text/plain"


async def test_the_mails_about_one_incident_are_one_thread(database: Database, alice: User) -> None:
    waiting: Any = {"status": "WAITING", "started_at": START}
    requests = [
        ApprovalRequested.from_step(WORKFLOW_RUN, "ask", "u1", state)
        for state in (waiting, changed(waiting, reminders=1), changed(waiting, round=1))
    ]
    tasks = [retried_run(), failed_run(), failed_run(incident=4), failed_run(task="u1/t2")]
    events = [*map(TaskFailure.from_run, tasks), *requests]
    inbox = Inbox()
    async with mail_channel(database, inbox) as channel:
        for event in events:
            await channel.deliver(delivery_of(event))
        await channel.deliver(delivery_of(QuotaMet.from_quotas("u1", ["10 runs"], START)))
    *threads, none = [sent["References"] for sent in inbox.mails]
    began, failed, next_incident, other_task, asked, reminded, asked_again = threads
    assert (began, asked, none) == (failed, reminded, None)
    assert len({began, next_incident, other_task, asked, asked_again}) == 5
    assert threads == [sent["In-Reply-To"] for sent in inbox.mails[:-1]]
