"""Composition of mails: they are read back by a mail parser as they were written."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import SettingsError
from tocsin.outbound.mail_errors import MailRefused
from tocsin.outbound.mail_message import (
    Attachment,
    MailMessage,
    compose_message,
    compose_message_bytes,
    get_host_name,
    parse_recipient,
    parse_sender,
)
from tocsin.outbound.mail_text import clean_line

TEXT = "Hello,\n\nyour task has failed.\n"


def text_of(mail: MIMEPart) -> str:
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


AT = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("Tocsin <tocsin@example.org>", "Tocsin", "tocsin@example.org"),
        ('"Tocsin, GmbH" <t@example.org>', "Tocsin, GmbH", "t@example.org"),
        ("t@bücher.de", "", "t@xn--bcher-kva.de"),
    ],
)
def test_the_sender_is_a_name_and_an_address(written: str, name: str, address: str) -> None:
    sender = parse_sender(written)
    assert (sender.display_name, sender.addr_spec) == (name, address)


@pytest.mark.parametrize("written", ["", "Tocsin", "Tocsin <>", "a@b.org\r\nBcc: e@b.org", "Tocsin <a@b@c.org>"])
def test_a_wrong_sender_names_its_setting(written: str) -> None:
    with pytest.raises(SettingsError, match="TOCSIN_EMAIL_FROM is wrong"):
        parse_sender(written)


@given(st.text(max_size=20) | st.text(alphabet='ab@.<>"() \r\n,;:\u00e9', max_size=20))
def test_whatever_is_taken_for_an_address_cannot_end_its_header(to: str) -> None:
    try:
        recipient = parse_recipient(to)
    except MailRefused:
        return
    assert recipient.addr_spec.isprintable()
    assert to.count("@") == 1
    assert not set('<>",; ') & set(recipient.addr_spec)


@pytest.mark.parametrize("to", ['"ab"@b.org', '"a b"@b.org', "a@b.org\u2028", "a@b@c.org", "@b.org", "a@", "ü b@b.org"])
def test_an_address_is_bare_and_only_one(to: str) -> None:
    with pytest.raises(MailRefused, match="is not a mail address"):
        parse_recipient(to)


def test_a_long_wrong_address_is_quoted_in_part() -> None:
    with pytest.raises(MailRefused) as caught:
        parse_recipient("x" * 10_000)
    assert len(str(caught.value)) < 400


def test_a_mail_is_sent_in_seven_bits_unless_an_address_is_not_ascii() -> None:
    sender = Address("Grüße", "tocsin", "example.org")
    plain = compose_message_bytes(sender, MailMessage("a@example.org", "Grüße", "é" * 200, "id"), AT)
    assert plain.isascii()
    assert text_of(received(plain)) == "é" * 200 + "\n"
    beyond = compose_message_bytes(SENDER, MailMessage("jürgen@example.org", "S", "text\n", "id"), AT)
    assert "To: jürgen@example.org".encode() in beyond


def test_the_message_id_is_of_the_mail_and_of_the_senders_domain() -> None:
    one, same, other = (
        received(compose_message_bytes(SENDER, MailMessage("a@b.org", subject, TEXT, key), AT))["Message-ID"]
        for subject, key in (("S", "1"), ("T", "1"), ("S", "2"))
    )
    assert one == same != other
    assert one.endswith("@example.org>")
    assert get_host_name(Address("", "a", "b\u00fccher.de")) == "localhost"


HTML = '<!DOCTYPE html>\n<html lang="en"><body><p>Sch\u00f6ne Gr\u00fc\u00dfe, ' + "x" * 2_000 + "</p></body></html>\n"


def composed(text: str = TEXT, sender: Address = SENDER, **others: Any) -> bytes:
    return compose_message_bytes(sender, MailMessage("a@b.org", "S", text, "id", **others), AT)


def test_a_mail_with_html_has_both_parts_the_better_one_last() -> None:
    content = composed(html=HTML)
    parts = list(received(content).iter_parts())
    assert received(content).get_content_type() == "multipart/alternative"
    assert [(part.get_content_type(), text_of(part)) for part in parts] == [("text/plain", TEXT), ("text/html", HTML)]
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 78


def test_a_mail_with_html_can_have_attachments() -> None:
    mail = received(composed(html=HTML, attachments=[Attachment("a.txt", "text/plain", b"1")]))
    types = [part.get_content_type() for part in mail.walk()]
    assert types == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/plain"]
    assert [part.get_content() for part in mail.iter_attachments()] == ["1"]


def test_half_a_surrogate_pair_in_html_is_replaced() -> None:
    body = received(composed(html="<p>a\ud83d</p>\n")).get_body(("html",))
    assert body is not None
    assert text_of(body) == "<p>a?</p>\n"


@given(st.text(max_size=50), st.text(max_size=50))
def test_mails_of_one_thread_refer_to_the_same_message(one: str, other: str) -> None:
    first, second, apart = (received(composed(thread=thread)) for thread in (one, one, f"{other}/{one}."))
    for name in ("References", "In-Reply-To"):
        assert first[name] == second[name] != apart[name]
        assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", first[name])
        assert first[name] != first["Message-ID"]


def test_a_reference_at_a_long_domain_stays_whole() -> None:
    domain = ".".join(["a" * 60] * 4)
    mail = received(composed(thread="t", sender=Address("", "t", domain)))
    assert str(mail["References"]).endswith(f"@{domain}>")


def test_a_mail_of_no_thread_and_no_list_has_no_such_headers() -> None:
    assert not set(received(composed()).keys()) & {"References", "In-Reply-To", "List-Unsubscribe"}


def test_a_recipient_can_unsubscribe_with_one_click() -> None:
    url = "https://tocsin.test/unsubscribe?token=" + "x" * 500
    content = composed(unsubscribe=url)
    assert (
        b"\r\nList-Unsubscribe: <" + url.encode() + b">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    ) in content
    assert received(content)["List-Unsubscribe"] == f"<{url}>"


@pytest.mark.parametrize(
    "url",
    ["http://tocsin.test/u", "mailto:a@b.org", "https://a.b/<u>", "https://a.b/ u", "https://a.b/\r\nBcc: e@b.org",
     "https://\u00fc.de/u", "https://a.b/" + "u" * 900, "https://a.b/u\n"],
)  # fmt: skip
def test_what_is_no_address_to_unsubscribe_at_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="unsubscribe URL must be https"):
        composed(unsubscribe=url)


def test_the_secrets_of_a_mail_are_not_in_its_representation() -> None:
    message = MailMessage("a@b.org", "S", "s3cret", "id", html="s3cret", unsubscribe="https://a.b/s3cret")
    assert "s3cret" not in repr(message)
