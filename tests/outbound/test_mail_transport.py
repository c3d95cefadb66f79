"""Mails sent to a real SMTP server, or written to files."""

import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.outbound.smtp import PASSWORD, USER, Inbox, check_password, mail_server, silent_server, smtp_settings
from tocsin.config import Settings
from tocsin.errors import SettingsError
from tocsin.outbound.mail_errors import MailRefused, MailUnavailable
from tocsin.outbound.mail_message import MailMessage
from tocsin.outbound.mail_transport import MailTransport, make_mail_transport

# aiosmtpd warns on every connection about log-ins without TLS, which these tests need.
plain_login = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
LOGIN: dict[str, Any] = {"auth_required": True, "auth_require_tls": False, "authenticator": check_password}
TEXT = "Hello,\n\nyour task has failed.\n"


async def send(transport: MailTransport, to: str = "alice@example.org", subject: str = "A subject") -> None:
    await transport.send(MailMessage(to, subject, TEXT, "u1/t1:0:began"))


def read(file: Path) -> EmailMessage:
    return message_from_bytes(file.read_bytes(), EmailMessage, policy=policy.default)


def text_of(mail: EmailMessage) -> str:
    return str(mail.get_content()).replace("\r\n", "\n")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_delivers_a_plain_text_mail_with_all_its_headers() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        await make_mail_transport(smtp_settings(port)).send(
            MailMessage("alice@example.org", "Grüße", "Schöne Grüße\n", "u1/t1:0:began")
        )
    (mail,) = inbox.mails
    assert inbox.recipients == ["alice@example.org"]
    assert (mail["From"], mail["To"]) == ("Tocsin <tocsin@example.org>", "alice@example.org")
    assert (mail["Subject"], mail["Auto-Submitted"]) == ("Grüße", "auto-generated")
    assert mail["Date"].datetime.utcoffset() is not None
    assert mail.get_content_type() == "text/plain"
    assert text_of(mail) == "Schöne Grüße\n"


async def test_the_message_id_is_the_same_for_each_try_and_differs_between_mails() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        transport = make_mail_transport(smtp_settings(port))
        for cause in ("u1/t1:0:began", "u1/t1:0:began", "u1/t1:0:failed"):
            await transport.send(MailMessage("alice@example.org", "A subject", TEXT, cause))
    first, again, other = (mail["Message-ID"] for mail in inbox.mails)
    assert first == again != other
    assert first.endswith("@example.org>")


