"""Mails of jobs: to whom, and what is recorded of each."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pymongo.errors import AutoReconnect

from tests.jobs.test_base import CONTEXT
from tests.jobs.test_email import attempt
from tests.outbound.smtp import Inbox, mail_server
from tocsin import clock
from tocsin.documents import Database, Delivery, ErrorKind, User
from tocsin.jobs.job_mails import JobMail, Recipient, check_recipients, find_addresses
from tocsin.outbound.mail_message import Attachment

MAIL = {"to": "alice@example.com", "subject": "Result", "body": "It is 5.\n"}


@pytest.fixture
async def alice(database: Database) -> User:
    user = User(
        id="alice", email="alice@example.com", password="", is_admin=False, is_active=True, created_at=clock.now()
    )
    await user.insert()
    return user


async def test_a_server_that_is_away_is_tried_again_and_one_that_refuses_is_not(alice: User) -> None:
    async with mail_server(Inbox(data="451 later")) as port:
        later = await attempt(port, MAIL)
    async with mail_server(Inbox(data="554 never")) as port:
        never = await attempt(port, MAIL)
    away = await attempt(port, MAIL)
    errors = [outcome.error for outcome in (later, never, away)]
    assert [error and (error.kind, error.retryable) for error in errors] == [
        (ErrorKind.MAIL, True),
        (ErrorKind.MAIL, False),
        (ErrorKind.MAIL, True),
    ]


async def test_each_mail_is_recorded_with_its_outcome(alice: User, database: Database) -> None:
    files = [{"name": "a.txt", "text": "text"}]
    recipients = ["alice@example.com", "bob@example.com"]
    given = {**MAIL, "to": recipients, "attachments": files}
    async with mail_server(Inbox(rcpt=["250 OK", "451 4.7.1 Greylisted", "250 OK", "250 OK"])) as port:
        assert (await attempt(port, given, "any")).error is not None
        recorded = {mail["to"]: mail async for mail in database.deliveries.find({})}
        assert [recorded[to]["status"] for to in recipients] == ["DELIVERED", "FAILED"]
        assert "451 4.7.1 Greylisted" in (recorded["bob@example.com"]["last_error"] or "")
        assert (await attempt(port, given, "any")).error is None
    again = {mail["to"]: mail async for mail in database.deliveries.find({})}
    assert [(again[to]["status"], again[to]["tries"], again[to]["last_error"]) for to in recipients] == [
        ("DELIVERED", 2, None),
        ("DELIVERED", 2, None),
    ]
    mail = again["bob@example.com"]
    assert (mail["owner"], mail["kind"], mail["run"]) == ("alice", "JOB", "alice/t1:7")
    assert (mail["subject"], mail["text"], mail["attachments"]) == ("Result", "It is 5.\n", ["a.txt"])
    assert Delivery.model_validate(mail).id == mail["_id"]


async def test_a_mail_that_cannot_be_recorded_is_not_sent_again(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the database between the mail server's 250 and the record, which no real database can be timed to do."""

    class Gone:
        async def update_one(self, *_: Any, **__: Any) -> None:
            raise AutoReconnect("gone")

    monkeypatch.setattr(Delivery, "get_pymongo_collection", Gone)
    inbox = Inbox()
    async with mail_server(inbox) as port:
        outcome = await attempt(port, MAIL)
    assert (outcome.error, len(inbox.mails)) == (None, 1)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a@b.test", [(("to", 0), "a@b.test")]),
        (["a@b.test", "${{ inputs.to }}", 5, "c@d.test"], [(("to", 0), "a@b.test"), (("to", 3), "c@d.test")]),
        ("${{ inputs.to }}", []),
        (None, []),
        ({"a": "b"}, []),
    ],
)
def test_addresses_are_found_with_their_places_and_without_expressions(value: Any, found: list[Any]) -> None:
    assert find_addresses("to", value) == found


def test_a_mail_is_the_same_for_each_attempt_and_differs_by_recipient_and_purpose() -> None:
    mails = [JobMail("a@b.test", "S", "t"), JobMail("c@d.test", "S", "t"), JobMail("a@b.test", "S", "t", "report")]
    ids = [mail.make_message_id("alice/t1:7") for mail in mails]
    assert ids == ["alice/t1:7 a@b.test", "alice/t1:7 c@d.test", "alice/t1:7 report a@b.test"]
    files = [Attachment("a", "text/plain", b"123"), Attachment("b", "text/plain", b"45")]
    assert replace(mails[0], attachments=files).attachment_bytes == 5


async def test_the_owner_is_looked_up_for_the_rules(alice: User) -> None:
    assert await check_recipients(CONTEXT, []) is None
    assert await check_recipients(CONTEXT, ["Alice@example.com"]) is None
    refused = await check_recipients(CONTEXT, ["alice@example.com", "eve@example.com"])
    assert refused is not None
    assert refused.error is not None
    assert refused.error.message == "Your jobs may not send mail to eve@example.com."
    assert "TOCSIN_EMAIL_RECIPIENTS" in (refused.error.hint or "")
    assert await check_recipients(replace(CONTEXT, recipient_policy="any"), ["eve@example.com"]) is None


async def test_an_owner_who_was_deleted_may_write_to_nobody(database: Database) -> None:
    assert await check_recipients(CONTEXT, ["alice@example.com"]) is not None


def test_a_recipient_is_checked_and_kept_as_it_was_written() -> None:
    recipient = TypeAdapter(Recipient)
    assert recipient.validate_python("Bob@BÜCHER.de") == "Bob@BÜCHER.de"
    with pytest.raises(ValidationError, match="is not an email address"):
        recipient.validate_python("nobody")
