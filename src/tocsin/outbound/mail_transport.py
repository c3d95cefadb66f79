"""Mail transports: an SMTP server if one is configured, else `.eml` files in the data directory."""

import asyncio
import os
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from pathlib import Path
from typing import Any, Literal, Protocol

import aiosmtplib

from tocsin import clock
from tocsin.config import PREFIX, Settings
from tocsin.errors import SettingsError, TocsinError
from tocsin.outbound.mail_errors import MailRefused, MailUnavailable, RecipientRefused
from tocsin.outbound.mail_message import (
    MailMessage,
    compose_message_bytes,
    get_host_name,
    parse_recipient,
    parse_sender,
)
from tocsin.outbound.mail_text import to_single_line

_OPERATORS_FAULT = frozenset({530, 534, 535, 538})
"""Reply codes that demand authentication or a stronger one (RFC 4954): neither mail nor recipient is at fault."""
_QUIT_SECONDS = 5.0
_MAX_REPLY = 300


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

    async def send(self, message: MailMessage, executor: ComposeExecutor = compose_inline) -> None:
        """Send the mail. Raises MailRefused or MailUnavailable.

        `executor` runs the function that composes the mail's bytes, in another process if they are many.
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
    sender = parse_sender(settings.email_from)
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

    async def send(self, message: MailMessage, executor: ComposeExecutor = compose_inline) -> None:
        """Send the mail. See `MailTransport.send`."""
        recipient = parse_recipient(message.to).addr_spec
        content = await executor(compose_message_bytes, self._sender, message, clock.now())
        client = self._client()
        try:
            await self._connect(client)
            await self._transfer(client, content, recipient)
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
            local_hostname=get_host_name(self._sender),
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

    async def _transfer(self, client: aiosmtplib.SMTP, content: bytes, to: str) -> None:
        sender = self._sender.addr_spec
        options = [] if (sender + to).isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            await client.sendmail(sender, [to], content, mail_options=options)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise self._classify(error.recipients[0], RecipientRefused) from error
        except aiosmtplib.SMTPSenderRefused as error:
            raise MailUnavailable(f"{self._server} refused the sender: {_reply(error)}") from error
        except aiosmtplib.SMTPResponseException as error:
            raise self._classify(error) from error
        except (aiosmtplib.SMTPNotSupported, ValueError) as error:
            raise RecipientRefused(f"{self._server} cannot send to this address: {_one_line(str(error))}") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailUnavailable(f"{self._server} did not accept the mail: {_one_line(str(error))}") from error
        # The mail was accepted: a server that fails at QUIT must not make it go out again.
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=min(_QUIT_SECONDS, self._smtp.timeout))

    def _classify(
        self, error: aiosmtplib.SMTPResponseException, refused: type[MailRefused] = MailRefused
    ) -> TocsinError:
        if error.code >= 500 and error.code not in _OPERATORS_FAULT:
            return refused(f"{self._server} permanently refused the mail: {_reply(error)}")
        return MailUnavailable(f"{self._server} did not accept the mail: {_reply(error)}")

    @property
    def _server(self) -> str:
        return f"the mail server {self._smtp.host}:{self._smtp.port}"


class FileTransport:
    """A transport that writes each mail to its own file, readable by this user only, for want of an SMTP server."""

    def __init__(self, directory: Path, sender: Address) -> None:
        self._directory, self._sender = directory, sender

    async def send(self, message: MailMessage, executor: ComposeExecutor = compose_inline) -> None:
        """Write the mail. A file appears whole or not at all. See `MailTransport.send`."""
        at = clock.now()
        content = await executor(compose_message_bytes, self._sender, message, at)
        name = f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03}Z-{message.digest[:8]}.eml"
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


def _reply(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {_one_line(error.message)}"


def _one_line(text: str) -> str:
    return to_single_line(text)[:_MAX_REPLY]
