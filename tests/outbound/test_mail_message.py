"""Composition of mails: they are read back by a mail parser as they were written."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.outbound.mail_message import Attachment, MailMessage, compose_message
from tocsin.outbound.mail_text import clean_line

TEXT = "Hello,\n\nyour task has failed.\n"


def text_of(mail: EmailMessage) -> str:
    return str(mail.get_content()).replace("\r\n", "\n")


SENDER = Address("Tocsin", "tocsin", "example.org")


def sent(subject: str, text: str = TEXT, files: Sequence[Attachment] = (), sender: Address = SENDER) -> bytes:
    """Return the mail as sent, and check that no line exceeds what servers must accept (RFC 5321 4.5.3.1.6)."""
    message = MailMessage("alice@example.org", subject, text, "id", files)
    composed = compose_message(sender, message, datetime(2027, 1, 1, tzinfo=UTC))
    content = composed.as_bytes(policy=policy.SMTP)
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    return content


def received(content: bytes) -> EmailMessage:
    return message_from_bytes(content, EmailMessage, policy=policy.default)


def decoded_subject(content: bytes) -> str:
    """Return the subject as a mail program decodes it that knows only RFC 2047."""
    return str(make_header(decode_header(message_from_bytes(content)["Subject"])))


@given(st.text(max_size=300) | st.text(alphabet='=?uqbUTF-8_ hié"(),<>', max_size=300))
def test_any_subject_is_read_as_it_was_written(subject: str) -> None:
    content = sent(subject)
    assert received(content)["Subject"] == clean_line(subject).strip()
    assert decoded_subject(content) == clean_line(subject).strip()


@pytest.mark.parametrize("text", ["a\0b\n", "\x1b[31mred\x1b[0m\n", "bell\x07\n", "\x0c\x0b\n", "é\0\n", "del\x7f\n"])
def test_control_characters_in_a_text_are_encoded(text: str) -> None:
    content = sent("S", text)
    head, _, body = content.partition(b"\r\n\r\n")
    assert b"quoted-printable" in head
    assert all(byte in b"\r\n\t" or 32 <= byte < 127 for byte in body)
    assert text_of(received(content)) == text


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert text_of(received(sent("S", "a\ud83d\n"))) == "a?\n"


@pytest.mark.parametrize("kind", ["message/delivery-status", "message/rfc822", "message/partial", "multipart/mixed"])
def test_an_attachment_is_a_file_whatever_it_is_said_to_be(kind: str) -> None:
    part = next(received(sent("S", files=[Attachment("a", kind, b"From: x\r\n\r\ny")])).iter_attachments())
    assert (part.get_content_type(), part.get_content()) == ("application/octet-stream", b"From: x\r\n\r\ny")


@pytest.mark.parametrize(
    ("name", "arrives"),
    [
        ("=?utf-8?q?hi?=.txt", "=?utf-8?q?hi?=.txt"),
        ("Bericht für Ä.pdf", "Bericht für Ä.pdf"),
        ("ü" * 120, "ü" * 120),
        ("\u202egpj.exe", "gpj.exe"),
        ('\U0001f600;"x".txt', '\U0001f600;"x".txt'),
        ("a\x7fb.txt", "a b.txt"),
    ],
)
def test_the_name_of_an_attachment_arrives_as_itself(name: str, arrives: str) -> None:
    files = [Attachment(name, "text/plain", b"1"), Attachment("second.txt", "text/plain", b"2")]
    content = sent("S", files=files)
    assert [part.get_filename() for part in received(content).iter_attachments()] == [arrives, "second.txt"]
    assert [part.get_filename() for part in message_from_bytes(content).walk()][2:] == [arrives, "second.txt"]
