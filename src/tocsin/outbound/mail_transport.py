"""Mail transports: an SMTP server if one is configured, else `.eml` files in the data directory."""

import asyncio
import hashlib
import os
import re
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, Literal, Protocol

import aiosmtplib

from tocsin import clock
from tocsin.config import PREFIX, Settings
from tocsin.errors import SettingsError, TocsinError
from tocsin.outbound.email_addresses import to_ascii_domain
from tocsin.outbound.mail_text import (
    PreformattedHeader,
    encode_words,
    format_attachment_header,
    format_text_header,
    has_encoded_word,
    to_single_line,
)

_OPERATORS_FAULT = frozenset({530, 534, 535, 538})
"""Reply codes that demand authentication or a stronger one (RFC 4954): neither mail nor recipient is at fault."""
_QUIT_SECONDS = 5.0
_LONGEST_REPLY = 300
_NO_FILES = frozenset({"message", "multipart"})
"""Main content types that contain messages rather than the bytes of a file."""
_PLAIN = re.compile(r"[\t\r\n\x20-\x7e]*")


class MailRefused(TocsinError):
    """A permanent refusal of this mail for this recipient. A retry is useless."""


class MailUnavailable(TocsinError):
    """A temporary failure to send: the mail server is unreachable, busy or misconfigured. A retry may succeed."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file attached to a mail."""

    name: str
    content_type: str
    content: bytes


class ComposeExecutor(Protocol):
    """A callable that runs a function which composes the bytes of a mail, here or elsewhere."""

    async def __call__(self, function: Callable[..., bytes], *args: Any) -> bytes:
        """Call the function and return its result."""
        ...


async def compose_inline(function: Callable[..., bytes], *args: Any) -> bytes:
    """Call the function in place."""
    return function(*args)


class MailTransport(Protocol):
    """A transport for mails."""

    async def send(
        self,
        to: str,
        subject: str,
        text: str,
        message_id: str,
        attachments: Sequence[Attachment] = (),
        caller: ComposeExecutor = compose_inline,
    ) -> None:
        """Send a plain-text mail to the address `to`.

        `message_id` is any text that identifies this mail, such as its delivery's id. The Message-ID header is derived
        from it, and so stays the same over retries. `caller` runs the function that composes the mail's bytes, in
        another process if they are many. Raises MailRefused or MailUnavailable.
        """


@dataclass(frozen=True)
class SmtpSettings:
    """The settings of the mail server. `timeout` is in seconds, for the connection and for each reply."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: Literal["starttls", "tls", "none"]
    timeout: float

    @classmethod
    def from_settings(cls, settings: Settings) -> "SmtpSettings":
        """Read the SMTP part of the settings. Raises SettingsError if it is inconsistent."""
        if not settings.smtp_host:
            raise SettingsError(f"{PREFIX}SMTP_HOST is missing.")
        if settings.smtp_user and settings.smtp_pass is None:
            raise SettingsError(f"{PREFIX}SMTP_PASS is missing: {PREFIX}SMTP_USER is set.")
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            user=settings.smtp_user,
            password=settings.smtp_pass.get_secret_value() if settings.smtp_pass else None,
            tls=settings.smtp_tls,
            timeout=settings.smtp_timeout,
        )


def make_mail_transport(settings: Settings, tls: ssl.SSLContext | None = None) -> MailTransport:
    """Create the transport that the settings ask for; `tls` replaces the system's trust store. Raises SettingsError."""
    sender = _sender(settings.email_from)
    if settings.smtp_host:
        return SmtpTransport(SmtpSettings.from_settings(settings), sender, tls)
    return FileTransport(settings.data_dir / "mails", sender)


class SmtpTransport:
    """A transport to an SMTP server, with one connection for each mail.

    With TLS the server's certificate is verified, and a server that does not offer the demanded STARTTLS receives
    nothing. A wrong password, a refused sender or a bad certificate are for the operator to fix: they raise
    MailUnavailable, so that the mails go out afterwards.
    """

    def __init__(self, smtp: SmtpSettings, sender: Address, tls: ssl.SSLContext | None = None) -> None:
        self._smtp, self._sender, self._tls = smtp, sender, tls

    async def send(
        self,
        to: str,
        subject: str,
        text: str,
        message_id: str,
        attachments: Sequence[Attachment] = (),
        caller: ComposeExecutor = compose_inline,
    ) -> None:
        """Send the mail. See `MailDoor.send`."""
        recipient = _recipient(to).addr_spec
        content = await caller(
            compose_message_bytes, self._sender, to, subject, text, message_id, clock.now(), attachments
        )
        client = self._client()
        try:
            await self._connect(client)
            await self._hand_over(client, content, recipient)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        smtp = self._smtp
        return aiosmtplib.SMTP(
            hostname=smtp.host,
            port=smtp.port,
            username=smtp.user or None,
            password=smtp.password,
            timeout=smtp.timeout,
            use_tls=smtp.tls == "tls",
            start_tls=smtp.tls == "starttls",
            tls_context=self._tls,
            local_hostname=_host_name(self._sender),
        )

    async def _connect(self, client: aiosmtplib.SMTP) -> None:
        try:
            await client.connect()
        except aiosmtplib.SMTPAuthenticationError as error:
            raise MailUnavailable(f"{self._server} refused the log-in: {_reply(error)}") from error
        except aiosmtplib.SMTPResponseException as error:
            raise MailUnavailable(f"{self._server} rejected the connection: {_reply(error)}") from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise MailUnavailable(f"{self._server} cannot be used: {_one_line(str(error))}") from error

    async def _hand_over(self, client: aiosmtplib.SMTP, content: bytes, to: str) -> None:
        sender = self._sender.addr_spec
        options = [] if (sender + to).isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            await client.sendmail(sender, [to], content, mail_options=options)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise self._classify(error.recipients[0]) from error
        except aiosmtplib.SMTPSenderRefused as error:
            raise MailUnavailable(f"{self._server} refused the sender: {_reply(error)}") from error
        except aiosmtplib.SMTPResponseException as error:
            raise self._classify(error) from error
        except (aiosmtplib.SMTPNotSupported, ValueError) as error:
            raise MailRefused(f"{self._server} cannot send to this address: {_one_line(str(error))}") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailUnavailable(f"{self._server} did not accept the mail: {_one_line(str(error))}") from error
        # The mail was accepted: a server that fails at QUIT must not make it go out again.
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=min(_QUIT_SECONDS, self._smtp.timeout))

    def _classify(self, error: aiosmtplib.SMTPResponseException) -> TocsinError:
        if error.code >= 500 and error.code not in _OPERATORS_FAULT:
            return MailRefused(f"{self._server} permanently refused the mail: {_reply(error)}")
        return MailUnavailable(f"{self._server} did not accept the mail: {_reply(error)}")

    @property
    def _server(self) -> str:
        return f"the mail server {self._smtp.host}:{self._smtp.port}"


