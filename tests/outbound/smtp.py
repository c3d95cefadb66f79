"""A real SMTP server for tests, in the test's own event loop."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tocsin.config import Settings

USER, PASSWORD = "tocsin", "correct horse"


class Inbox:
    """The mails that the server accepted, and its replies: those in `rcpt` in order, then 250 OK.

    With a `gate`, a mail that has reached the server is answered when the gate is opened.
    """

    def __init__(self, rcpt: list[str] | None = None, data: str = "250 OK", gate: asyncio.Event | None = None) -> None:
        self.gate = gate
        self.reached = asyncio.Event()
        self.rcpt = rcpt or []
        self.data = data
        self.mails: list[EmailMessage] = []
        self.contents: list[bytes] = []
        self.recipients: list[str] = []
        self.over_tls: list[bool] = []

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.rcpt.pop(0) if self.rcpt else "250 OK"
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.reached.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.data.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.contents.append(content)
            self.mails.append(message_from_bytes(content, EmailMessage, policy=policy.default))
            self.recipients.extend(envelope.rcpt_tos)
            self.over_tls.append(session.ssl is not None)
        return self.data


def check_password(server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """aiosmtpd's authenticator for USER and PASSWORD."""
    good = isinstance(data, LoginPassword) and data == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@asynccontextmanager
async def mail_server(
    inbox: Inbox, port: int = 0, implicit_tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """Run an SMTP server on loopback during the block, and yield its port. `options` are aiosmtpd's."""
    loop = asyncio.get_running_loop()
    protocols: list[SMTP] = []

    def protocol() -> SMTP:
        protocols.append(SMTP(inbox, hostname="test.invalid", loop=loop, **options))
        return protocols[-1]

    server = await loop.create_server(protocol, "127.0.0.1", port, ssl=implicit_tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in protocols:
            if each.transport is not None:
                each.transport.close()
        await server.wait_closed()


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Run a server that accepts connections and never replies, and yield its port."""
    release = asyncio.Event()

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        release.set()
        server.close()
        await server.wait_closed()


def smtp_settings(port: int, **others: Any) -> Settings:
    """Return settings for a server on this port of loopback, without TLS unless `others` say so."""
    given = {"smtp_tls": "none", "smtp_timeout": 5, "email_from": "Tocsin <tocsin@example.org>", **others}
    return Settings(_env_file=None, smtp_host="127.0.0.1", smtp_port=port, **given)
