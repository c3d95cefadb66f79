"""The pages in Chromium, against a real server: they work, and load nothing from other servers."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.acceptance.server import Server, run_server
from tests.harness import wait_until
from tests.outbound.smtp import Inbox, mail_server
from tests.web.browser import drive, needs_browser

EMAIL = "alice@example.com"
pytestmark = needs_browser


def plain_text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def mailed_link(server: Server) -> str:
    """Return the link in the only mail of this server."""
    directory = server.directory / "data" / "mails"

    async def mail() -> Path | None:
        return next(iter(directory.glob("*.eml")), None)

    message = email.message_from_bytes((await wait_until(mail)).read_bytes(), policy=email.policy.default)
    found = re.search(r"https?://\S+", plain_text(message))
    assert found is not None
    return found[0]


async def test_queries_examples_and_subscriptions_in_the_playground(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        printed = await drive("playground.mjs", server)

    assert re.search(r"\d+ requests, none to another server\n$", printed)


@pytest.mark.long
async def test_a_session_is_renewed_and_subscriptions_go_on(tmp_path: Path) -> None:
    async with run_server(tmp_path, TOCSIN_ACCESS_TOKEN_MINUTES="1") as server:
        assert await drive("renewal.mjs", server, seconds=200) == "renewed twice\n"


@pytest.mark.long
async def test_a_forgotten_password_is_replaced_through_a_mailed_link(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up(EMAIL)
        await drive("account.mjs", server, "ask", EMAIL)
        link = await mailed_link(server)
        await drive("account.mjs", server, "choose", link, EMAIL)


async def test_an_invitation_becomes_an_account(tmp_path: Path) -> None:
    async with run_server(tmp_path, TOCSIN_SIGN_UP="closed") as server:
        printed = await server.run_command("users", "invite", EMAIL)
        found = re.search(r"http\S+#invitation=\S+", printed)
        assert found is not None
        await drive("account.mjs", server, "choose", found[0], EMAIL)


async def test_an_address_is_confirmed_through_a_mailed_link(tmp_path: Path) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        smtp = {"TOCSIN_SMTP_HOST": "127.0.0.1", "TOCSIN_SMTP_PORT": str(port), "TOCSIN_SMTP_TLS": "none"}
        async with run_server(tmp_path, **smtp) as server:
            await server.sign_up(EMAIL)
            await wait_until(lambda: _arrived(inbox))
            found = re.search(r"http\S+#confirmation=\S+", plain_text(inbox.mails[0]))
            assert found is not None
            await drive("account.mjs", server, "confirm", found[0], EMAIL, "correct horse battery")


async def _arrived(inbox: Inbox) -> bool:
    return bool(inbox.mails)