async def test_starttls(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    async with mail_server(inbox, tls_context=server_tls, require_starttls=True) as port:
        await send(make_mail_transport(smtp_settings(port, smtp_tls="starttls"), client_tls))
    assert inbox.over_tls == [True]


async def test_implicit_tls(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    async with mail_server(inbox, implicit_tls=server_tls) as port:
        await send(make_mail_transport(smtp_settings(port, smtp_tls="tls"), client_tls))
    assert len(inbox.mails) == 1


async def test_a_certificate_of_an_unknown_authority_gets_no_mail(server_tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    async with mail_server(inbox, tls_context=server_tls) as port:
        with pytest.raises(MailUnavailable, match=r"(?i)certificate"):
            await send(make_mail_transport(smtp_settings(port, smtp_tls="starttls")))
    assert inbox.mails == []


async def test_a_server_without_starttls_gets_no_mail_when_tls_was_asked_for() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        with pytest.raises(MailUnavailable, match=r"(?i)starttls"):
            await send(make_mail_transport(smtp_settings(port, smtp_tls="starttls")))
    assert inbox.mails == []


@plain_login
@pytest.mark.parametrize(("password", "taken"), [(PASSWORD, True), ("wrong", False)])
async def test_log_in(password: str, taken: bool) -> None:
    inbox = Inbox()
    async with mail_server(inbox, **LOGIN) as port:
        transport = make_mail_transport(smtp_settings(port, smtp_user=USER, smtp_pass=password))
        if taken:
            await send(transport)
        else:
            with pytest.raises(MailUnavailable, match="refused the log-in: 535"):
                await send(transport)
    assert len(inbox.mails) == taken


@plain_login
async def test_a_log_in_that_is_missing_is_the_operators_fault_and_tried_again() -> None:
    async with mail_server(Inbox(), **LOGIN) as port:
        with pytest.raises(MailUnavailable, match="530"):
            await send(make_mail_transport(smtp_settings(port)))


@pytest.mark.parametrize(
    ("inbox", "error", "words"),
    [
        (Inbox(rcpt=["550 5.1.1 No such user"]), MailRefused, "permanently refused the mail: 550 5.1.1 No such user"),
        (Inbox(rcpt=["451 4.7.1 Greylisted"]), MailUnavailable, "451 4.7.1 Greylisted"),
        (Inbox(data="554 5.6.0 Looks like spam"), MailRefused, "permanently refused the mail: 554"),
        (Inbox(data="452 4.3.1 Disk full"), MailUnavailable, "452"),
    ],
)
async def test_refusals(inbox: Inbox, error: type[Exception], words: str) -> None:
    async with mail_server(inbox) as port:
        with pytest.raises(error, match=words):
            await send(make_mail_transport(smtp_settings(port)))
    assert inbox.mails == []


async def test_a_server_that_hangs_is_given_up() -> None:
    async with silent_server() as port:
        with pytest.raises(MailUnavailable, match="cannot be used"):
            await send(make_mail_transport(smtp_settings(port, smtp_timeout=0.2)))


async def test_a_server_that_is_away() -> None:
    async with mail_server(Inbox()) as port:
        pass
    with pytest.raises(MailUnavailable, match=f"127.0.0.1:{port} cannot be used"):
        await send(make_mail_transport(smtp_settings(port)))


async def test_a_subject_cannot_add_headers() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        await send(make_mail_transport(smtp_settings(port)), subject="A\r\nBcc: eve@example.org\n\nB\u2028C\x00")
    (mail,) = inbox.mails
    assert mail["Subject"] == "A Bcc: eve@example.org B C"
    assert mail["Bcc"] is None
    assert inbox.recipients == ["alice@example.org"]


@pytest.mark.parametrize(
    "to",
    [
        *("a@b.org\r\nBcc: e@b.org", "a@b.org> SIZE=1", "a@b.org, e@b.org", "Eve <e@b.org>", "a b@b.org", "ü b@b.org"),
        *("alice", "", "@", "a@", "@b.org", "a@b@c.org", '"a> SIZE=1"@b.org', "a@[b c]"),
    ],
)
async def test_what_is_no_address_is_refused_before_anyone_is_called(to: str) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        with pytest.raises(MailRefused, match="is not a mail address"):
            await send(make_mail_transport(smtp_settings(port)), to=to)
    assert inbox.recipients == []


SUBJECTS = [
    "=?utf-8?q?hi?=",
    'Task "=?utf-8?b?aGk=?=" has failed',
    "two  spaces",
    "Grüße an alle, " * 15,
    "x" * 300,
    "many words " * 25,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 and \U0001f1e9\U0001f1ea",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "",
]


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_a_subject_arrives_as_itself(subject: str) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        await send(make_mail_transport(smtp_settings(port)), subject=subject)
    assert inbox.mails[0]["Subject"] == subject.strip()


@pytest.mark.parametrize("name", ["=?utf-8?q?hi?=", "Tocsin, GmbH", "Grüße"])
async def test_the_senders_name_arrives_as_itself(name: str) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        await send(make_mail_transport(smtp_settings(port, email_from=f'"{name}" <tocsin@example.org>')))
    (address,) = inbox.mails[0]["From"].addresses
    assert (address.display_name, address.addr_spec) == (name, "tocsin@example.org")


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        with pytest.raises(MailRefused, match="cannot send to this address"):
            await send(make_mail_transport(smtp_settings(port)), to="jürgen@example.org")
    async with mail_server(inbox, enable_SMTPUTF8=True) as port:
        await send(make_mail_transport(smtp_settings(port)), to="jürgen@example.org")
    assert inbox.recipients == ["jürgen@example.org"]


async def test_a_domain_beyond_ascii_needs_none() -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        await send(make_mail_transport(smtp_settings(port)), to="alice@bücher.de")
    assert inbox.recipients == [inbox.mails[0]["To"]] == ["alice@xn--bcher-kva.de"]


async def test_without_a_server_mails_become_files(tmp_path: Path) -> None:
    transport = make_mail_transport(Settings(_env_file=None, data_dir=tmp_path / "data"))
    await send(transport)
    await transport.send(MailMessage("jürgen@example.org", "Grüße", "Schöne Grüße\n", "u1/t2:0:began"))
    directory = tmp_path / "data" / "mails"
    first, second = sorted(directory.iterdir())
    assert directory.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (first, second)} == {0o600}
    assert first.suffix == second.suffix == ".eml"
    mail = read(first)
    assert (mail["To"], mail["Subject"], text_of(mail)) == ("alice@example.org", "A subject", TEXT)
    assert TEXT in first.read_text()
    other = read(second)
    assert (other["To"], other["Subject"], text_of(other)) == ("jürgen@example.org", "Grüße", "Schöne Grüße\n")


async def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "mails").write_text("a file in the way")
    with pytest.raises(MailUnavailable, match=r"cannot be written to .*mails: File exists"):
        await send(make_mail_transport(Settings(_env_file=None, data_dir=tmp_path)))


@pytest.mark.parametrize(
    ("wrong", "variable"),
    [
        ({"email_from": "nobody"}, "TOCSIN_EMAIL_FROM"),
        ({"email_from": "Tocsin <a@b.org>\nBcc: e@b.org"}, "TOCSIN_EMAIL_FROM"),
        ({"smtp_user": "someone"}, "TOCSIN_SMTP_PASS"),
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        make_mail_transport(smtp_settings(25, **wrong))
