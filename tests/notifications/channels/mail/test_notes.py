"""The notes at the top of mails: about an incident since then, and about withheld mails."""

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from tests.notifications.helpers import (
    BEGAN,
    FAILED,
    START,
    Clock,
    changed,
    incident_mail,
    mail,
    statuses,
    stored,
    transport_to,
    tried,
    working,
)
from tests.notifications.incidents.samples import HOST_INCIDENT, incident
from tests.notifications.samples import failed_run, retried_run
from tests.outbound.smtp import Inbox, mail_server
from tocsin.documents import Database, User
from tocsin.notifications.channels.mail.layout import format_text, render_mail
from tocsin.notifications.channels.mail.notes import StoredMail, add_late_notes, add_withheld_note
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_order import FIRST_RETRY_DELAY
from tocsin.notifications.incident_stages import OVER_STAGE
from tocsin.notifications.run_events import TaskFailure


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


async def test_after_an_outage_one_mail_is_about_the_beginning_and_the_end(
    database: Database, alice: User, time: Clock
) -> None:
    begin = changed(incident_mail(0, 0), content=render_mail(TaskFailure.from_run(retried_run())).content)
    arrived = await sent_after_an_outage(database, time, begin, incident_mail(0, 1))
    assert [sent["Subject"] for sent in arrived] == [f"About {FAILED}"]
    assert await statuses(database) == {BEGAN: "SUPERSEDED", FAILED: "DELIVERED"}
    assert (await stored(database, BEGAN))["content"] is None
    text = (await stored(database, FAILED))["text"]
    assert text == (
        "Hello,\n\nYour task started failing at 22 Nov 2099, 09:00:00 UTC. This mail covers\n"
        "that too: the one about it could not be delivered.\n\nit failed.\n"
    )
    assert arrived[0].get_content().replace("\r\n", "\n") == text


async def test_a_mail_that_comes_late_says_that_the_task_works_again(
    database: Database, alice: User, time: Clock
) -> None:
    await database.db["tasks"].insert_one({"_id": "u1/t1", "incident": 1})
    arrived = await sent_after_an_outage(database, time, incident_mail(0, 0), incident_mail(0, 1))
    assert [sent["Subject"] for sent in arrived] == [f"About {FAILED} (it works again)"]
    assert "This mail is late: the task has worked again since then." in arrived[0].get_content()


async def text_at(database: Database, delivery: Any, age: timedelta = timedelta()) -> tuple[str, str]:
    """Return the subject and the text of a delivery that is sent at this age."""
    message = await add_late_notes(database, delivery, START + age)
    return message.subject, message.text


@pytest.mark.parametrize(
    ("incident", "age", "has_note"),
    [
        (1, FIRST_RETRY_DELAY, True),
        (1, FIRST_RETRY_DELAY - timedelta(seconds=1), False),
        (0, FIRST_RETRY_DELAY, False),
        (None, FIRST_RETRY_DELAY, False),
    ],
)
async def test_only_a_late_mail_says_that_its_workflow_works_again(
    database: Database, incident: int | None, age: timedelta, has_note: bool
) -> None:
    await database.db["workflows"].insert_one({"_id": "u1/1", "incident": incident})
    about = {"type": "Workflow", "id": "u1/1", "incident": 0, "stage": 1}
    subject, text = await text_at(database, changed(mail("x"), about=about), age)
    assert subject.endswith(" (it works again)") is has_note
    assert ("the workflow has worked again" in text) is has_note


async def test_a_mail_about_a_deleted_task_or_another_subject_stays_as_it_is(database: Database) -> None:
    approval = {"type": "Approval", "id": "u1/w1:ask:0:u1", "incident": 0, "stage": 1, "step": "ask"}
    deliveries = [incident_mail(0, 0), mail(), changed(mail("x"), about=approval)]
    for delivery in deliveries:
        assert await text_at(database, delivery, timedelta(days=1)) == (delivery["subject"], delivery["text"])


@pytest.mark.parametrize(("status", "has_note"), [("SUPERSEDED", True), ("DELIVERED", False), ("FAILED", False)])
async def test_an_end_covers_a_beginning_that_it_superseded(database: Database, status: str, has_note: bool) -> None:
    await enqueue_deliveries(database, [changed(incident_mail(0, 0), status=status)], START)
    note = "Your task started failing at 22 Nov 2099, 09:00:00 UTC."
    assert (note in (await text_at(database, incident_mail(0, 1)))[1]) is has_note
    assert note not in (await text_at(database, incident_mail(1, 1)))[1]


@pytest.mark.parametrize(
    ("count", "begins"),
    [(1, "1 earlier mail to you was not sent"), (2, "2 earlier mails to you were not sent")],
)
def test_withheld_mails_are_counted_in_a_note(count: int, begins: str) -> None:
    message = render_mail(TaskFailure.from_run(failed_run()))
    stored_mail = StoredMail.from_delivery(changed(mail(), text=message.text, content=message.content))
    noted = add_withheld_note(stored_mail, count)
    assert noted.text.startswith(f"Hello,\n\n{begins}")
    assert noted.content is not None
    assert noted.content.notes[0].startswith(begins)
    assert noted.text == format_text(noted.content)
    assert add_withheld_note(stored_mail, 0) == stored_mail


def test_a_mail_of_an_earlier_version_has_notes_in_its_text_only() -> None:
    noted = StoredMail.from_delivery(mail()).with_note("First.").with_note("Second.")
    assert (noted.text, noted.content) == ("Hello,\n\nSecond.\n\nFirst.\n\nit failed.\n", None)


@pytest.mark.parametrize(
    ("subject", "note"),
    [
        ({"subject_type": "Task", "subject": "u1/a"}, "This mail is late: the task has worked again since then."),
        ({}, "This mail is late: all of this has worked again since then."),
    ],
)
async def test_a_late_mail_about_a_host_says_whether_the_incident_is_over(
    database: Database, subject: Any, note: str
) -> None:
    about = {"type": "Incident", "id": "u1/h", "incident": 4, "stage": 1, "incident_id": HOST_INCIDENT, **subject}
    late: Any = {**mail(), "about": about}
    now = START + FIRST_RETRY_DELAY
    states: list[tuple[Any, bool]] = [
        ({"open": True}, False),
        ({"open": False}, False),
        ({"open": False, "recovered": True}, True),
        ({"open": True, "sequence": 5}, True),
    ]
    for changes, is_noted in states:
        await database.incidents.replace_one({"_id": HOST_INCIDENT}, incident(**changes), upsert=True)
        found = await add_late_notes(database, late, now)
        assert ((note in found.text), found.subject.endswith("(it works again)")) == (is_noted, is_noted), changes
    over: Any = {**late, "about": {**about, "stage": OVER_STAGE}}
    assert await add_late_notes(database, over, now) == StoredMail.from_delivery(over)
