"""A mail, and its composition for SMTP. Pure: nothing is sent."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr

from tocsin.config import PREFIX
from tocsin.errors import SettingsError
from tocsin.outbound.email_addresses import to_ascii_domain
from tocsin.outbound.mail_errors import MailRefused
from tocsin.outbound.mail_text import (
    PreformattedHeader,
    encode_words,
    format_attachment_header,
    format_text_header,
    has_encoded_word,
    to_single_line,
)

_MAX_QUOTED = 300
_NO_FILES = frozenset({"message", "multipart"})
"""Main content types that contain messages rather than the bytes of a file."""
_UNSUBSCRIBE_URL = re.compile(r"https://[\x21-\x3b\x3d\x3f-\x7e]{1,900}")
"""An address without what would end it in its header, which is one line of at most 998 bytes: it cannot be folded."""
_PLAIN = re.compile(r"[\t\r\n\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file attached to a mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MailMessage:
    """A mail to the address `to`, in plain text and, if it has `html`, in HTML too.

    `message_id` is any text that identifies this mail, such as its delivery's id. The Message-ID header is derived from
    it, and so stays the same over retries. `thread` is any text that the mails of one thread share. `unsubscribe` is
    the URL at which the recipient unsubscribes with one click (RFC 8058).
    """

    to: str
    subject: str
    text: str = field(repr=False)
    message_id: str
    attachments: Sequence[Attachment] = ()
    html: str | None = field(default=None, repr=False)
    thread: str | None = None
    unsubscribe: str | None = field(default=None, repr=False)

    @property
    def digest(self) -> str:
        """The digest of the message id."""
        return _digest(self.message_id)


def compose_message_bytes(sender: Address, message: MailMessage, at: datetime) -> bytes:
    """Compose a mail and serialize it, in seven bits unless an address is not ASCII. See `compose_message`."""
    is_ascii = (sender.addr_spec + parse_recipient(message.to).addr_spec).isascii()
    policy = SMTP if is_ascii else SMTPUTF8
    return compose_message(sender, message, at).as_bytes(policy=policy.clone(cte_type="7bit"))


def compose_message(sender: Address, message: MailMessage, at: datetime) -> EmailMessage:
    """Compose a mail in UTF-8. Line breaks and control characters in the subject become spaces.

    Raises MailRefused if the recipient is not a mail address, ValueError if `unsubscribe` is not an https URL.
    """
    email = EmailMessage()
    email["From"] = _from(sender)
    email["To"] = parse_recipient(message.to)
    email["Subject"] = format_text_header("Subject", message.subject)
    email["Date"] = format_datetime(at)
    email["Message-ID"] = _message_id(message.digest, sender)
    email["Auto-Submitted"] = "auto-generated"
    _add_thread(email, message, sender)
    _add_unsubscription(email, message)
    text = _encodable(message.text)
    # Quoted-printable passes every server; plain ASCII stays readable without it.
    email.set_content(text, cte=None if _PLAIN.fullmatch(text) else "quoted-printable")
    if message.html is not None:
        email.add_alternative(_encodable(message.html), subtype="html", cte="quoted-printable")
    for file in message.attachments:
        _attach(email, file)
    return email


def parse_sender(email_from: str) -> Address:
    wrong = f"{PREFIX}EMAIL_FROM is wrong: {email_from!r} is not of the form `Tocsin <tocsin@example.org>`."
    name, address = parseaddr(email_from)
    if not email_from.isprintable() or not address:
        raise SettingsError(wrong)
    try:
        return Address(display_name=name, addr_spec=parse_recipient(address).addr_spec)
    except MailRefused:
        raise SettingsError(wrong) from None


def parse_recipient(to: str) -> Address:
    """Parse exactly one bare address, without a name or anything that could end the header or the SMTP command."""
    try:
        # The standard library accepts ASCII addresses only; other letters (RFC 6531) cannot end the header.
        checked = Address(addr_spec="".join(letter if letter.isascii() else "x" for letter in to))
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefused(f"{to_single_line(to)[:_MAX_QUOTED]!r} is not a mail address") from error
    user, _, domain = to.rpartition("@")
    if not checked.domain or not to.isprintable() or not user or '"' in user:
        raise MailRefused(f"{to_single_line(to)[:_MAX_QUOTED]!r} is not a mail address")
    # A server without RFC 6531 accepts an internationalized domain in its ASCII form.
    return Address(username=user, domain=to_ascii_domain(domain) if user.isascii() and not domain.isascii() else domain)


def get_host_name(sender: Address) -> str:
    """Return the name for EHLO and Message-ID: the sender's domain, which needs no look-up of this machine's name."""
    return sender.domain if sender.domain.isascii() else "localhost"


def _add_thread(email: EmailMessage, message: MailMessage, sender: Address) -> None:
    """Refer to the first message of the thread, which need not exist: mail programs group those that name the same."""
    if message.thread is None:
        return
    first = _message_id(_digest(f"thread {message.thread}"), sender)
    for name in ("In-Reply-To", "References"):
        email[name] = PreformattedHeader(name, first, first)


def _add_unsubscription(email: EmailMessage, message: MailMessage) -> None:
    if message.unsubscribe is None:
        return
    if not _UNSUBSCRIBE_URL.fullmatch(message.unsubscribe):
        raise ValueError("The unsubscribe URL must be https, of 1 to 900 visible ASCII characters without < and >.")
    address = f"<{message.unsubscribe}>"
    email["List-Unsubscribe"] = PreformattedHeader("List-Unsubscribe", address, address)
    email["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _message_id(digest: str, sender: Address) -> str:
    return f"<{digest[:32]}@{get_host_name(sender)}>"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _encodable(text: str) -> str:
    """Replace what UTF-8 cannot encode: half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def _attach(message: EmailMessage, file: Attachment) -> None:
    kind, _, subtype = file.content_type.partition(";")[0].partition("/")
    if kind in _NO_FILES:
        kind, subtype = "application", "octet-stream"
    name = to_single_line(file.name)
    message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=name)
    if has_encoded_word(name):
        part = list(message.iter_attachments())[-1]
        part.replace_header("Content-Disposition", format_attachment_header(name))


def _from(sender: Address) -> Address | PreformattedHeader:
    if not has_encoded_word(sender.display_name):
        return sender
    written = f"{encode_words('From', sender.display_name)}\n <{sender.addr_spec}>"
    return PreformattedHeader("From", str(sender), written)