class FileTransport:
    """A transport that writes each mail to its own file, readable by this user only, for want of an SMTP server."""

    def __init__(self, directory: Path, sender: Address) -> None:
        self._directory, self._sender = directory, sender

    async def send(
        self,
        to: str,
        subject: str,
        text: str,
        message_id: str,
        attachments: Sequence[Attachment] = (),
        caller: ComposeExecutor = compose_inline,
    ) -> None:
        """Write the mail. A file appears whole or not at all. See `MailDoor.send`."""
        at = clock.now()
        content = await caller(compose_message_bytes, self._sender, to, subject, text, message_id, at, attachments)
        name = f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03}Z-{_digest(message_id)[:8]}.eml"
        try:
            await asyncio.to_thread(self._write, name, content)
        except OSError as error:
            raise MailUnavailable(f"the mail cannot be written to {self._directory}: {error.strerror}") from error

    def _write(self, name: str, content: bytes) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._directory / f".{name}.part"
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        part.replace(self._directory / name)


def compose_message_bytes(sender: Address, to: str, *more: Any) -> bytes:
    """Compose a mail and serialize it, in seven bits unless an address is not ASCII. See `compose`."""
    is_ascii = (sender.addr_spec + _recipient(to).addr_spec).isascii()
    policy = SMTP if is_ascii else SMTPUTF8
    return compose_message(sender, to, *more).as_bytes(policy=policy.clone(cte_type="7bit"))


def compose_message(
    sender: Address,
    to: str,
    subject: str,
    text: str,
    message_id: str,
    at: datetime,
    attachments: Sequence[Attachment] = (),
) -> EmailMessage:
    """Compose a mail in UTF-8. Line breaks and control characters in the subject become spaces.

    Raises MailRefused if `to` is not a mail address.
    """
    message = EmailMessage()
    message["From"] = _from(sender)
    message["To"] = _recipient(to)
    message["Subject"] = format_text_header("Subject", subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{_digest(message_id)[:32]}@{_host_name(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    text = text.encode("utf-8", "replace").decode()
    # Quoted-printable passes every server; plain ASCII stays readable without it.
    message.set_content(text, cte=None if _PLAIN.fullmatch(text) else "quoted-printable")
    for file in attachments:
        _attach(message, file)
    return message


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


def _recipient(to: str) -> Address:
    """Parse exactly one bare address, without a name or anything that could end the header or the SMTP command."""
    try:
        # The standard library accepts ASCII addresses only; other letters (RFC 6531) cannot end the header.
        checked = Address(addr_spec="".join(letter if letter.isascii() else "x" for letter in to))
    except (ValueError, IndexError, MessageError) as error:
        raise MailRefused(f"{_one_line(to)!r} is not a mail address") from error
    user, _, domain = to.rpartition("@")
    if not checked.domain or not to.isprintable() or not user or '"' in user:
        raise MailRefused(f"{_one_line(to)!r} is not a mail address")
    # A server without RFC 6531 accepts an internationalized domain in its ASCII form.
    return Address(username=user, domain=to_ascii_domain(domain) if user.isascii() and not domain.isascii() else domain)


def _sender(email_from: str) -> Address:
    wrong = f"{PREFIX}EMAIL_FROM is wrong: {email_from!r} is not of the form `Tocsin <tocsin@example.org>`."
    name, address = parseaddr(email_from)
    if not email_from.isprintable() or not address:
        raise SettingsError(wrong)
    try:
        return Address(display_name=name, addr_spec=_recipient(address).addr_spec)
    except MailRefused:
        raise SettingsError(wrong) from None


def _host_name(sender: Address) -> str:
    """Return the name for EHLO and Message-ID: the sender's domain, which needs no look-up of this machine's name."""
    return sender.domain if sender.domain.isascii() else "localhost"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _reply(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {_one_line(error.message)}"


def _one_line(text: str) -> str:
    return to_single_line(text)[:_LONGEST_REPLY]
