"""Mails of one user's jobs: only with a confirmed address, and within the limits of the recipient's mailbox."""

import pytest

from tests.outbound.smtp import Inbox, mail_server, smtp_settings
from tocsin import clock
from tocsin.documents import Database, User
from tocsin.outbound.mail_errors import MailRefused, MailSuppressed, MailUnavailable
from tocsin.outbound.mail_limits import RecipientLimits
from tocsin.outbound.mail_message import MailMessage
from tocsin.outbound.mail_transport import make_mail_transport
from tocsin.outbound.owner_mail import UNCONFIRMED_HINT, OwnerMailTransport

MAIL = MailMessage("bob@example.org", "S", "text\n", "id")


async def add_user(*, confirmed: bool) -> None:
    user = User(id="alice", email="a@b.test", password="", is_admin=False, is_active=True, created_at=clock.now())
    user.email_confirmed = confirmed
    await user.insert()


def transport(database: Database, port: int, *, most: int = 100, confirms: bool = False) -> OwnerMailTransport:
    inner, limits = make_mail_transport(smtp_settings(port)), RecipientLimits(max_mails=most)
    return OwnerMailTransport(inner, database, limits, "alice", confirms=confirms)


async def test_a_user_with_a_confirmed_address_sends_mail(database: Database) -> None:
    await add_user(confirmed=True)
    inbox = Inbox()
    async with mail_server(inbox) as port:
        await transport(database, port, confirms=True).send(MAIL)
    assert inbox.recipients == ["bob@example.org"]


@pytest.mark.parametrize("exists", [True, False])
async def test_a_user_without_a_confirmed_address_sends_none(database: Database, exists: bool) -> None:
    if exists:
        await add_user(confirmed=False)
    inbox = Inbox()
    async with mail_server(inbox) as port:
        with pytest.raises(MailSuppressed, match="is not confirmed") as caught:
            await transport(database, port, confirms=True).send(MAIL)
        await transport(database, port).send(MAIL)  # this installation does not ask
    assert caught.value.hint == UNCONFIRMED_HINT
    assert len(inbox.mails) == 1


async def test_a_mailbox_gets_three_quarters_of_a_days_mails_from_jobs(database: Database) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        alices = transport(database, port, most=4)
        for to in ("bob@example.org", "b.o.b+x@example.org", "BOB@example.org"):
            await alices.send(MailMessage(to, "S", "text\n", to))
        with pytest.raises(MailSuppressed, match=r"bob@example\.org has received 3 mails in 24 hours") as caught:
            await alices.send(MAIL)
        await alices.send(MailMessage("eve@example.org", "S", "text\n", "id"))
    assert "TOCSIN_MAILS_PER_RECIPIENT" in caught.value.hint
    assert len(inbox.mails) == 4


@pytest.mark.parametrize(("reply", "error"), [("451 later", MailUnavailable), ("550 never", MailRefused)])
async def test_a_mail_that_was_not_accepted_does_not_count(
    database: Database, reply: str, error: type[Exception]
) -> None:
    inbox = Inbox(rcpt=[reply] * 5)
    async with mail_server(inbox) as port:
        alices = transport(database, port, most=1)
        for _ in range(5):
            with pytest.raises(error):
                await alices.send(MAIL)
        await alices.send(MAIL)
    assert len(inbox.mails) == 1
